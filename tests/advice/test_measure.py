"""`measure`: real items, each once and in their order; what is seen of them; and everything put back as it was."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import signal
import subprocess
import sys
import threading
import time
import zlib
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies import (
    Failure,
    InvalidOption,
    ItemExited,
    Machine,
    Success,
    SyncStrategy,
    WorkloadProfile,
    advise,
    dual,
    measure,
)
from concurrent_strategies.advice.cooperation import cooperates
from concurrent_strategies.advice.crossing import crossing, import_seconds

BUFFER = bytes(2_000_000)
variable: ContextVar[str] = ContextVar("variable", default="unset")


def spin(rounds: int) -> int:
    """Compute in Python."""
    total = 0
    for number in range(rounds):
        total += number * number
    return total


def native(_item: object) -> bytes:
    """Compute without the GIL."""
    return hashlib.sha256(BUFFER).digest()


def pause(seconds: float) -> float:
    """Wait."""
    time.sleep(seconds)
    return seconds


async def apause(seconds: float) -> float:
    """Wait, and let others go on."""
    await asyncio.sleep(seconds)
    return seconds


async def ablock(seconds: float) -> None:
    """Wait, and let nobody go on."""
    await asyncio.sleep(0.001)
    pause(seconds)


async def abranch(seconds: float) -> None:
    """Start tasks that block."""

    async def branch() -> None:
        await asyncio.sleep(0.001)
        pause(seconds)

    await asyncio.gather(branch(), branch())


# ----------------------------------------------------------------------------------------------- what an item costs


@pytest.mark.parametrize(
    ("func", "items", "most"),
    [
        (spin, [60_000] * 200, "gil_cpu"),
        (native, range(300), "free_cpu"),
        (pause, [0.01] * 100, "wait"),
        (apause, [0.01] * 100, "async_wait"),
        (ablock, [0.01] * 100, "async_block"),
        (abranch, [0.005] * 100, "async_block"),
    ],
)
def test_each_kind_of_work_is_told_from_the_others(func: Any, items: Any, most: str) -> None:
    """Most of an item is of one kind, and that one is found: from its own few items alone."""
    names = ("async_cpu", "async_wait", "async_block") if most.startswith("async") else ("gil_cpu", "free_cpu", "wait")
    for _ in range(3):  # on a machine that is busy with other tests one measurement may be off
        profile = measure(func, items).profile
        parts = {name: getattr(profile, name) for name in names}
        if parts[most] > 0.5 * sum(parts.values()):
            break
    assert parts[most] > 0.5 * sum(parts.values()), parts
    assert profile.coroutine is most.startswith("async")
    assert profile.n_items == len(items)
    assert set(profile.confidence or ()) >= {"gil_cpu", "free_cpu", "wait"}


@pytest.mark.parametrize(("declared", "most"), [(None, 5), ({"max_connections": 2}, 2)])
def test_the_async_version_is_tried_on_a_few_at_once(declared: Any, most: int) -> None:
    """As many together as nobody minds, or as are allowed; each once, in order, and failures are their items' alone."""
    running: list[int] = []
    together: list[int] = []

    async def several(item: int) -> int:
        running.append(item)
        together.append(len(running))
        await asyncio.sleep(0.005)
        running.remove(item)
        return 1 // (item % 7)

    def plain(item: int) -> int:
        time.sleep(0.005)
        return 1 // (item % 7)

    measurement = measure(plain, range(200), async_func=several, profile=declared)
    assert max(together) == most
    outcomes = measurement.outcomes
    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
    assert {outcome.index for outcome in outcomes if isinstance(outcome, Failure)} == set(range(0, len(outcomes), 7))
    assert [*measurement.rest] == list(range(len(outcomes), 200))


def test_a_group_that_is_under_way_is_waited_for_by_whoever_asks() -> None:
    """The plain items have ended; those of the async version have not, and are neither lost nor in the rest."""
    gates: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def held(item: int) -> int:
        gate = asyncio.Event()
        gates.append((asyncio.get_running_loop(), gate))
        await gate.wait()
        return item

    def plain(item: int) -> int:
        time.sleep(0.005)
        return item

    measurement = measure(plain, range(200), async_func=held, budget=0.1)
    done = len(measurement.finished)
    assert measurement.pending
    assert next(measurement.rest) == done + 5
    for loop, gate in gates:
        loop.call_soon_threadsafe(gate.set)
    assert measurement.results == list(range(done + 5))


def test_the_first_item_of_an_async_version_is_left_out_too() -> None:
    """It carries imports and connections: here more computing than all the others together."""
    first = iter([3_000_000])

    async def late(seconds: float) -> int:
        await asyncio.sleep(seconds)
        return spin(next(first, 0))

    measurement = measure(late, [0.001] * 20, budget=30)
    assert measurement.outcomes[0].duration is not None
    assert 20 * (measurement.profile.async_cpu or 0.0) < measurement.outcomes[0].duration


def test_a_slow_wait_is_recognised_while_the_first_item_is_under_way() -> None:
    """The item cannot end before the measurement has: so whatever is known by then was seen from outside."""
    gate = threading.Event()
    measurement = measure(lambda _item: gate.wait(60), range(5), budget=0.2)
    assert measurement.pending
    profile = measurement.profile
    assert profile.wait > 0.1 > 10 * (profile.gil_cpu or 0)
    assert profile.measured_items == 0
    assert measurement.estimates["wait"].at_least
    assert "at least" in str(measurement)
    assert list(measurement.rest) == [1, 2, 3, 4]
    assert measurement.finished == []
    gate.set()
    assert measurement.results == [True]
    assert not measurement.pending


def test_both_versions_of_a_function_are_measured() -> None:
    """A few items more go to the async version; no item goes to both."""
    seen: list[tuple[str, int]] = []

    def plain(item: int) -> int:
        seen.append(("plain", item))
        time.sleep(0.002)
        return item

    async def later(item: int) -> int:
        seen.append(("async", item))
        await asyncio.sleep(0.002)
        return item

    for once in (
        lambda: measure(plain, range(500), async_func=later),
        lambda: measure(dual(sync=plain, async_=later), range(500)),
    ):
        measurement = once()
        assert measurement.results == [item for _, item in seen]
        assert [item for _, item in seen] == list(range(len(seen)))
        assert [kind for kind, _ in itertools.groupby(seen, lambda each: each[0])] == ["plain", "async"]
        assert measurement.profile.async_wait is not None
        assert measurement.profile.coroutine is True
        assert next(measurement.rest) == len(seen)
        seen.clear()


def test_a_lambda_that_returns_awaitables_is_known_for_it() -> None:
    """What nobody declared async shows by its first result, as on every strategy."""
    measurement = measure(lambda item: apause(item), [0.001] * 3)
    assert measurement.results == [0.001] * 3
    assert measurement.profile.coroutine is True


def test_pickling_is_tried_and_weighed() -> None:
    """Sizes and times of items and results; by its name or by its code; and what cannot be pickled."""
    by_name = crossing(spin, [(bytes(1000), 1), (bytes(3000), 2)])
    assert not by_name.by_value
    assert 2000 < by_name.arg_bytes < 2100
    assert by_name.result_bytes < 100
    assert by_name.seconds > 0
    assert by_name.examples == 2
    assert crossing(lambda item: item, []).by_value
    assert "an item cannot be pickled (TypeError: " in crossing(spin, [(threading.Lock(), 1)]).obstacle
    assert "a result cannot be pickled" in crossing(spin, [(1, threading.Lock())]).obstacle
    lock = threading.Lock()
    assert "the function cannot be pickled" in crossing(lambda item: (lock, item), []).obstacle


def test_what_cannot_be_pickled_stays_out_of_other_processes() -> None:
    """It becomes part of the profile, with the reason among the notes."""
    measurement = measure(lambda item: (spin(3_000), threading.Lock()), range(20))
    assert measurement.profile.picklable is False
    assert any("a result cannot be pickled" in note for note in measurement.notes)
    assert "cannot be pickled" in advise(measurement).rejected["process"]


def test_the_import_of_a_module_is_timed_in_a_fresh_process() -> None:
    """Where there is a module to import."""
    seconds = import_seconds(hashlib.new)
    assert seconds is not None
    assert seconds >= 0
    assert import_seconds(lambda item: item) is not None
    assert import_seconds(len) is None


def hold(item: float) -> float:
    """Wait inside C, where gevent cannot see it."""
    import ctypes

    ctypes.CDLL(None).usleep(int(item * 1e6))
    return item


def test_cooperation_under_gevent_is_tried() -> None:
    """A sleep becomes cooperative, a wait inside a C library does not, and what fails tells nothing."""
    assert cooperates(pause, [0.03], 1.0) is True
    assert cooperates(hold, [0.03], 1.0) is False
    assert cooperates(int, ["no number"], 1.0) is None


def test_what_may_be_repeated_is_tried_under_gevent() -> None:
    """Only with the user's word for it: otherwise no item is run again, and nobody knows."""
    seen = measure(pause, [0.02] * 20, profile={"idempotent": True})
    assert seen.profile.green_ok is True
    assert measure(pause, [0.02] * 20).profile.green_ok is None


def test_imports_are_looked_at_where_processes_would_pay() -> None:
    """Much computing: a worker process says what it would have to import. Little: nothing is started for it."""
    assert "import_seconds" in measure(zlib.crc32, [BUFFER] * 10_000).estimates
    assert "import_seconds" not in measure(zlib.crc32, [BUFFER] * 10).estimates


def hog(_item: object) -> int:
    """Use much memory for a moment."""
    held = b"x" * 60_000_000
    time.sleep(0.02)
    return len(held)


def test_the_memory_of_an_item_is_seen() -> None:
    """By how much the process grows while one runs: about, as it is looked at now and then."""
    found = measure(hog, range(50), profile={"picklable": False}).profile.memory_per_item
    assert 10_000_000 < found < 200_000_000


def child(_item: object) -> int:
    """Let another program compute."""
    return subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True).returncode


def test_what_a_child_process_computes_is_computing() -> None:
    """The item waits for it; a core is busy all the same, and no GIL."""
    profile = measure(child, range(20), budget=10.0).profile  # on a busy machine, one may take a second to start
    assert profile.free_cpu > 0.005
    assert profile.free_cpu > 2 * (profile.gil_cpu or 0)


# -------------------------------------------------------------------------------------------- items and their results


def test_each_item_runs_once_and_in_order(tmp_path: Path) -> None:
    """With a side effect that shows it: what was measured and what is run afterwards make the whole, once."""
    log = tmp_path / "log"

    def note(item: int) -> int:
        with log.open("a") as file:
            file.write(f"{item}\n")
        return item * 2

    for count in (0, 1, 3, 5000):
        log.write_text("")
        measurement = measure(note, range(count), budget=0.02)
        first = measurement.results
        results = [*first, *SyncStrategy().map(note, measurement.rest)]
        assert results == [item * 2 for item in range(count)]
        assert log.read_text().split() == [str(item) for item in range(count)]


def test_failing_items_are_outcomes_and_end_nothing() -> None:
    """Each keeps its place and its error; whoever wants the values meets the first error, as from a map."""

    def picky(item: int) -> int:
        if item % 3 == 1:
            raise ValueError(item)
        if item == 5:
            raise SystemExit(5)
        return item

    measurement = measure(picky, range(10))
    assert not measurement.pending
    assert measurement.finished == (outcomes := measurement.outcomes)
    assert [outcome.index for outcome in outcomes] == list(range(10))
    assert [type(outcome) for outcome in outcomes[:3]] == [Success, Failure, Success]
    assert isinstance(outcomes[5], Failure)
    assert isinstance(outcomes[5].error, SystemExit)
    with pytest.raises(ValueError, match="1") as caught:
        _ = measurement.results
    assert caught.value.__notes__ == ["item 1"]
    assert list(measurement.rest) == []
    with pytest.raises(ItemExited, match="item 0"):
        _ = measure(picky, [5]).results


def test_iterators_are_advanced_by_the_caller_and_no_further_than_needed() -> None:
    """Cursors and generators belong to one thread; what was read and not run is handed back."""
    read: list[int] = []
    threads = set()

    def endless() -> Any:
        for number in itertools.count():
            read.append(number)
            threads.add(threading.get_ident())
            yield number

    measurement = measure(pause, (0.01 for _ in endless()), budget=0.1)
    assert measurement.profile.n_items is None
    assert threads == {threading.get_ident()}
    assert len(read) <= len(measurement.outcomes) + 2
    with pytest.raises(TypeError):
        len(measurement.rest)


def test_the_rest_knows_how_many_there_are() -> None:
    """So that a run over it can show how far it is."""
    measurement = measure(pause, [0.01] * 1000, budget=0.05)
    measurement.outcomes.clear()
    assert len(measurement.rest) == 1000 - len(measurement.outcomes)
    next(measurement.rest)
    assert len(measurement.rest) == 999 - len(measurement.outcomes)


def test_an_input_that_breaks_breaks_where_it_is_read() -> None:
    """What came before it is kept; its error comes out of the rest, as out of the input itself."""

    def broken() -> Any:
        yield from range(4)
        raise OSError("no more")

    measurement = measure(str, broken())
    assert measurement.results == ["0", "1", "2", "3"]
    with pytest.raises(OSError, match="no more"):
        list(measurement.rest)
    assert list(measurement.rest) == []


def test_items_see_the_callers_context_and_nothing_of_each_other() -> None:
    """As on every strategy."""

    def look(item: int) -> str:
        found = variable.get()
        variable.set(f"item {item}")
        return found

    variable.set("caller")
    assert set(measure(look, range(200)).results) == {"caller"}
    assert variable.get() == "caller"


def test_what_must_run_in_this_thread_does() -> None:
    """A function that is bound to its thread, or is declared unsafe in others, is run here."""
    mine = threading.get_ident()
    for declared in ({"main_thread_only": True}, {"thread_safe": False}):
        measurement = measure(lambda _item: threading.get_ident(), range(100), profile=declared)
        assert set(measurement.results) == {mine}
        assert measurement.profile.measured_items == 100
    assert mine not in measure(lambda _item: threading.get_ident(), range(10)).results


def test_measuring_inside_a_running_loop() -> None:
    """The caller's loop stands still meanwhile, as it would for any plain call; coroutines run on one of their own."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        results = measure(apause, [0.001] * 5).results
        assert asyncio.get_running_loop() is loop
        return results

    assert asyncio.run(main()) == [0.001] * 5


def test_measuring_inside_a_measured_item() -> None:
    """Each finds its own items."""
    outer = measure(lambda item: sum(measure(abs, [item, -item]).results), [1, 2, 3])
    assert outer.results == [2, 4, 6]


# ------------------------------------------------------------------------------------------- put back as it was


def test_everything_is_put_back() -> None:
    """Switch interval, profiling and tracing hooks, garbage collection, event loop policy, generators, threads."""
    import random

    def state() -> tuple[Any, ...]:
        return (
            sys.getswitchinterval(),
            sys.getprofile(),
            sys.gettrace(),
            threading.getprofile(),
            gc.isenabled(),
            gc.get_threshold(),
            random.getstate(),
            type(asyncio.get_event_loop_policy()),
        )

    sys.setswitchinterval(0.004)
    try:
        before = state()
        measure(spin, [20_000] * 50)
        measure(apause, [0.002] * 50)
        assert state() == before
        with pytest.raises(KeyboardInterrupt):
            measure(pause, _interrupted())
        assert state() == before
    finally:
        sys.setswitchinterval(0.005)


def _interrupted() -> Any:
    yield 0.01
    yield 0.01
    raise KeyboardInterrupt


def test_ctrl_c_is_the_callers_and_no_item_runs_twice() -> None:
    """The signal comes while an item runs: the measurement ends at once, and no further item starts."""
    gate, seen = threading.Event(), []

    def interrupting(item: int) -> None:
        seen.append(item)
        if item == 3:
            signal.raise_signal(signal.SIGINT)  # from a worker thread: Python hands it to the main one
            gate.wait(60)

    with pytest.raises(KeyboardInterrupt):
        measure(interrupting, range(10), budget=60)
    gate.set()
    assert seen == [0, 1, 2, 3]
    for thread in threading.enumerate():
        if thread.name == "measure":
            thread.join(60)
    assert seen == [0, 1, 2, 3]


def test_ctrl_c_in_an_item_that_runs_here_is_the_callers() -> None:
    """In the caller's own thread it is never an item's."""

    def interrupted(_item: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(interrupted, range(10), profile={"main_thread_only": True})


def test_an_item_under_way_keeps_no_program_alive() -> None:
    """Its thread is a daemon."""
    gate = threading.Event()
    measurement = measure(lambda _item: gate.wait(60), [1], budget=0.02)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "measure"]
    assert thread.daemon
    gate.set()
    thread.join(60)
    assert not thread.is_alive()
    assert measurement.results == [True]


# ----------------------------------------------------------------------------------------------- declared, and wrong


def test_what_is_declared_wins_and_a_disagreement_is_told() -> None:
    """Nobody is overruled in silence."""
    measurement = measure(pause, [0.01] * 20, profile={"wait": 1.0, "max_connections": 3, "arg_bytes": 7})
    assert measurement.profile.wait == 1.0
    assert measurement.profile.max_connections == 3
    assert measurement.profile.arg_bytes == 7
    assert "wait" not in measurement.estimates
    assert any(note.startswith("wait was declared as 1 and measured as ") for note in measurement.notes)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (("spin", [1]), {}, "func='spin' is not allowed: it must be callable"),
        ((spin, 7), {}, "iterables=7 is not allowed: it must be iterable"),
        ((spin, [1]), {"async_func": spin}, "must be declared 'async def'"),
        ((apause, [1]), {"async_func": apause}, "has an async version already"),
        ((spin, [1]), {"budget": 0}, "budget=0 is not allowed: it must be a number of seconds above 0"),
        ((spin, [1]), {"budget": "much"}, "budget='much' is not allowed"),
        ((spin, [1]), {"machine": 4}, "machine=4 is not allowed: it must be a Machine"),
        ((spin, [1]), {"profile": {"latncy": "slow"}}, "Did you mean 'latency'?"),
    ],
)
def test_what_cannot_be_is_one_clear_error(arguments: Any, options: Any, text: str) -> None:
    """Before anything has run."""
    with pytest.raises(InvalidOption) as caught:
        measure(*arguments, **options)
    assert text in str(caught.value)


# ------------------------------------------------------------------------------------------------------- the advice


def test_advice_on_a_measurement_says_what_was_measured() -> None:
    """And how sure it is; a machine can be asked for that is not this one."""
    measurement = measure(pause, [0.01] * 500, machine=Machine(cores=4))
    advice = advise(measurement)
    assert advice == measurement.advise()
    assert advice.machine == Machine(cores=4)
    assert advice.strategy == "thread"
    assert advice.rejected["asyncio"] == "there is no async version; a blocking call would stop the whole loop"
    assert any(reason.startswith("measured on ") and "within" in reason for reason in advice.reasons)
    assert advise(measurement, Machine(cores=2)).machine == Machine(cores=2)
    results = [*measurement.results, *advice.build().map(pause, measurement.rest)]
    assert results == [0.01] * 500


def test_a_function_is_not_advised_upon_unmeasured() -> None:
    """The results of its items would be lost: whoever has a function measures it first."""
    with pytest.raises(InvalidOption, match=r"advise\(measure\(func, items\)\)"):
        advise(spin)  # type: ignore[arg-type]


MEASURED: dict[str, Any] = {"gil_cpu": 0.001, "n_items": 280, "measured_items": 20}


def test_a_profile_in_doubt_is_decided_for_the_smaller_loss() -> None:
    """At the border between two strategies, what is right on average may be wrong by more."""
    machine = Machine(cores=2)
    sure = advise(WorkloadProfile(**MEASURED, confidence={"gil_cpu": 0.01}), machine)
    doubtful = advise(WorkloadProfile(**MEASURED, confidence={"gil_cpu": 2.0}), machine)
    assert sure.spec == "process:2"
    assert doubtful.spec == "sync"
    assert doubtful.expected_range is not None
    assert sure.expected_range is not None
    low, high = doubtful.expected_range
    assert low < sure.expected_range[0] < high
    assert any("as far as they are in doubt this one falls behind least" in reason for reason in doubtful.reasons)


def test_without_doubts_nothing_changes() -> None:
    """A measured profile that is certain gets the advice of a declared one."""
    declared = {name: value for name, value in MEASURED.items() if name != "measured_items"}
    for wait in (0.0, 0.01, 0.3):
        work = {"wait": wait, "coroutine": True}
        sure = advise(WorkloadProfile(**MEASURED, **work, confidence={"gil_cpu": 0.001}), Machine())
        assert sure.spec == advise(WorkloadProfile(**declared, **work), Machine()).spec


def test_little_evidence_starts_nothing_big() -> None:
    """Processes are not started on one item that has not ended, unless the start is nothing beside the whole."""
    work: dict[str, Any] = {"gil_cpu": 0.01, "measured_items": 0, "confidence": {"gil_cpu": 1.0}}
    few = advise(WorkloadProfile(n_items=100, **work), Machine())
    assert few.strategy == "sync"
    assert "too little was measured to start anything on it" in few.rejected["process"]
    assert advise(WorkloadProfile(n_items=100_000, **work), Machine()).strategy == "process"
    assert advise(WorkloadProfile(n_items=100, **(work | {"measured_items": 5})), Machine()).strategy == "process"
