"""`auto`: real items, each once and in order, whatever it goes on with; and what it goes on with."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies import (
    AutoStrategy,
    Failure,
    InvalidOption,
    Machine,
    ProcessStrategy,
    Retry,
    WorkloadProfile,
    get_strategy,
)
from concurrent_strategies.advice import autothreads, scout, thinking
from concurrent_strategies.advice.eager import EARLY
from concurrent_strategies.advice.samples import Samples, Timing

BIG = Machine(cores=16)


def spin(rounds: int) -> int:
    """Compute in Python."""
    total = 0
    for number in range(rounds):
        total += number * number
    return total


def computing(log: str, item: int) -> tuple[int, int]:
    """Note the item, and compute for some milliseconds."""
    note(log, item)
    spin(60_000)
    return item, os.getpid()


def waiting(log: str, item: int) -> tuple[int, int]:
    """Note the item, and wait."""
    note(log, item)
    time.sleep(0.02)
    return item, os.getpid()


def failing(log: str, item: int) -> int:
    """Note the item, compute, and fail for some."""
    note(log, item)
    spin(60_000)
    if item % 10 == 5:
        raise ValueError(item)
    return item


async def blocking(log: str, item: int) -> int:
    """Note the item, and block the loop."""
    note(log, item)
    time.sleep(0.005)  # noqa: ASYNC251
    return item


async def awaiting(item: int) -> int:
    """Wait, and let others go on."""
    await asyncio.sleep(0.02)
    return item


def note(log: str, item: int) -> None:
    """Write one line, in one go."""
    with Path(log).open("a") as file:
        file.write(f"{item}\n")


def noted(log: Path) -> list[int]:
    """Return what was noted, sorted."""
    return sorted(map(int, log.read_text().split()))


@pytest.fixture
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it believe in many cores, so that others on this machine make no difference."""
    monkeypatch.setattr(thinking.Machine, "detect", staticmethod(lambda: BIG))


@pytest.fixture
def measured_as_computing(large_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it find that items compute, however busy the machine: measuring has tests of its own."""
    found = thinking.Thinker.profile

    def profile(thinker: thinking.Thinker, *seen: Any) -> WorkloadProfile | None:
        measured = found(thinker, *seen)
        times: dict[str, Any] = {"gil_cpu": 0.01, "free_cpu": 0.0, "wait": 0.0, "duration_cv": None}
        return None if measured is None else replace(measured, **times, measured_items=20, confidence=None)

    monkeypatch.setattr(thinking.Thinker, "profile", profile)


@pytest.mark.usefixtures("measured_as_computing")
def test_computing_items_go_on_in_processes(tmp_path: Path) -> None:
    """Each once, in order, and most of them elsewhere."""
    log = tmp_path / "log"
    values = AutoStrategy().map(partial(computing, str(log)), range(600))
    assert [item for item, _ in values] == list(range(600))
    assert noted(log) == list(range(600))
    assert {pid for _, pid in values} > {os.getpid()}


@pytest.mark.usefixtures("measured_as_computing")
def test_failing_items_cost_themselves_only_on_the_way(tmp_path: Path) -> None:
    """Before and after the change; each item has run once."""
    log = tmp_path / "log"
    outcomes = list(AutoStrategy().outcomes(partial(failing, str(log)), range(400)))
    assert [outcome.index for outcome in outcomes] == list(range(400))
    assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == list(range(5, 400, 10))
    assert noted(log) == list(range(400))


def test_waiting_items_go_on_in_threads(tmp_path: Path) -> None:
    """Before the first of them has ended, so nearly all wait together."""
    log = tmp_path / "log"
    strategy = AutoStrategy()
    values = strategy.map(partial(waiting, str(log)), range(200))
    assert values == [(item, os.getpid()) for item in range(200)]
    assert noted(log) == list(range(200))
    assert strategy.chosen.startswith("thread:")


@pytest.mark.parametrize("safe", [None, False])
def test_what_evidently_waits_is_not_kept_waiting(safe: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads are at work before anything was chosen; one alone where the function was said to be unsafe."""
    lock, crowd, chosen = threading.Lock(), threading.Event(), threading.Event()
    running, most = 0, 0
    found = thinking.Thinker.profile

    def profile(thinker: thinking.Thinker, *seen: Any) -> WorkloadProfile | None:
        if safe is None:
            assert crowd.wait(30)
        chosen.set()
        return found(thinker, *seen)

    def wait(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if running >= EARLY:
            crowd.set()
        chosen.wait(30)
        with lock:
            running -= 1
        return item

    monkeypatch.setattr(thinking.Thinker, "profile", profile)
    strategy = AutoStrategy(profile={"thread_safe": safe})
    assert strategy.map(wait, range(100)) == list(range(100))
    assert most >= EARLY if safe is None else most == 1


def test_short_work_is_left_alone() -> None:
    """There is nothing to gain."""
    strategy = AutoStrategy()
    assert strategy.map(abs, range(-100, 0)) == list(range(100, 0, -1))
    assert strategy.chosen == "sync"


def test_coroutines_wait_in_one_loop() -> None:
    """As they were made for."""
    strategy = AutoStrategy()
    assert strategy.map(awaiting, range(500)) == list(range(500))
    assert strategy.chosen == "asyncio:1000"


def test_coroutines_that_block_go_on_in_threads(tmp_path: Path) -> None:
    """Each with a loop of its own to block."""
    log = tmp_path / "log"
    strategy = AutoStrategy()
    assert strategy.map(partial(blocking, str(log)), range(600)) == list(range(600))
    assert noted(log) == list(range(600))
    assert "thread:" in strategy.chosen


@pytest.mark.usefixtures("large_machine")
def test_a_function_that_changes_this_process_stays_here() -> None:
    """A worker process would change a copy."""
    seen: list[int] = []

    def collecting(item: int) -> int:
        seen.append(item)
        return spin(60_000)

    strategy = AutoStrategy()
    strategy.map(collecting, range(100))
    assert sorted(seen) == list(range(100))
    assert "process" not in strategy.chosen


@pytest.mark.usefixtures("measured_as_computing")
def test_what_is_declared_wins() -> None:
    """The user knows that the list does not matter."""
    unused: list[int] = []

    def with_list(_item: int) -> int:
        spin(60_000 + len(unused))
        return os.getpid()

    assert set(AutoStrategy(profile={"shared_state": False}).map(with_list, range(600))) > {os.getpid()}
    assert set(AutoStrategy().map(with_list, range(200))) == {os.getpid()}


def test_no_more_calls_at_once_than_allowed(tmp_path: Path) -> None:
    """By the profile, or by `max_workers`."""
    for strategy in (AutoStrategy(3), AutoStrategy(profile={"max_connections": 3})):
        strategy.map(partial(waiting, str(tmp_path / "log")), range(40))
        assert strategy.chosen == "thread:3"


@pytest.mark.parametrize("most", [None, 50])
def test_coroutines_too_are_no_more_at_once_than_was_declared(most: int | None) -> None:
    """From the first item on: what the other side allows holds before anything is measured."""
    running = 0
    together: list[int] = []

    async def several(item: int) -> int:
        nonlocal running
        running += 1
        together.append(running)
        await asyncio.sleep(0.002)
        running -= 1
        return item

    strategy = AutoStrategy(most, profile={"max_connections": 3})
    assert strategy.map(several, range(60)) == list(range(60))
    assert max(together) == 3
    together.clear()
    assert AutoStrategy(most, profile={"connections": "few"}).map(several, range(3000)) == list(range(3000))
    assert max(together) <= min(64, most or 64)


def test_others_that_refuse_are_asked_by_fewer_at_once() -> None:
    """With `max_workers="auto"` the limit is found as on any other strategy."""
    room, refused = threading.BoundedSemaphore(6), []

    def call(item: int) -> int:
        if not room.acquire(blocking=False):
            refused.append(item)
            raise ConnectionRefusedError
        time.sleep(0.01)
        room.release()
        return item

    strategy = AutoStrategy("auto", retry=Retry(attempts=50, wait=0.005), profile={"shared_state": True})
    assert strategy.map(call, range(300)) == list(range(300))
    assert strategy.chosen.startswith("thread:")
    assert len(refused) < 300


def test_workers_stay_warm_between_runs(tmp_path: Path) -> None:
    """Whatever was chosen."""
    with AutoStrategy() as strategy:
        for _ in range(3):
            assert len(strategy.map(partial(waiting, str(tmp_path / "log")), range(40))) == 40
        assert strategy.map(awaiting, range(40)) == list(range(40))


@pytest.mark.usefixtures("large_machine")
def test_it_says_what_it_goes_on_with(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """To its logger, as a note for who wants to know."""
    with caplog.at_level(logging.INFO, "concurrent_strategies.auto"):
        AutoStrategy().map(partial(waiting, str(tmp_path / "log")), range(60))
    assert any("thread:" in record.getMessage() for record in caplog.records)


def test_an_endless_input_is_read_as_far_as_needed(tmp_path: Path) -> None:
    """Also while it changes course."""
    log = tmp_path / "log"
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield read

    with AutoStrategy(8).stream(partial(waiting, str(log)), endless()) as stream:
        first = [next(stream)[0] for _ in range(50)]
    assert first == list(range(1, 51))
    ran = noted(log)
    assert len(ran) == len(set(ran))
    assert read <= 50 + 64


def test_ctrl_c_ends_it_at_once_and_no_item_has_run_twice(tmp_path: Path) -> None:
    """In a process of its own, which is interrupted while items run."""
    log = tmp_path / "log"
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from functools import partial\n"
        "from concurrent_strategies import AutoStrategy\n"
        "from tests.advice.test_auto import computing\n"
        f"AutoStrategy().map(partial(computing, {str(log)!r}), range(100_000))\n"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", script], cwd=root, stderr=subprocess.PIPE, text=True)
    while not log.exists() or len(log.read_text().split()) < 60:
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT or "KeyboardInterrupt" in errors
    ran = log.read_text().split()
    assert len(ran) == len(set(ran))


def test_a_main_thread_is_kept_if_that_was_said() -> None:
    """The function runs in the caller's own thread."""
    strategy = AutoStrategy(profile={"main_thread_only": True})
    assert set(strategy.map(lambda _: threading.get_ident(), range(50))) == {threading.get_ident()}
    with pytest.raises(InvalidOption, match="main_thread_only"):
        AutoStrategy(profile={"main_thread_only": True}, worker_resource=dict)


def test_it_is_configured_like_any_other() -> None:
    """By name, pickled, printed; and what cannot be is said at once."""
    assert isinstance(get_strategy("auto"), AutoStrategy)
    strategy = AutoStrategy(7, profile={"max_connections": 3}, timeout=5)
    again = pickle.loads(pickle.dumps(strategy))
    assert repr(again) == repr(strategy)
    assert again.profile == WorkloadProfile(max_connections=3)
    with pytest.raises(InvalidOption, match="max_conections"):
        AutoStrategy(profile={"max_conections": 3})
    with pytest.raises(InvalidOption, match="name a strategy"):
        ProcessStrategy(2, inner=AutoStrategy())


def test_items_of_a_nested_run_start_no_processes(tmp_path: Path) -> None:
    """The outer run has the cores already."""

    def outer(item: int) -> str:
        inner = AutoStrategy()
        inner.map(partial(computing, str(tmp_path / f"log-{item}")), range(40))
        return inner.chosen

    chosen = AutoStrategy(2).map(outer, range(3))
    assert not any("process" in each for each in chosen)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_run_goes_on_as_it_is_if_choosing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for an answer that never comes, not even items that were told to rest for it."""

    def profile(*_: Any) -> None:
        raise LookupError("broken")

    monkeypatch.setattr(thinking.Thinker, "profile", profile)
    assert AutoStrategy().map(spin, [20_000] * 100) == [spin(20_000)] * 100


@pytest.mark.parametrize(("seconds", "watched"), [(0.0, False), (math.inf, True)])
def test_what_computes_and_is_over_soon_is_not_watched(
    seconds: float, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To think takes as long as it does."""
    begun: list[scout.Lookout] = []
    begin = scout.Lookout.begin
    monkeypatch.setattr(scout.Lookout, "begin", lambda lookout: begun.append(lookout) or begin(lookout))
    monkeypatch.setattr(autothreads, "computes_for", lambda *_: seconds)
    assert AutoStrategy().map(spin, [5_000] * 300) == [spin(5_000)] * 300
    assert bool(begun) is watched


@pytest.mark.parametrize(
    ("timings", "left", "seconds"),
    [
        ([], 100, math.inf),
        ([(0.05, 0.05)], 100, math.inf),
        ([(0.001, 0.001)], 100, 0.0),
        ([(0.01, 0.01), (0.001, 0.001)], 100, 0.1),
        ([(0.01, 0.001), (0.001, 0.0001)], 100, math.inf),
        ([(0.01, 0.01), (0.001, 0.001)], None, math.inf),
    ],
)
def test_how_long_it_will_compute(timings: list[tuple[float, float]], left: int | None, seconds: float) -> None:
    """Known after two items, if they compute and somebody knows how many are left; one short item is soon followed."""
    samples = Samples([Timing(1, wall, cpu) for wall, cpu in timings])
    assert autothreads.computes_for(samples, left) == pytest.approx(seconds)
