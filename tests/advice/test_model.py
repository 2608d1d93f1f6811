"""The formulas, against numbers worked out by hand with constants that make it easy."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from concurrent_strategies._machine import Machine
from concurrent_strategies.advice.constants import Constants, Start
from concurrent_strategies.advice.demands import demands
from concurrent_strategies.advice.model import Cost, Model
from concurrent_strategies.advice.plan import Plan
from concurrent_strategies.advice.profile import WorkloadProfile

EASY = Constants(
    thread_start=0.1,
    thread_item=0.01,
    thrash=1.1,
    loop_start=0.5,
    task_item=0.02,
    greenlet_item=0.03,
    chunk_trip=0.4,
    chunk_work=8,
    pickle_item=0.05,
    pickle_rate=100,
    efficiency=0.5,
    starts=MappingProxyType({"forkserver": Start(3, 0.2, 0.5, imports=True), "fork": Start(1, 0.1, 0, imports=False)}),
)


def model(machine: Machine | None = None, **declared: Any) -> Model:
    """Make the formulas for a profile of even items."""
    profile = WorkloadProfile.of({"n_items": 12, "duration_cv": 0, "import_seconds": 1} | declared)
    machine = machine or Machine(cores=2)
    return Model(profile, demands(profile, machine), machine, EASY)


def bounds(cost: Cost) -> dict[str, float]:
    """Return the seconds of each bound by its station."""
    return {bound.station: bound.seconds for bound in cost.bounds}


@pytest.mark.parametrize(
    ("cores", "workers", "speedup"), [(4, 1, 1), (4, 2, 1.5), (4, 9, 2.5), (1.5, 2, 1.25), (0.5, 2, 1), (1, 4, 1)]
)
def test_computing_speeds_up_with_the_cores(cores: float, workers: int, speedup: float) -> None:
    """Each further core adds its share of efficiency, and beyond the cores nothing is gained."""
    assert model(Machine(cores=cores), gil_cpu=1).speedup(workers) == speedup


def test_sync() -> None:
    """One after another."""
    assert model(gil_cpu=1, wait=2).cost(Plan("sync")).total == 36


def test_threads_share_the_gil_and_the_cores() -> None:
    """Starting, then the largest of the GIL, the cores and the waits."""
    cost = model(gil_cpu=1, free_cpu=2, wait=3).cost(Plan("thread", 5))
    assert cost.start == 0.5
    assert bounds(cost) == pytest.approx({"GIL": 12 * 1.01 * 1.1, "cores": 12 * 3.01 / 1.5, "waiting": 3 * 6})
    assert cost.total == pytest.approx(0.5 + 12 * 3.01 / 1.5)
    assert cost.bottleneck.station == "cores"


def test_one_thread_does_not_get_into_its_own_way() -> None:
    """The factor for contention needs two."""
    assert bounds(model(gil_cpu=1).cost(Plan("thread", 1)))["GIL"] == pytest.approx(12 * 1.01)


def test_threads_without_a_gil_compute_on_all_cores() -> None:
    """On a free-threaded interpreter g counts against the cores only."""
    free = Machine(cores=2, gil=False)
    assert bounds(model(free, gil_cpu=1).cost(Plan("thread", 2)))["GIL"] == pytest.approx(12 * 0.01 * 1.1)


def test_threads_patched_by_gevent_share_one_core() -> None:
    """Greenlets do not compute in parallel, also where the GIL is released."""
    patched = Machine(cores=2, gevent_patched=True)
    assert bounds(model(patched, free_cpu=1).cost(Plan("thread", 2)))["cores"] == pytest.approx(12 * 1.01)


def test_threads_of_the_items_themselves_take_cores() -> None:
    """An item that keeps two cores busy leaves none for a second one."""
    assert bounds(model(free_cpu=1, inner_threads=2).cost(Plan("thread", 2)))["cores"] == pytest.approx(12 * 2.01 / 1.5)


def test_asyncio_computes_on_one_core() -> None:
    """The loop's own time and the async version's blocking calls add up."""
    it = model(gil_cpu=1, wait=3, async_cpu=2, async_wait=5, async_block=1)
    cost = it.cost(Plan("asyncio", 4))
    assert cost.start == 0.5
    assert bounds(cost) == pytest.approx({"loop": 12 * 3.02, "waiting": 3 * 8})


def test_green_lives_in_a_child_unless_patched() -> None:
    """Outside a patched program there is a process to start, and a border to cross."""
    cost = model(gil_cpu=1, wait=3).cost(Plan("green", 4))
    assert cost.start == pytest.approx(3 + 0.2 + 0.5 + 1)
    assert bounds(cost) == pytest.approx({"loop": 12 * 1.08, "waiting": 3 * 4})
    in_place = model(Machine(cores=2, gevent_patched=True), gil_cpu=1, wait=3).cost(Plan("green", 4))
    assert (in_place.start, bounds(in_place)["loop"]) == pytest.approx((0, 12 * 1.03))


def test_processes_compute_on_all_cores_and_pay_for_it() -> None:
    """Starting, importing, chunks (eight items of a second each) and pickling."""
    cost = model(gil_cpu=1).cost(Plan("process", 2))
    crossing = 0.4 / 6 + 0.05
    assert cost.start == pytest.approx(3 + 2 * 0.2 + 0.5 + 1)
    assert bounds(cost) == pytest.approx({"pickling": 12 * crossing, "cores": 12 * (1 + crossing) / 1.5, "waiting": 6})


def test_more_processes_than_cores_start_in_turns() -> None:
    """Fresh interpreters compute while they start."""
    assert model(gil_cpu=1).cost(Plan("process", 4)).start == pytest.approx(3 + 4 * 0.2 + 2 * 1.5)


def test_a_fork_imports_nothing() -> None:
    """What is imported already comes along."""
    forking = Machine(cores=2, start_method="fork")
    assert model(forking, gil_cpu=1).cost(Plan("process", 2)).start == pytest.approx(1 + 2 * 0.1)


@pytest.mark.parametrize(
    ("declared", "seconds"),
    [({}, 0.05), ({"arg_bytes": 40, "result_bytes": 60}, 2), ({"pickle_seconds": 3}, 6), ({"arg_bytes": 1}, 0.05)],
)
def test_pickling_goes_by_size_or_by_time(declared: dict[str, Any], seconds: float) -> None:
    """Whichever says more, there and back, and never nothing."""
    assert model(gil_cpu=1, **declared).pickling == seconds


def test_threads_inside_processes_have_a_gil_each() -> None:
    """The GIL's bound is divided by the processes, and the waits by all threads."""
    cost = model(gil_cpu=1, wait=3).cost(Plan("process", 2, "thread", 3))
    assert cost.start == pytest.approx(3 + 2 * 0.2 + 0.5 + 1 + 3 * 0.1)
    found = bounds(cost)
    assert (found["GIL"], found["waiting"]) == pytest.approx((12 * 1.01 * 1.1 / 2, 2 * 4))


def test_loops_inside_processes_share_the_work() -> None:
    """The loop's bound is divided by the processes, with the async version's own times."""
    found = bounds(model(gil_cpu=1, wait=3, async_cpu=2).cost(Plan("process", 2, "asyncio", 3)))
    assert (found["loop"], found["waiting"]) == pytest.approx((12 * 2.02 / 2, 2 * 5))


def test_uneven_items_wait_for_the_longest() -> None:
    """At the end, what the longest takes beyond the mean is waited for, but never longer than one by one."""
    uneven = model(wait=3, gil_cpu=0, duration_cv=0.5, duration_max=9)
    assert bounds(uneven.cost(Plan("thread", 4)))["waiting"] == pytest.approx(12 * 3 / 4 + 0.75 * 6)
    assert bounds(uneven.cost(Plan("thread", 1)))["waiting"] == pytest.approx(36)
    extreme = model(wait=3, gil_cpu=0, duration_cv=0.5, duration_max=900)
    assert bounds(extreme.cost(Plan("thread", 4)))["waiting"] == pytest.approx(36)


def test_no_strategy_is_faster_than_the_rate() -> None:
    """A declared rate bounds them all."""
    for plan in (Plan("sync"), Plan("thread", 4), Plan("process", 2, "asyncio", 4)):
        assert bounds(model(gil_cpu=1, wait=1, rate_limit=0.5).cost(plan))["rate"] == 24
