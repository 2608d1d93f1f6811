"""Rows F9 to F16 and N, as far as they can be shown within a program: forked children, loops, and runs within runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import concurrent_strategies as cs

from . import specs
from .catalogue import case
from .probe import Async, Probe, caught, plus_one, same

EVERY = "STPGIA"
LOCK = threading.Lock()


def takes_the_lock(item: int) -> int:
    """Take a lock that another thread of the parent may hold."""
    with LOCK:
        return item


@case("F8", "TPWI", bound=5)
def lock_held(probe: Probe) -> None:
    """A lock that another thread holds when the workers start is not held in them."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with LOCK:
            taken.set()
            done.wait(0.5 if probe.kind == "T" else 20.0)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    try:
        with probe.make(2) as strategy:
            assert strategy.map(takes_the_lock, range(8)) == list(range(8))
    finally:
        done.set()
        holder.join()


def _in_child(body: Callable[[], object], seconds: float = 8.0, *, leave: Callable[[], object] | None = None) -> None:
    """Run something in a forked child, and check that it ends well and in time."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            body()
            status = 0
        except BaseException:
            import traceback

            specs.log("child", traceback.format_exc())
        finally:
            if leave is not None:
                leave()
            os._exit(status)
    deadline = time.monotonic() + seconds
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGUSR1)  # it says where it hangs
            time.sleep(0.3)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            where = (specs.scratch() / "stacks").read_text()
            raise AssertionError(f"the forked child hangs:\n{where}")
        time.sleep(0.01)
    assert ended[1] == 0, f"the forked child ended by {ended[1]}: {specs.logged('child')}"


def _works_or_closed(strategy: Any) -> None:
    raised = caught(lambda: strategy.map(plus_one, range(20)) == list(range(1, 21)))
    assert raised is None or isinstance(raised, cs.StrategyClosed), raised


@case("F9", "STPWFHGIA", bound=2, alone=True)
def in_a_forked_child(probe: Probe) -> None:
    """In a forked child the strategy has workers of its own, or says that it has none; the parent goes on."""
    with probe.make(2) as strategy:
        probe.usable(strategy)
        for _ in range(2):
            _in_child(lambda: _works_or_closed(strategy))
            probe.usable(strategy)
        cold = probe.make(2)
        probe.usable(cold)
        _in_child(lambda: _works_or_closed(cold))
        probe.usable(cold)


@case("F9", "STPFGIA", bound=2, alone=True)
def forked_child_closes(probe: Probe) -> None:
    """A forked child that closes or forgets the strategy, or a stream, does not touch the parent's workers."""
    with probe.make(2) as strategy:
        stream = strategy.stream(pause, range(60))
        seen = [next(stream)]

        def forget() -> None:
            nonlocal stream
            stream = None
            gc.collect()
            strategy.close()

        for body in (strategy.close, stream.close, forget):
            _in_child(body)
            seen.append(next(stream))
        seen += stream
        assert seen == list(range(60)), seen
        probe.usable(strategy)


@case("F9", EVERY, bound=2, alone=True)
def forked_child_exits(probe: Probe) -> None:
    """Nor does one that ends as a program does, with all its objects."""
    with probe.make(2) as strategy:
        with strategy.stream(pause, range(60)) as stream:
            seen = [next(stream)]
            child = os.fork()
            if not child:
                sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
                import atexit

                atexit._run_exitfuncs()
                gc.collect()
                os._exit(0)
            os.waitpid(child, 0)
            seen += stream
        assert seen == list(range(60)), seen
        probe.usable(strategy)


@case("F9", "TPFA", bound=3, alone=True)
def forked_while_others_run(probe: Probe) -> None:
    """A fork at any moment of a run in another thread does not leave a child that hangs."""
    with probe.make(2) as strategy:
        stop = threading.Event()

        def busy() -> None:
            while not stop.is_set():
                strategy.map(same, range(200))

        thread = threading.Thread(target=busy)
        thread.start()
        try:
            for _ in range(6):
                _in_child(lambda: _works_or_closed(strategy))
        finally:
            stop.set()
            thread.join()
        probe.usable(strategy)


def pause(item: int) -> int:
    """Take 10 ms."""
    time.sleep(0.01)
    return item


@case("F11", EVERY, bound=2)
def in_a_running_loop(probe: Probe) -> None:
    """A blocking verb inside `async def` gives the right result on every strategy."""

    async def body() -> None:
        for func in (plus_one, Async(plus_one)):
            with probe.make(2) as strategy:
                assert strategy.map(func, range(20)) == list(range(1, 21))
                assert list(strategy.stream(func, iter(range(20)))) == list(range(1, 21))
            assert probe.make(2).map(func, range(20)) == list(range(1, 21))

    probe.run_async(body)
    probe.usable(probe.make(2))


def nested(spec: str, item: int) -> int:
    """Run a strategy of the same kind."""
    inner = specs.make(spec, 2)
    return sum(inner.map(plus_one, range(item)))


@case("F12", "STPWHGIA", bound=6)
def strategy_inside_a_strategy(probe: Probe) -> None:
    """A function may open a strategy of the same kind."""
    with probe.make(2) as strategy:
        func = partial(nested, probe.spec)
        assert strategy.map(func, range(6)) == [sum(range(1, n + 1)) for n in range(6)]
        probe.usable(strategy)
    assert probe.make(2).map(partial(nested, probe.spec), [3]) == [6]


@case("F12", "TPA", bound=6)
def every_kind_inside(probe: Probe) -> None:
    """A function may open a strategy of any other kind."""
    others = [name for name in specs.SPECS if not name.startswith("process-") and "green" not in name]
    with probe.make(2) as strategy:
        for other in others:
            assert strategy.map(partial(nested, other), [1, 2, 3, 4]) == [1, 3, 6, 10], other
        probe.usable(strategy)


@case("F13", "STGA", bound=2)
def same_strategy_inside_its_worker(probe: Probe) -> None:
    """The one worker of a strategy may use that strategy."""
    for workers in (1, 2):
        with probe.make(workers) as strategy:

            def again(item: int, strategy: Any = strategy) -> list[int]:
                return strategy.map(plus_one, range(item))  # type: ignore[no-any-return]

            def twice(item: int, strategy: Any = strategy, again: Any = again) -> list[list[int]]:
                return list(strategy.stream(again, range(item)))

            expected = [[list(range(1, k + 1)) for k in range(n)] for n in range(5)]
            assert strategy.map(twice, range(5)) == expected
            probe.usable(strategy)


@case("F13", "A", bound=2)
def same_strategy_awaited_inside(probe: Probe) -> None:
    """So may a coroutine, which awaits it."""
    with probe.make(1) as strategy:

        async def again(item: int) -> list[int]:
            return await strategy.amap(Async(plus_one), range(item))  # type: ignore[no-any-return]

        async def blocking(item: int) -> list[int]:
            return strategy.map(plus_one, range(item))  # type: ignore[no-any-return]

        assert strategy.map(again, range(5)) == [list(range(1, n + 1)) for n in range(5)]
        assert strategy.map(blocking, range(5)) == [list(range(1, n + 1)) for n in range(5)]
        probe.usable(strategy)


@case("F14", EVERY, bound=5)
def four_threads(probe: Probe) -> None:
    """Four threads that share one strategy get their own results each."""
    for func in (pause_briefly, Async(pause_briefly)):
        with probe.make(2) as strategy:
            got: dict[int, Any] = {}

            def use(number: int, strategy: Any = strategy, got: Any = got, func: Any = func) -> None:
                try:
                    got[number] = strategy.map(func, range(number * 1000, number * 1000 + 50))
                except BaseException as error:
                    got[number] = error

            threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert got == {n: list(range(n * 1000, n * 1000 + 50)) for n in range(4)}
            probe.usable(strategy)


def pause_briefly(item: int) -> int:
    """Take a moment."""
    time.sleep(0.001)
    return item


@case("F14", EVERY, bound=5)
def two_streams_at_once(probe: Probe) -> None:
    """Two streams of one strategy, read in turns, and one that is not read at all, do not block each other."""
    with probe.make(2) as strategy:
        waiting = strategy.stream(pause_briefly, range(100))
        next(waiting)
        first, second = strategy.stream(same, range(100)), strategy.stream(same, range(100))
        assert list(zip(first, second, strict=True)) == [(k, k) for k in range(100)]
        probe.usable(strategy)
        assert list(waiting) == list(range(1, 100))


@case("N1", "T", bound=2)
def nested_twice_on_two_workers(probe: Probe) -> None:
    """A map in a map in a map on the same two threads ends, right."""
    with probe.make(2) as strategy:

        def level(depth: int, item: int) -> int:
            if not depth:
                time.sleep(0.005)
                return item
            return sum(strategy.map(partial(level, depth - 1), [item, item + 1]))

        assert strategy.map(partial(level, 2), [0, 10]) == [4, 44]
        probe.usable(strategy)


@case("N2", "P", bound=6)
def nested_processes_share_the_cores(probe: Probe) -> None:
    """Processes that start processes do not multiply: the inner ones get what is left of the cores."""
    with probe.make() as strategy:
        workers = strategy.map(default_workers, range(4))
        cores = len(os.sched_getaffinity(0))
        assert max(workers) == 1 or max(workers) * strategy.most() <= cores, workers


def default_workers(item: int) -> int:
    """Return how many workers a process strategy would have here."""
    return cs.ProcessStrategy().most()
