"""What greenlets promise in a program that gevent has patched; `test_green.py` runs this file in such a process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.lock import Semaphore
from tests.ports.green_work import (
    BOUND,
    Connection,
    Folder,
    ameet,
    aslow_third,
    download,
    meet,
    meet_in_shells,
    meeting_server,
    slow_third,
    until,
    use_connection,
)

from concurrent_strategies import (
    Failure,
    GreenStrategy,
    Limit,
    Retry,
    StrategyClosed,
    Success,
    SyncStrategy,
    TaskTimeout,
    WorkerStartError,
    item_random,
)
from concurrent_strategies._core.call import Call
from concurrent_strategies._core.crew import Setup
from concurrent_strategies._core.port import Chunk, Done, Failed, Returned, Started
from concurrent_strategies._ports.green_crew import GreenCrew
from concurrent_strategies._ports.greenlets import GreenletsPort

VARIABLE: ContextVar[int] = ContextVar("VARIABLE", default=-1)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder for notes."""
    return Folder(tmp_path / "notes")


def same(x: Any) -> Any:
    """Do nothing."""
    return x


def script(text: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Run a patched program."""
    code = "from gevent import monkey; monkey.patch_all()\n" + textwrap.dedent(text)
    return subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=60)


# ------------------------------------------------------------------------------------------------------- waiting


def test_greenlets_run_in_place() -> None:
    """In a patched program there is no other process, and the traits say so."""
    strategy = GreenStrategy()
    assert not strategy.traits.isolated
    assert set(strategy.map(lambda x: os.getpid(), range(20))) == {os.getpid()}


def test_blocking_downloads_wait_together() -> None:
    """Thirty requests of `urlopen` are at the server at once."""
    with meeting_server(30) as url:
        pages = GreenStrategy(30).map(download, [f"{url}/{x}" for x in range(30)])
    assert pages == [f"/{x}" for x in range(30)]


def test_sleeping_items_wait_together(folder: Folder) -> None:
    """A hundred items in `time.sleep`, by default."""
    assert GreenStrategy().map(partial(meet, folder, 100), range(100)) == list(range(100))


def test_programs_run_together(folder: Folder) -> None:
    """Ten items in `subprocess.run`."""
    assert GreenStrategy(10).map(partial(meet_in_shells, folder, 10), range(10)) == [f"{x}\n" for x in range(10)]


def test_coroutines_wait_together_in_a_native_thread(folder: Folder) -> None:
    """Whatever the function is declared as; they never run in the thread of the greenlets."""

    async def thread(_x: int) -> int:
        await asyncio.sleep(0)
        return threading.get_native_id()

    strategy = GreenStrategy(40)
    assert strategy.map(partial(ameet, folder, 40), range(40)) == list(range(40))
    assert strategy.map(lambda x: ameet(folder, 40, x), range(3)) == list(range(3))
    (ident,) = set(strategy.map(thread, range(5)))
    assert ident != threading.get_native_id()


def test_the_rest_of_the_program_goes_on() -> None:
    """Other greenlets have their turns while a map waits, and an item may wait for one of them."""
    released = Event()
    gevent.spawn_later(0.01, released.set)
    assert GreenStrategy(5).map(lambda x: released.wait(BOUND), range(5)) == [True] * 5


def test_short_items_let_others_have_their_turn() -> None:
    """Hundreds of thousands of items that never wait: another greenlet is switched to time and again."""
    turns, over = [], Event()

    def ticker() -> None:
        while not over.is_set():
            turns.append(1)
            gevent.sleep(0)

    greenlet = gevent.spawn(ticker)
    GreenStrategy(4).map(same, range(300_000))
    over.set()
    greenlet.join()
    assert len(turns) > 5


def test_the_first_result_does_not_wait_for_all_items() -> None:
    """Where items keep the processor, the consumer still has its turn between two of them."""
    started = []

    def busy(x: int) -> int:
        started.append(x)
        end = time.perf_counter() + 0.005
        while time.perf_counter() < end:
            pass
        return x

    with GreenStrategy(20).stream(busy, range(100)) as stream:
        assert next(stream) == 0
        assert len(started) < 20


def test_one_slow_item_holds_nobody_up() -> None:
    """A short item that waits after all, among short ones: the others are done meanwhile."""
    waiting, others = Event(), []

    def item(x: int) -> int:
        if x == 5000:
            assert waiting.wait(BOUND)
        others.append(x)
        if len(others) == 19_999:
            waiting.set()
        return x

    assert GreenStrategy(4).map(item, range(20_000)) == list(range(20_000))


def test_max_workers_is_a_strict_bound() -> None:
    """As many calls at once as allowed are reached, and never one more; also for a shared limit."""
    now, most = 0, 0

    def item(_x: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        gevent.sleep(0.002)
        now -= 1

    GreenStrategy(7).map(item, range(200))
    assert most == 7
    most, limit = 0, Limit(5)
    runs = [gevent.spawn(GreenStrategy(limit).map, item, range(60)) for _ in range(3)]
    gevent.joinall(runs, raise_error=True)
    assert most == 5


def test_runs_inside_items_work() -> None:
    """On the same strategy, with a single worker, two levels deep."""
    with GreenStrategy(1) as strategy:
        found = strategy.map(lambda x: strategy.map(lambda y: x * y, [1, 2]), [1, 2, 3])
    assert found == [[1, 2], [2, 4], [3, 6]]


def test_a_run_goes_on_while_its_consumer_waits(folder: Folder) -> None:
    """The keeper is a greenlet: retries and further items happen while the consumer sleeps."""
    tried = []

    def item(x: int) -> int:
        tried.append(x)
        if x and tried.count(x) == 1:
            raise LookupError(x)
        return x

    with GreenStrategy(2).stream(item, range(6), retry=Retry(attempts=2, wait=0.02)) as stream:
        assert next(stream) == 0
        until(lambda: len(tried) == 11)
        assert list(stream) == [1, 2, 3, 4, 5]


# -------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "kind", [gevent.GreenletExit, gevent.Timeout, SystemExit, StopIteration, asyncio.CancelledError]
)
def test_whatever_an_item_raises_is_its_own(kind: type[BaseException]) -> None:
    """Also what gevent itself raises to end greenlets."""
    error = kind()

    def item(x: int) -> int:
        gevent.sleep(0.001)
        if x == 3:
            raise error
        return x

    outcomes = list(GreenStrategy(3).outcomes(item, range(8)))
    assert [outcome.value for outcome in outcomes if isinstance(outcome, Success)] == [0, 1, 2, 4, 5, 6, 7]
    assert isinstance(outcomes[3], Failure)
    assert outcomes[3].error is error


def test_errors_begin_with_the_users_own_frame() -> None:
    """The traceback shows nothing of ours between the caller and the function."""

    def item(_x: int) -> int:
        raise LookupError

    (outcome,) = GreenStrategy().outcomes(item, [1])
    assert isinstance(outcome, Failure)
    trace = outcome.error.__traceback__
    assert trace is not None
    assert trace.tb_frame.f_code.co_name == "item"


def test_errors_print_nothing() -> None:
    """No traceback of a greenlet comes on stderr, however an item, a worker or a run ends."""
    done = script("""
        import gevent
        from concurrent_strategies import GreenStrategy
        def item(x):
            if x % 5 == 1:
                gevent.sleep(60)
            if x % 5 == 2:
                raise (ValueError, SystemExit, gevent.GreenletExit, gevent.Timeout, KeyError)[x % 3]
            gevent.sleep(0.01)
            return x
        async def coroutine(x):
            return await gevent.sleep(0)
        strategy = GreenStrategy(10)
        list(strategy.outcomes(item, range(40), task_timeout=0.1))
        list(strategy.outcomes(coroutine, range(4)))
        next(strategy.stream(item, range(40)))
        try:
            strategy.map(item, [0, 2])
        except BaseException as error:
            print(type(error).__name__)
        left = strategy.stream(item, range(40))
        print(next(left))
    """)
    assert (done.stdout, done.stderr) == ("ItemExited\n0\n", "")


def test_a_keyboard_interrupt_is_the_callers() -> None:
    """It is this thread's: the verb raises it, and no further item starts."""
    started = []

    def item(x: int) -> int:
        started.append(x)
        gevent.sleep(0.001)
        if x == 3:
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        list(GreenStrategy(1).outcomes(item, range(100)))
    count = len(started)
    gevent.sleep(0.01)
    assert len(started) == count < 10


def test_a_keyboard_interrupt_leaves_no_lock_locked() -> None:
    """It comes right after a lock has been taken, in gevent's own code: the run ends, and nobody waits for the lock."""
    done = script("""
        from gevent.thread import LockType
        from concurrent_strategies import GreenStrategy
        import time
        taken, fatal, acquire = 0, 0, LockType.acquire
        def interrupted(self, *args):
            global taken
            result, taken = acquire(self, *args), taken + 1
            if taken == fatal:
                raise KeyboardInterrupt
            return result
        def item(x):
            time.sleep(0.001)
            return x
        for fatal in range(8, 100, 7):
            taken = 0
            with GreenStrategy(4) as strategy:
                assert strategy.map(item, [1, 2]) == [1, 2]
                LockType.acquire = LockType.__enter__ = interrupted
                try:
                    assert strategy.map(item, range(40)) == list(range(40))
                except KeyboardInterrupt:
                    pass
                finally:
                    LockType.acquire = LockType.__enter__ = acquire
    """)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("work", ["time.sleep(0.2)", "[None for _ in range(300_000)]"])
def test_ctrl_c_ends_the_program_at_the_first_press(work: str) -> None:
    """Whether items wait or keep the processor; nothing but its own traceback comes on stderr."""
    done = script(f"""
        import os, signal, subprocess, sys, time
        from concurrent_strategies import GreenStrategy
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Another process presses it, started before: Python drops what is raised in the hooks of a fork.
        presser = subprocess.Popen(["sh", "-c", f"read go; kill -INT {{os.getpid()}}"], stdin=subprocess.PIPE)
        def item(x):
            if x == 8:
                os.write(presser.stdin.fileno(), b"go" + bytes([10]))
            {work}
        GreenStrategy(4).map(item, range(5000))
    """)
    assert done.returncode == -2
    assert done.stderr.startswith("Traceback")
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.endswith("\nKeyboardInterrupt\n")


def test_an_awaitable_that_comes_late_is_an_error_of_its_item() -> None:
    """The first item has decided that values are taken as they are."""

    async def coroutine() -> int:
        return 1

    outcomes = list(GreenStrategy(2).outcomes(lambda x: coroutine() if x == 2 else x, range(4)))
    assert [type(outcome) for outcome in outcomes] == [Success, Success, Failure, Success]
    assert type(outcomes[2].error) is TypeError


# ------------------------------------------------------------------------------------------------------- endings


def test_an_overdue_call_is_ended_and_costs_nobody_else(folder: Folder) -> None:
    """Its own clean-up runs, and a fresh greenlet takes the place; a coroutine is cancelled."""
    for number, func in enumerate((slow_third, aslow_third), 1):
        outcomes = list(GreenStrategy(1).outcomes(partial(func, folder), range(6), task_timeout=0.1))
        assert [type(outcome) for outcome in outcomes] == [Failure if x == 2 else Success for x in range(6)]
        assert type(outcomes[2].error) is TaskTimeout
        until(lambda number=number: folder.count("ended") == number)


def test_a_call_that_returns_too_late_is_overdue() -> None:
    """One that never waits cannot be ended: it is judged when it returns."""

    def item(x: int) -> int:
        end = time.perf_counter() + (0.05 if x == 1 else 0)
        while time.perf_counter() < end:
            pass
        return x

    outcomes = list(GreenStrategy(2).outcomes(item, range(3), task_timeout=0.02))
    assert [type(outcome) for outcome in outcomes] == [Success, Failure, Success]
    assert type(outcomes[1].error) is TaskTimeout


def test_a_call_that_does_not_let_itself_be_ended_is_left_behind() -> None:
    """The run and its end do not wait for it; the strategy counts it until it has ended after all."""
    released = Event()

    def stubborn(x: int) -> int:
        while x == 1 and not released.is_set():
            try:
                released.wait(BOUND)
            except gevent.GreenletExit:
                continue
        return x

    with GreenStrategy(2) as strategy:
        outcomes = list(strategy.outcomes(stubborn, range(4), task_timeout=0.05))
        assert [type(outcome) for outcome in outcomes] == [Success, Failure, Success, Success]
        assert strategy.stuck == 1
        released.set()
        until(lambda: strategy.stuck == 0)
        assert strategy.map(same, range(3)) == [0, 1, 2]


def test_closing_a_stream_ends_what_runs(folder: Folder) -> None:
    """By the time `close` returns, the clean-up of all running items has run, and nothing more starts."""
    started, ended = [], []

    def item(x: int) -> int:
        started.append(x)
        try:
            gevent.sleep(60 if x else 0)
        finally:
            ended.append(x)
        return x

    stream = GreenStrategy(5).stream(item, range(100))
    assert next(stream) == 0
    stream.close()
    assert sorted(started) == sorted(ended)
    assert len(started) <= 6


def test_a_stream_that_is_dropped_ends_what_runs() -> None:
    """Also where the last reference goes away in an item, or in a callback of the hub."""
    ended = []

    def item(x: int) -> int:
        try:
            gevent.sleep(60 if x else 0)
        finally:
            ended.append(x)
        return x

    kept = [GreenStrategy(3).stream(item, range(10)) for _ in range(2)]
    assert [next(stream) for stream in kept] == [0, 0]
    gevent.get_hub().loop.run_callback(kept.pop)
    until(lambda: len(ended) >= 4)
    GreenStrategy(1).map(lambda _x: kept.clear(), [1])
    until(lambda: len(ended) >= 8)


def test_closing_the_strategy_ends_a_run_of_another_greenlet() -> None:
    """It says why, and its items have been ended by then."""
    entered, ended = Event(), []

    def item(x: int) -> int:
        entered.set()
        try:
            gevent.sleep(60)
        finally:
            ended.append(x)
        return x

    def consume() -> StrategyClosed:
        with pytest.raises(StrategyClosed) as caught:
            list(strategy.outcomes(item, range(5)))
        return caught.value

    strategy = GreenStrategy(2)
    strategy.__enter__()
    run = gevent.spawn(consume)
    entered.wait(BOUND)
    strategy.close(timeout=BOUND)
    assert sorted(ended) == [0, 1]
    assert "closed" in str(run.get(timeout=BOUND))


# ------------------------------------------------------------------------------------------ what goes along


def test_items_never_see_each_others_variables() -> None:
    """Each has a copy of the caller's context, also while others wait in between; with values of ours, or of others."""

    def item(x: int) -> int:
        before = VARIABLE.get()
        VARIABLE.set(x)
        gevent.sleep(0.001 * (x % 3))
        assert VARIABLE.get() == x
        return before

    strategy = GreenStrategy(10)
    assert set(strategy.map(item, range(50))) == {-1}
    token = VARIABLE.set(7)
    assert set(strategy.map(item, range(50))) == {7}
    VARIABLE.reset(token)
    assert VARIABLE.get() == -1


def test_a_shared_context_is_that_of_one_greenlet() -> None:
    """Successive items of it see each other's changes; the caller never does."""
    seen = GreenStrategy(1, shared_context=True).map(lambda x: (VARIABLE.get(), VARIABLE.set(x))[0], range(40))
    assert seen == [-1, *range(39)]
    assert VARIABLE.get() == -1


def test_items_have_the_random_numbers_of_their_index() -> None:
    """The same as on every strategy."""

    def draw(x: int) -> float:
        gevent.sleep(0.001 * (x % 2))
        return item_random().random()

    assert GreenStrategy(5).map(draw, range(20), seed=3) == SyncStrategy().map(draw, range(20), seed=3)


def test_each_greenlet_has_a_resource_of_its_own(folder: Folder) -> None:
    """Made for at most `max_workers`, used by one item at a time, kept between runs, given back at the end."""
    with GreenStrategy(5, worker_resource=partial(Connection, folder)) as strategy:
        assert strategy.map(use_connection, range(40)) == list(range(40))
        made = folder.count("made")
        assert strategy.map(use_connection, range(40)) == list(range(40))
        assert 1 <= made <= folder.count("made") <= 5
        assert folder.count("closed") == 0
    assert folder.count("closed") == folder.count("made")


def test_initializers_run_in_the_greenlet_that_items_run_in() -> None:
    """What they keep in a `threading.local` is there."""
    local = threading.local()

    def prepare(text: str) -> None:
        local.text = text

    strategy = GreenStrategy(3, initializer=prepare, initargs=("ready",))
    assert strategy.map(lambda x: (gevent.sleep(0.001), local.text)[1], range(10)) == ["ready"] * 10


def test_an_initializer_that_fails_ends_the_run() -> None:
    """Every item says so, with the initializer's own error as the cause."""
    outcomes = list(GreenStrategy(3, initializer=lambda: 1 / 0).outcomes(same, range(5)))
    assert {type(outcome.error) for outcome in outcomes} == {WorkerStartError}
    assert {type(outcome.error.__cause__) for outcome in outcomes} == {ZeroDivisionError}


# ----------------------------------------------------------------------------------------------------- async verbs


def test_async_verbs_work_on_a_cooperative_loop(folder: Folder) -> None:
    """Under gevent's patches an event loop waits cooperatively, too, so items and coroutines take turns."""
    strategy = GreenStrategy(10)

    async def main() -> list[int]:
        turns = 0

        async def tick() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())
        found = await strategy.amap(partial(meet, folder, 10), range(10))
        async with strategy.astream(slow_third, [folder] * 3, range(3)) as stream:
            async for pid in stream:
                assert pid == os.getpid()
                break
        ticker.cancel()
        assert turns > 1
        return found

    assert asyncio.run(main()) == list(range(10))
    assert folder.count("ended") in (0, 1)


def test_an_executor_runs_calls() -> None:
    """Its futures are waited for cooperatively."""
    with GreenStrategy(4).executor() as executor:
        gate = Semaphore(0)
        waiting = executor.submit(gate.acquire)
        done = executor.submit(same, 5)
        assert done.result(BOUND) == 5
        gate.release()
        assert waiting.result(BOUND)


# ------------------------------------------------------------------------------------------------------- the port


class Bench:
    """A port that is driven by hand."""

    def __init__(self, func: Any, workers: int, **more: Any) -> None:
        self.port = GreenletsPort(Call(func, **more), GreenCrew(Setup()))
        self.port.resize(workers)
        self.heard: list[Any] = []

    def hear(self) -> list[Any]:
        """Let the greenlets run until they say something, and return all that was said."""
        self.port.bell.wait(BOUND)
        new = self.port.poll()
        self.heard += new
        return new

    def until(self, kind: type, count: int) -> list[Any]:
        """Hear so many reports of a kind."""
        while sum(isinstance(report, kind) for report in self.heard) < count:
            assert self.hear(), "nothing more was said"
        return [report for report in self.heard if isinstance(report, kind)]


@pytest.fixture
def gate() -> Iterator[Semaphore]:
    """Return what items can be held at."""
    semaphore = Semaphore(0)
    yield semaphore
    for _ in range(1000):
        semaphore.release()


def test_a_recall_gives_back_what_nobody_has_claimed(gate: Semaphore) -> None:
    """All of it, or half; by exactly one answer, also where there is nothing to give."""
    bench = Bench(lambda x: (gate.acquire(), x)[1], 3)
    chunk = Chunk(1, 0, 100, list(range(20)))
    bench.port.start(chunk)
    gevent.sleep(0.01)
    bench.port.recall(chunk, True)
    (half,) = bench.until(Returned, 1)
    assert (half.first, half.count) == (111, 9)  # 3 are under way, 17 are left, 8 of these are kept
    bench.port.recall(chunk, False)
    rest = bench.until(Returned, 2)[1]
    assert (rest.first, rest.count) == (103, 8)
    bench.port.recall(chunk, False)
    none = bench.until(Returned, 3)[2]
    assert none.count == 0
    for _ in range(3):
        gate.release()
    done = bench.until(Done, 3)
    assert sorted(value for report in done for value in report.values) == [0, 1, 2]
    bench.port.close()
    assert len(bench.until(Returned, 3)) == 3


def test_what_is_done_is_reported_while_the_next_item_waits(gate: Semaphore) -> None:
    """Of a group of short items too, in the middle of which one waits after all; the rest is claimed by others."""
    bench = Bench(lambda x: (gate.acquire() if x == 150 else None, x)[1], 1)
    bench.port.start(Chunk(1, 0, 0, list(range(400))))
    while sum(len(report.values) for report in bench.heard if isinstance(report, Done)) < 150:
        assert bench.hear()
    bench.port.resize(2)
    while sum(len(report.values) for report in bench.heard if isinstance(report, Done)) < 399:
        assert bench.hear()
    gate.release()
    bench.hear()
    values = [value for report in bench.heard for value in report.values]
    assert sorted(values) == list(range(400))
    for report in bench.heard:
        assert report.values == list(range(report.first, report.first + len(report.values)))


def test_stopping_ends_that_item_and_no_other(gate: Semaphore) -> None:
    """Its greenlet is ended, a fresh one takes the place, and each item is announced before it runs."""
    bench = Bench(lambda x: (gate.acquire(), x)[1], 2, task_timeout=60.0)
    chunk = Chunk(1, 0, 0, list(range(3)))
    bench.port.start(chunk)
    bench.port.bell.wait(BOUND)
    assert [report.first for report in bench.port.poll() if isinstance(report, Started)] == [0, 1]
    bench.port.stop(chunk, 0)
    (failed,) = bench.until(Failed, 1)
    assert failed.index == 0
    assert isinstance(failed.error, gevent.GreenletExit)
    bench.port.stop(chunk, 0)  # it is over
    gate.release()
    gate.release()
    assert sorted(report.first for report in bench.until(Done, 2)) == [1, 2]


def test_fewer_workers_end_after_their_item(gate: Semaphore) -> None:
    """Nobody is interrupted; the port says how many calls there still are."""
    bench = Bench(lambda x: (gate.acquire(), x)[1], 4)
    bench.port.start(Chunk(1, 0, 0, list(range(8))))
    gevent.sleep(0.01)
    bench.port.resize(1)
    assert bench.port.span == 4
    for _ in range(3):
        gate.release()
    bench.until(Done, 3)
    assert bench.port.span == 1
    for _ in range(5):
        gate.release()
    assert len(bench.until(Done, 8)) == 8
