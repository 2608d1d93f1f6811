"""The course of a run that chooses for itself: what it begins with, what it changes to, and when it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from concurrent_strategies import Machine, WorkloadProfile
from concurrent_strategies.advice.constants import DEFAULTS
from concurrent_strategies.advice.course import CHANGES, Course, Reading
from concurrent_strategies.advice.plan import Plan
from concurrent_strategies.advice.rules import choose

COMPUTING = WorkloadProfile(gil_cpu=0.01, coroutine=False, measured_items=20)
NATIVE = WorkloadProfile(gil_cpu=0.0, free_cpu=0.01, coroutine=False, measured_items=20)
WAITING = WorkloadProfile(gil_cpu=0.0002, wait=0.02, coroutine=False, measured_items=20)
AWAITING = WorkloadProfile(coroutine=True)


def course(cores: float = 4, most: int = 1000) -> Course:
    """Make one for an ordinary machine."""
    return Course(Machine(cores=cores), DEFAULTS, most)


class Simulation:
    """A run in which items end at a rate and cost so much CPU; no time passes."""

    def __init__(self, course: Course, items: int = 100_000) -> None:
        self.course = course
        self.items = items
        self.now = self.cpu = self.stalled = 0.0
        self.done = 0

    def reading(self, least: float = 0.0) -> Reading:
        """Return the counters."""
        return Reading(self.now, self.done, max(1, self.items - self.done), self.cpu, self.stalled, least=least)

    def within(self, seconds: float, **work: float) -> bool:
        """Go on for so many seconds, at most; return whether the course changed."""
        while self.course.due <= seconds:
            if self.until_looks(1, **work):
                return True
        return False

    def until_looks(self, looks: int, rate: float, cpu: float, stalled: float = 0.0, least: float = 0.0) -> bool:
        """Go on to the next looks, at so many items and so much CPU per second; return whether the course changed."""
        for _ in range(looks):
            seconds = self.course.due - self.now
            self.now = self.course.due
            self.done += round(rate * seconds)
            self.cpu += cpu * seconds
            self.stalled += stalled * seconds
            if self.course.look(self.reading(least)):
                return True
        return False


@pytest.mark.parametrize(
    ("profile", "family"),
    [(COMPUTING, "process"), (NATIVE, "thread"), (WAITING, "thread")],
)
def test_what_the_first_items_tell_decides(profile: WorkloadProfile, family: str) -> None:
    """As `advise` would, for the items that are left."""
    one = course()
    assert one.measured(profile, Reading(0.05, 20, 10_000, 0.05))
    assert one.plan.family == family


def test_a_run_that_nothing_can_hasten_stays_as_it_is() -> None:
    """A few short items, or one core."""
    for cores, left in ((4, 3), (1, 100_000)):
        one = course(cores)
        assert not one.measured(COMPUTING, Reading(0.05, 20, left, 0.05))
        assert one.plan == Plan("sync")


def test_it_thinks_again_later_and_later() -> None:
    """As long as one worker does it all, it may only have seen too little."""
    one = course()
    pauses = []
    now = 0.0
    for _ in range(4):
        one.measured(COMPUTING, Reading(now, 20, 1, now))
        pauses.append(one.due - now)
        now = one.due
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


def test_more_calls_at_once_than_allowed_are_never_chosen() -> None:
    """Neither by `max_workers` nor by what was declared."""
    for most, profile in ((5, WAITING), (1000, replace(WAITING, max_connections=5))):
        one = course(most=most)
        one.measured(profile, Reading(0.05, 20, 10_000, 0.05))
        assert one.plan.calls <= 5


def test_threads_that_share_one_core_give_way_to_processes() -> None:
    """Items that were short of computing at first turn out to hold the GIL."""
    one = course()
    one.measured(WAITING, Reading(0.01, 5, 100_000, 0.01))
    simulated = Simulation(one)
    assert simulated.within(0.19, rate=100, cpu=1.0)
    assert one.plan.family.startswith("process")


def test_threads_that_share_one_core_without_the_gil_stay() -> None:
    """On a machine where that is all there is."""
    one = Course(Machine(cores=4), DEFAULTS, 1000)
    one.measured(NATIVE, Reading(0.0, 0, 100_000, 0.0))
    assert one.plan.family == "thread"
    assert not Simulation(one).until_looks(6, rate=100, cpu=1.0)


def test_threads_that_wait_stay() -> None:
    """The process hardly computes: nothing could be faster."""
    one = course()
    one.measured(WAITING, Reading(0.01, 5, 100_000, 0.01))
    assert not Simulation(one).until_looks(8, rate=1000, cpu=0.3)


def test_a_loop_that_computes_gives_way_to_several() -> None:
    """One core is all that it has."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert Simulation(one).within(0.08, rate=200, cpu=0.98, stalled=0.98, least=0.03)
    assert one.plan.family.startswith("process")


def test_a_loop_that_is_blocked_gives_way_to_threads() -> None:
    """It stands still and computes nothing."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert Simulation(one).within(0.18, rate=100, cpu=0.02, stalled=0.98, least=0.01)
    assert one.plan.family.endswith("thread")


def test_a_loop_that_has_to_queue_for_its_core_is_no_less_busy() -> None:
    """Other programs have two thirds of it; what is left to it, it uses."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert one.look(Reading(0.2, 40, 99_960, 0.06, 0.2, 0.14, 0.03))
    assert one.plan.family.startswith("process")


def test_a_loop_that_waits_stays() -> None:
    """That is what it is for."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert not Simulation(one).until_looks(8, rate=5000, cpu=0.5, stalled=0.5, least=0.1)


def test_processes_that_are_slower_than_one_worker_are_left_for_good() -> None:
    """Items that cost more to send than to run."""
    one = course()
    one.measured(COMPUTING, Reading(0.05, 20, 100_000, 0.05))
    simulated = Simulation(one)
    one.arrived(simulated.reading())
    assert simulated.within(0.78, rate=20, cpu=0.9)
    assert one.plan.strategy != "process"
    one.measured(COMPUTING, simulated.reading())
    assert one.plan.strategy != "process", "what was found out is not forgotten"


def test_processes_are_not_judged_before_they_have_begun() -> None:
    """What it takes to start them is not their pace."""
    one = course()
    one.measured(COMPUTING, Reading(0.05, 20, 100_000, 0.05))
    one.arrived(Reading(5.0, 21, 99_979, 0.1))
    assert one.due > 5.0
    assert not one.look(Reading(one.due, 40, 99_960, 0.15))


def test_the_number_of_threads_follows_what_more_items_tell() -> None:
    """Seen from one item in flight, a wait may look short."""
    one = course(cores=1)
    one.measured(replace(WAITING, gil_cpu=0.004, wait=0.004), Reading(0.01, 0, 1000, 0.01))
    before = one.plan.workers
    assert one.revised(replace(WAITING, gil_cpu=0.004, wait=0.04), Reading(0.1, 10, 990, 0.02))
    assert one.plan.workers > before


def test_threads_in_a_crowd_are_not_multiplied() -> None:
    """Items that queue for the GIL seem to wait."""
    one = course(cores=1)
    one.measured(replace(WAITING, gil_cpu=0.004, wait=0.004), Reading(0.01, 0, 1000, 0.01))
    assert not one.revised(replace(WAITING, gil_cpu=0.004, wait=0.4), Reading(0.11, 10, 990, 0.11))


def test_threads_give_way_if_more_items_tell_of_more_computing() -> None:
    """While the processes that were not worth it for what one item told are worth it for the rest."""
    one = course()
    one.measured(WAITING, Reading(0.01, 1, 10_000, 0.01))
    assert one.plan.family == "thread"
    more = replace(WAITING, gil_cpu=0.01, wait=0.02)
    assert not one.revised(more, Reading(0.21, 10, 9_990, 0.05)), "there is no sign of it yet"
    assert one.revised(more, Reading(0.21, 10, 9_990, 0.15))
    assert one.plan.family == "process/thread"


def test_it_changes_course_a_few_times_at_most() -> None:
    """However odd the counters are."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, None, 0.0))
    simulated = Simulation(one, 1_000_000)
    changes = sum(
        simulated.until_looks(1, rate=rate, cpu=cpu, stalled=stalled, least=0.01)
        for rate, cpu, stalled in [(100, 0.02, 0.98), (100, 1.0, 1.0), (1, 0.1, 0.1), (300, 1.0, 1.0)] * 5
    )
    assert changes <= CHANGES


def test_it_does_not_change_for_little() -> None:
    """When hardly anything is left."""
    one = course()
    one.measured(WAITING, Reading(0.01, 5, 30, 0.01))
    simulated = Simulation(one, items=30)
    assert not simulated.within(0.09, rate=400, cpu=1.0)


def test_a_plan_that_cannot_be_had_is_not_tried_again() -> None:
    """It stays with what there is, and looks no more."""
    one = course()
    one.measured(COMPUTING, Reading(0.05, 20, 10_000, 0.05))
    one.settle(Plan("sync"))
    assert one.plan == Plan("sync")
    assert one.due == float("inf")


def test_a_loop_is_not_left_for_what_its_beginning_took() -> None:
    """While ever more calls begin few end: what these took is not what each of those that are left will take."""
    one = course(cores=2)
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 200, 0.0, calls=8))
    assert not one.look(Reading(0.15, 10, 190, 0.14, 0.14, calls=120))
    assert not one.look(Reading(0.35, 80, 120, 0.33, 0.33, calls=120))
    assert one.plan.family == "asyncio"


def test_a_loop_that_is_blocked_is_left_before_all_that_has_begun_has_ended() -> None:
    """To begin calls is computing; one that stands still does not do that."""
    one = course(cores=2)
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 150, 0.0, calls=64))
    assert one.look(Reading(0.02, 10, 140, 0.001, 0.0195, least=0.007, calls=128))
    assert one.plan.family.endswith("thread")


def test_a_loop_that_may_be_blocked_is_looked_at_again_soon_and_all_counts() -> None:
    """In 20 ms six may pass by chance; a minute's half is no chance any more."""
    one = course(cores=2)
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 150, 0.0, calls=16))
    assert not one.look(Reading(0.02, 10, 140, 0.001, 0.013, least=0.007, calls=16))
    assert one.due == pytest.approx(0.03)
    assert one.look(Reading(0.03, 15, 135, 0.001, 0.023, least=0.007, calls=16))
    assert one.plan.family.endswith("thread")


def test_a_loop_that_is_busy_half_of_the_time_for_long_is_looked_at_ever_more_seldom() -> None:
    """That is what it does, and no chance."""
    one = course(cores=2)
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert not one.look(Reading(0.08, 200, 99_800, 0.045, 0.045, least=0.01))
    assert one.due >= 0.08 + 0.02


def test_a_loop_that_is_blocked_and_has_to_queue_gives_way_to_threads() -> None:
    """It queued for half of the time, computed for a tenth, and stood still for the rest."""
    one = course()
    one.starts(Plan("asyncio", 1000), AWAITING, Reading(0.0, 0, 100_000, 0.0))
    assert one.look(Reading(0.2, 40, 99_960, 0.02, 0.2, 0.1, 0.01))
    assert one.plan.family.endswith("thread")


def test_threads_that_are_at_work_already_are_kept() -> None:
    """They have shown that they leave a core idle, which what one item told does not outweigh."""
    mixed = WorkloadProfile(gil_cpu=0.01, wait=0.04, coroutine=False, measured_items=2)

    def chosen(profile: WorkloadProfile, threads: int, left: int = 100, cores: float = 1) -> Plan:
        one = course(cores)
        one.measured(profile, Reading(0.0, 2, left, 0.0), threads)
        return one.plan

    few = chosen(mixed, 1).workers
    assert chosen(mixed, 4 * few) == Plan("thread", 4 * few)
    assert chosen(mixed, 64, left=20).workers == 20
    assert chosen(COMPUTING, 64, left=1000, cores=4).family == "process"
    for declared in ({"max_connections": 6}, {"memory_per_item": 1_000_000, "memory_budget": 6_000_000}):
        assert chosen(replace(mixed, **declared), 64).workers <= 6


def test_no_more_threads_than_are_worth_their_start() -> None:
    """Each of a hundred may take longer to start than it saves, as where each needs an event loop of its own."""
    waits = WorkloadProfile(gil_cpu=1e-5, wait=0.007, coroutine=False, n_items=136, measured_items=20)
    blocks = replace(waits, wait=0.0, coroutine=True, async_cpu=1e-5, async_wait=0.005, async_block=0.002)
    workers = []
    for profile in (waits, blocks):
        choice = choose(profile, Machine(cores=2), DEFAULTS)
        assert choice.chosen.plan.family == "thread"
        workers.append(choice.chosen.plan.workers)
        best = min(choice.model.cost(Plan("thread", k)).total for k in range(1, 137))
        assert choice.chosen.cost.total <= 1.1 * best
    assert workers[0] > 1.5 * workers[1]
