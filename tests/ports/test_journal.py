"""What worker processes run without a word: whatever they die of, exactly the item under way is lost, what was done
before has its result, and nothing is run twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies import AsyncioStrategy, Failure, ProcessStrategy, Success, ThreadStrategy, WorkerDied
from concurrent_strategies._core.call import LOOK, Call
from concurrent_strategies._core.lane import Lane
from concurrent_strategies._core.port import Chunk, Done, Failed, Report, Started
from concurrent_strategies._worker.journal import SIZE, Journal, create, read

COUNT = 12


def _dict(x: int) -> Any:
    return {x: x}


def _some_fail(x: int) -> Any:
    if x % 3 == 1:
        raise ValueError(x)
    return x


def _some_sleep(x: int) -> Any:
    if x % 4 == 1:
        time.sleep(0.005)
    return x


def _some_large(x: int) -> Any:
    return "x" * (100_000 * (x % 2))


RESULTS: dict[str, Callable[[int], Any]] = {
    "numbers": int,
    "texts": str,
    "dicts": _dict,
    "failures": _some_fail,
    "sleepers": _some_sleep,
    "large": _some_large,
}


def work(task: tuple[str, int, int, str]) -> Any:
    """Write down that the item runs, and die of it if it is the one."""
    kind, index, fatal, log = task
    with Path(log).open("a") as file:
        file.write(f"{index}\n")
    if index == fatal:
        os._exit(3)
    return RESULTS[kind](index)


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize("fatal", [0, 1, 4, 5, 6, COUNT - 1])
def test_a_death_among_the_first_items_costs_one(tmp_path: Path, kind: str, fatal: int) -> None:
    """Nobody was told of the group that it died in, and yet all is known."""
    log = tmp_path / "log"
    tasks = [(kind, index, fatal, str(log)) for index in range(COUNT)]
    with ProcessStrategy(2, start_method="fork") as strategy:
        list(strategy.map(int, range(2)))  # the workers are there: else one of them may do everything
        outcomes = list(strategy.outcomes(work, tasks))
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, Success):
            assert outcome.value == RESULTS[kind](index)
        elif index == fatal:
            assert isinstance(outcome.error, WorkerDied)
            assert not outcome.error.indeterminate
        else:
            assert isinstance(outcome.error, ValueError)
            assert kind == "failures"
    assert isinstance(outcomes[fatal], Failure)
    assert Counter(map(int, log.read_text().split())) == Counter(range(COUNT))


def wait_at_three(task: tuple[int, str]) -> int:
    """Wait for a file to be there, if it is the fourth item."""
    index, path = task
    while index == 3 and not Path(path).exists():
        time.sleep(0.001)
    return index


@pytest.mark.parametrize("make", [partial(ProcessStrategy, start_method="fork"), ThreadStrategy])
def test_a_slow_item_does_not_hide_those_before_it(
    tmp_path: Path, make: Callable[[int], ProcessStrategy | ThreadStrategy]
) -> None:
    """Whoever waits asks what was run without a word: the first results come while the slow item runs."""
    path = tmp_path / "go"
    with make(1) as strategy, strategy.stream(wait_at_three, [(x, str(path)) for x in range(8)]) as stream:
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        path.touch()
        assert list(stream) == [3, 4, 5, 6, 7]


def test_a_journal_says_what_is_done_and_what_has_begun() -> None:
    """At any moment; and nothing that was not written whole."""
    told: list[int] = []
    fd, memory, _ = create()
    journal = Journal(fd, lambda: told.append(1))
    assert read(memory) == (0, 0, [], 0)
    journal.begin(7, 100, 3)
    assert read(memory) == (7, 100, [], 1)
    assert journal.note("a")
    assert read(memory) == (7, 100, ["a"], 1)
    for value in (object(), {1}, [[1]], {"a": Path()}, (Decimal(1),), ["x" * SIZE]):
        assert not journal.note(value), "what takes code to make again is told"
    assert not journal.note("x" * SIZE)
    assert read(memory) == (7, 100, ["a"], 1)
    journal.cut(102)
    assert journal.note(None)
    assert read(memory) == (7, 100, ["a", None], 0)
    journal.begin(8, 0, 1)
    assert read(memory) == (8, 0, [], 1)
    assert told == [1, 1], "what was done before was told before"
    journal.begin(9, 10, 100)
    assert journal.note((1, "a"))
    journal.begin_group(4)
    assert read(memory) == (9, 10, [(1, "a")], 4), "a group is begun together"
    assert journal.note_group([1, 2, 3, {"b": 4}, [5]], 4)
    assert read(memory) == (9, 10, [(1, "a"), 2, 3, {"b": 4}, [5]], 1)
    assert not journal.note_group(list(range(SIZE)), SIZE)
    assert not journal.note_group([1, object()], 2)
    journal.begin(8, 0, 1)
    journal.leave()
    assert journal.note(5)
    assert read(memory) == (8, 0, [], 1), "a forked child does not write here any more"


FORKED = """
import os, threading
from concurrent_strategies._core.call import Call
from concurrent_strategies._core.port import Chunk
from concurrent_strategies._worker.host import LaneHost
from concurrent_strategies._worker.journal import create

ran = []

def func(x):
    ran.append(x)
    if x == 2:
        holding, go = threading.Event(), threading.Event()

        def hold():
            with host._entry, host._lane._lock, host._outbox_lock, host._gate._lock:
                holding.set()
                go.wait(10)

        threading.Thread(target=hold, daemon=True).start()
        holding.wait(10)
        pid = os.fork()
        go.set()
        if pid:
            _, status = os.waitpid(pid, 0)
            assert status == 0, status
    return x

host = LaneHost(lambda pieces: None, None, None, False, create()[0])
parent = os.getpid()
host.call(Call(func, context=None))
host.run(Chunk(1, 0, 0, range(5)))
host.flush()
print(ran)
assert ran == ([0, 1, 2, 3, 4] if os.getpid() == parent else [0, 1, 2])
"""


def test_a_forked_child_that_comes_back_begins_nothing_and_waits_for_no_lock() -> None:
    """Whatever another thread held at the fork: the child ends, the items behind are run once, by the worker."""
    made = subprocess.run([sys.executable, "-c", FORKED], timeout=30, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "[0, 1, 2]\n[0, 1, 2, 3, 4]\n"


def notes_and_forks(path: str, item: int) -> int:
    """Fork at 3 a child that comes back, too, and write down who has come so far."""
    if item == 3 and (pid := os.fork()):
        os.waitpid(pid, 0)
    with Path(path).open("a") as file:
        file.write(f"{item}\n")
    return item


def test_items_behind_a_fork_are_run_once(tmp_path: Path) -> None:
    """The child comes back from the function as the worker does, but what follows is the worker's."""
    path = tmp_path / "items"
    with ProcessStrategy(1) as strategy:
        assert strategy.map(partial(notes_and_forks, str(path)), range(8)) == list(range(8))
    assert sorted(path.read_text().split()) == list("012334567")


def test_a_look_tells_what_nobody_was_told_of() -> None:
    """The results so far, and the item under way; from then on everything is announced."""
    reports: list[Report] = []
    inside, go = threading.Event(), threading.Event()

    def func(x: int) -> int:
        if x == 3:
            inside.set()
            go.wait(10)
        return x

    lane = Lane(Call(func), reports.append, quiet=True)
    lane.begin(Chunk(1, 0, 0, range(6)))
    worker = threading.Thread(target=lambda: [lane.step() for _ in iter(lambda: lane.busy, False)])
    worker.start()
    assert inside.wait(10)
    assert reports == []
    lane.look()
    assert [type(report) for report in reports] == [Done, Started]
    done, started = reports
    assert isinstance(done, Done)
    assert isinstance(started, Started)
    assert (done.first, done.values) == (0, [0, 1, 2])
    assert (started.first, started.count) == (3, 1)
    go.set()
    worker.join(10)
    assert [report.first for report in reports[2:] if isinstance(report, Started)] == [4, 5]
    assert [value for report in reports if isinstance(report, Done) for value in report.values] == list(range(6))


def test_a_failure_or_a_slow_item_ends_a_group_that_was_not_announced() -> None:
    """What failed is told before anything else runs, and what took long has a time of its own."""
    reports: list[Report] = []
    seen: list[int] = []

    def func(x: int) -> int:
        seen.append(len(reports))
        if x == 2:
            raise ValueError(x)
        if x == 5:
            time.sleep(0.01)
        return x

    lane = Lane(Call(func), reports.append, quiet=True)
    lane.begin(Chunk(1, 0, 0, range(7)))
    while lane.busy:
        lane.step()
    done = [(report.first, report.values) for report in reports if isinstance(report, Done)]
    assert done == [(0, [0, 1]), (3, [3, 4]), (5, [5]), (6, [6])]
    assert [report.index for report in reports if isinstance(report, Failed)] == [2]
    assert seen[:4] == [0, 0, 0, 2]
    slow = next(report for report in reports if isinstance(report, Done) and report.first == 5)
    assert 0.01 <= slow.seconds < 1.0


@pytest.mark.parametrize("make", [ThreadStrategy, AsyncioStrategy])
def test_nobody_keeps_looking(make: Callable[[int], ThreadStrategy | AsyncioStrategy]) -> None:
    """Once it has been asked what runs without a word, the engine has time until something is said."""
    inside, go = threading.Event(), threading.Event()

    def func(x: int) -> int:
        if x == 1:
            inside.set()
            go.wait(10)
        return x

    with make(1) as strategy:
        engine = strategy.prepare(func, (range(3),), {}).begin(None)
        engine.fed(engine.source.pull(3))
        while not inside.is_set():
            engine.wait(min(engine.turn(), 0.01))
        asked = time.monotonic() + 2 * LOOK
        while (now := time.monotonic()) < asked:
            engine.wait(min(engine.turn(), asked - now))
        engine.turn()
        assert engine.turn() > LOOK
        go.set()
        for seconds in engine.closing(hurry=False):
            engine.wait(seconds)
