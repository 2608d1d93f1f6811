"""From what is seen to what is said of an item: knocks, timings and estimates, without a clock or a thread."""

from __future__ import annotations

import itertools
import random

import pytest

from concurrent_strategies.advice.estimate import estimate
from concurrent_strategies.advice.knocks import IN_A_ROW, LATE, Knock, Knocks
from concurrent_strategies.advice.observer import Observation
from concurrent_strategies.advice.patience import ITEMS, LOOK, Patience, Seen
from concurrent_strategies.advice.samples import Samples, Timing

INTERVAL = 0.0005
MS = 0.001


def knocked(held: float, free: float, wait: float, knocks: int = 400) -> Knocks:
    """Knock at a thread that holds the GIL, then computes without it, then waits, for so many seconds each, forever."""
    seen, draw = Knocks(INTERVAL), random.Random(1)
    phases = [(seconds, what) for seconds, what in ((held, "held"), (free, "free"), (wait, "wait")) if seconds]
    cycle = sum(seconds for seconds, _ in phases)

    def at(moment: float) -> tuple[str, float]:
        """Return what the thread does at a moment, and for how long it goes on with it."""
        moment %= cycle
        for seconds, what in phases:
            if moment < seconds:
                return what, seconds - moment
            moment -= seconds
        return phases[0][1], phases[0][0]

    def computed(since: float, until: float) -> float:
        steps = 50
        width = (until - since) / steps
        return sum(width for step in range(steps) if at(since + (step + 0.5) * width)[0] != "wait")

    now = 0.0
    for _ in range(knocks):
        slept = draw.uniform(0.00015, 0.00045)
        what, goes_on = at(now + slept)
        late = min(goes_on if len(phases) > 1 else INTERVAL, INTERVAL) if what == "held" else 0.00002
        cpu = computed(now, now + slept + late)
        now += slept + late
        seen.add(Knock(slept, late, cpu, 0.0, asleep=what == "wait"))
    return seen


@pytest.mark.parametrize(
    ("held", "free", "wait", "share"),
    [
        (5 * MS, 0, 0, 1.0),
        (0, 5 * MS, 0, 0.0),
        (3 * MS, 3 * MS, 0, 0.5),
        (6 * MS, 2 * MS, 0, 0.75),
        (3.5 * MS, 0, 5 * MS, 1.0),
        (1 * MS, 4 * MS, 10 * MS, 0.2),
    ],
)
def test_knocks_tell_computing_under_the_gil_from_other_computing(
    held: float, free: float, wait: float, share: float
) -> None:
    """The share comes out right for pure and for mixed work, and waiting does not count."""
    found = knocked(held, free, wait).held
    assert found is not None
    assert abs(found - share) < 0.1


def test_code_that_keeps_the_gil_is_known_at_once() -> None:
    """A knock takes as long as a call of it: eight of them would take as long as the work."""
    knocks = Knocks(INTERVAL)
    knocks.add(Knock(0.0003, 0.005, 0.005, 0.0, asleep=False))
    assert knocks.held is None
    assert knocks.asleep is None
    knocks.add(Knock(0.0003, 0.02, 0.02, 0.0, asleep=False))
    assert knocks.held == pytest.approx(1.0, abs=0.05)
    assert knocks.asleep == 0.0


def test_bursts_that_nobody_met_are_not_called_free() -> None:
    """A request computes for a moment between two waits: what is found asleep before and after says nothing of it."""
    knocks = Knocks(INTERVAL)
    for _ in range(60):
        knocks.add(Knock(0.0012, 0.0, 0.0004, 0.0, asleep=True))
    assert knocks.held is None


def test_sleep_is_seen_where_the_gil_is_free() -> None:
    """A thread that waits half of its time is found asleep half of the time."""
    found = knocked(0, 5 * MS, 5 * MS).asleep
    assert found is not None
    assert abs(found - 0.5) < 0.1


def test_a_thread_that_sleeps_because_the_gil_is_taken_is_not_waiting() -> None:
    """Whoever wants the GIL while somebody knocks sleeps, too."""
    knocks = Knocks(INTERVAL)
    for _ in range(50):
        knocks.add(Knock(0.0003, INTERVAL, 0.0008, 0.0, asleep=True))
    assert knocks.asleep == 0
    assert knocks.in_a_row == 0


def test_a_row_of_sleepy_knocks_is_counted_and_broken() -> None:
    """One knock that finds it computing begins the row anew, and so does something else in between."""
    knocks = Knocks(INTERVAL)
    for _ in range(IN_A_ROW):
        knocks.add(Knock(0.0003, 0.0, 0.0, 0.0, asleep=True))
    assert knocks.in_a_row == IN_A_ROW
    knocks.add(Knock(0.0003, 0.0, 0.0003, 0.0, asleep=False))
    assert knocks.in_a_row == 0
    knocks.add(Knock(0.0003, 0.0, 0.0, 0.0, asleep=True))
    knocks.interrupted()
    assert knocks.in_a_row == 0


def test_a_delay_that_the_thread_has_no_part_in_tells_nothing() -> None:
    """The knocker itself was late, or another thread held the GIL: neither makes a waiting thread a computing one."""
    knocks = Knocks(INTERVAL)
    for _ in range(20):
        knocks.add(Knock(0.0003, 0.0, 0.0, 0.0, asleep=True))
        knocks.add(Knock(0.0003, 0.005, 0.00001, 0.0, asleep=True))
    assert knocks.count == 20
    assert knocks.asleep == 1.0


def test_knocks_that_met_preemption_tell_nothing() -> None:
    """If one of both was driven off its core, nobody knows what was when: a few of these must not outweigh the rest."""
    knocks = Knocks(INTERVAL)
    for _ in range(20):
        knocks.add(Knock(0.0003, 0.00002, 0.0003, 0.0, asleep=False))
        knocks.add(Knock(0.0003, 0.0012, 0.0015, 0.009, asleep=False))
        knocks.add(Knock(0.0003, 0.0012, 0.0015, 0.0, asleep=False, delayed=0.004))
    assert knocks.count == 20
    assert knocks.held == 0.0


def test_few_knocks_tell_nothing() -> None:
    """Better no answer than one from three looks."""
    knocks = knocked(5 * MS, 0, 0, knocks=3)
    assert knocks.held is None
    assert knocks.asleep is None


def seen(knocks: Knocks, timings: list[Timing], flight: Timing | None = None, **more: object) -> Observation:
    """Return what an observer would have noted."""
    return Observation(knocks, Samples(timings, flight), **more)  # type: ignore[arg-type]


def values(observation: Observation, *, gil: bool = True) -> tuple[float, float, float]:
    """Return g, f and w in milliseconds."""
    found = estimate(observation.samples, observation, gil=gil)
    gil, free, wait = (round(found[name].value / MS, 2) for name in ("gil_cpu", "free_cpu", "wait"))
    return gil, free, wait


def test_demands_are_those_of_the_items() -> None:
    """Computing under the GIL, without it, and waiting, each by itself."""
    timings = [Timing(1, 5 * MS, 5 * MS)] * 10
    assert values(seen(knocked(5 * MS, 0, 0), timings)) == (5, 0, 0)
    assert values(seen(knocked(0, 5 * MS, 0), timings)) == (0, 5, 0)
    waiting = [Timing(1, 20 * MS, 0.1 * MS)] * 10
    gil, free, wait = values(seen(knocked(0.1 * MS, 0, 19.9 * MS), waiting))
    assert (gil, free) == (pytest.approx(0.1, abs=0.02), 0)  # too short for knocking: Python, one has to assume
    assert wait == pytest.approx(19.9, abs=0.1)


def test_queueing_for_a_core_is_no_waiting() -> None:
    """An item that others drove off its core for half of the time computes half of the time, and that is all."""
    timings = [Timing(1, 10 * MS, 5 * MS, queued=5 * MS)] * 10
    assert values(seen(knocked(5 * MS, 0, 0), timings)) == (5, 0, 0)


def test_time_that_nobody_can_account_for_is_not_called_waiting() -> None:
    """A thread that was never seen asleep did not wait, wherever its time has gone."""
    timings = [Timing(1, 10 * MS, 5 * MS)] * 10
    assert values(seen(knocked(5 * MS, 0, 0), timings)) == (5, 0, 0)


def test_the_first_item_is_left_out_as_soon_as_there_is_another() -> None:
    """It carries imports, connections and page faults."""
    timings = [Timing(1, 50 * MS, 50 * MS), *[Timing(1, 2 * MS, 2 * MS)] * 5]
    assert values(seen(knocked(5 * MS, 0, 0), timings)) == (2, 0, 0)
    assert values(seen(knocked(5 * MS, 0, 0), timings[:1])) == (50, 0, 0)


def test_an_item_under_way_counts_twice_what_it_has_taken() -> None:
    """Met half-way, on average; and it is marked as a lower bound with an error as large as itself."""
    observation = seen(knocked(0, 0.01 * MS, 99.99 * MS), [], Timing(1, 500 * MS, 0))
    wait = estimate(observation.samples, observation)["wait"]
    assert wait.value == pytest.approx(1.0)
    assert wait.at_least
    assert wait.error >= 0.9 * wait.value


def test_an_unusually_long_item_under_way_counts() -> None:
    """Ten short items do not hide that the eleventh takes a hundred times as long already."""
    timings = [Timing(1, MS, MS)] * 11
    short = values(seen(knocked(5 * MS, 0, 0), timings, Timing(1, 2 * MS, 2 * MS)))
    long = values(seen(knocked(5 * MS, 0, 0), timings, Timing(1, 100 * MS, 100 * MS)))
    assert short == (1, 0, 0)
    assert long == (10, 0, 0)


def test_child_processes_compute_and_do_not_wait() -> None:
    """What a child has computed while the item waited for it uses a core, and no GIL."""
    timings = [Timing(1, 20 * MS, MS, children=15 * MS)] * 5
    gil, free, wait = values(seen(knocked(MS, 0, 19 * MS), timings))
    assert gil + free == pytest.approx(16, abs=0.1)
    assert gil <= 1
    assert wait == pytest.approx(4, abs=0.1)


def test_threads_of_the_items_own_are_found() -> None:
    """A library that computes on four cores shows in the CPU of the process."""
    timings = [Timing(1, 10 * MS, 10 * MS)] * 10
    observation = seen(knocked(0, 5 * MS, 0), timings, elapsed=0.1, others_cpu=0.3)
    assert estimate(observation.samples, observation)["inner_threads"].value == pytest.approx(4)
    crowded = seen(knocked(0, 5 * MS, 0), timings, elapsed=0.1, others_cpu=0.3, threads=3)
    assert "inner_threads" not in estimate(crowded.samples, crowded)


def test_without_a_gil_all_computing_is_pythons() -> None:
    """Nobody can knock there; the model lets threads compute in parallel by itself."""
    timings = [Timing(1, 5 * MS, 5 * MS)] * 10
    assert values(seen(knocked(0, 5 * MS, 0), timings), gil=False) == (5, 0, 0)


def test_a_busy_machine_makes_less_sure() -> None:
    """The same timings have a larger error beside other programs."""
    timings = [Timing(1, 5 * MS, 5 * MS)] * 10
    calm = seen(knocked(5 * MS, 0, 0), timings, load=0.0)
    busy = seen(knocked(5 * MS, 0, 0), timings, load=2.0)
    errors = [estimate(each.samples, each)["gil_cpu"].error for each in (calm, busy)]
    assert errors[1] > 1.3 * errors[0]


def test_more_items_make_more_sure() -> None:
    """The error of the mean falls with the number of items."""
    draw = random.Random(2)
    timings = [Timing(1, d, d) for d in (draw.uniform(3 * MS, 7 * MS) for _ in range(200))]
    few, many = seen(knocked(5 * MS, 0, 0), timings[:6]), seen(knocked(5 * MS, 0, 0), timings)
    errors = [estimate(each.samples, each)["gil_cpu"].error for each in (few, many)]
    assert errors[1] < errors[0]


def test_preemption_is_no_spread() -> None:
    """Items that compute the same are even, however long others kept them from it."""
    draw = random.Random(3)
    timings = [Timing(1, 5 * MS + q, 5 * MS, queued=q / 2) for q in (draw.uniform(0, 9 * MS) for _ in range(30))]
    observation = seen(knocked(5 * MS, 0, 0), timings)
    assert estimate(observation.samples, observation)["duration_cv"].value < 0.01


def test_no_items_no_estimates() -> None:
    """An empty input is no error, and tells nothing."""
    assert estimate(Samples(), seen(Knocks(INTERVAL), [])) == {}


def test_patience_ends_with_the_budget_or_with_certainty() -> None:
    """Even items need few, uneven ones more, and none gets more than the budget."""
    patience = Patience(0.5)
    assert patience.enough(Seen(0.5, 0, None))
    assert patience.enough(Seen(LOOK, ITEMS, 0.02))
    assert not patience.enough(Seen(LOOK, ITEMS, 0.5))
    assert patience.enough(Seen(LOOK, 400, 0.5))
    assert not patience.enough(Seen(LOOK / 2, 400, 0.0))
    assert not patience.enough(Seen(LOOK, 3, None))
    assert patience.enough(Seen(LOOK, 100_000, None))
    assert not patience.enough(Seen(LOOK, ITEMS, 0.02, divided=False))
    assert patience.enough(Seen(0.5, ITEMS, 0.02, divided=False))


def test_a_late_wake_up_has_a_bound() -> None:
    """What is later than a moment has waited for the GIL; timers alone are earlier than that."""
    for late, held in itertools.product((LATE / 2, 3 * LATE), (True, False)):
        knocks = Knocks(INTERVAL)
        for _ in range(20):
            knocks.add(Knock(0.0003, late, 0.0003 + late, 0.0, asleep=held and late > LATE))
        assert knocks.held == (1.0 if late > LATE else 0.0)
