"""The loop port under items that behave badly: whatever an item does to its task or its loop, it does to itself."""

from __future__ import annotations

import asyncio
import concurrent.futures
import subprocess
import sys
import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from concurrent_strategies import AsyncioStrategy, StrategyClosed, TrioStrategy, WorkerStartError
from concurrent_strategies._errors import TaskTimeout

from .loops import CALLERS, STRATEGIES, errors, outcomes

both = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
all_callers = pytest.mark.parametrize("caller", CALLERS)


class Own(BaseException):
    """What no library can know."""


RAISED = [SystemExit(3), GeneratorExit(), Own(), asyncio.CancelledError(), concurrent.futures.CancelledError()]


async def itself(item: int) -> int:
    """Return the item, after others have had their turn."""
    await anyio.lowlevel.checkpoint()
    return item


# ------------------------------------------------------------------------------------------------ what items raise


@both
@all_callers
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("late", [False, True], ids=["at-once", "after-a-wait"])
def test_what_an_item_raises_is_its_own(make: Any, caller: str, error: BaseException, late: bool) -> None:
    """Kept as it is, before and after the item has waited; the lane goes on with the next."""

    async def fail(item: int) -> int:
        if late:
            await anyio.lowlevel.checkpoint()
        if item == 3:
            raise error
        return await itself(item)

    assert errors(outcomes(make(2), caller, fail, range(8))) == {3: error}


@both
@all_callers
def test_an_items_keyboard_interrupt_is_the_callers_in_the_callers_own_thread(make: Any, caller: str) -> None:
    """There it ends the run, as Ctrl-C would; in the thread of another loop it is an item's error like any."""
    error = KeyboardInterrupt()

    async def fail(item: int) -> int:
        if item == 3:
            raise error
        return await itself(item)

    if caller == make.name:
        with pytest.raises(KeyboardInterrupt):
            outcomes(make(2), caller, fail, range(8))
    else:
        assert errors(outcomes(make(2), caller, fail, range(8))) == {3: error}


@both
@all_callers
def test_the_traceback_begins_in_the_items_code(make: Any, caller: str) -> None:
    """None of our frames stand before the user's."""

    async def fail(item: int) -> int:
        await anyio.lowlevel.checkpoint()
        raise ValueError(item)

    (error,) = errors(outcomes(make(2), caller, fail, [0])).values()
    assert error.__traceback__ is not None
    assert error.__traceback__.tb_frame.f_code is fail.__code__
    assert error.__context__ is None


# ------------------------------------------------------------------------------------- what items do to their task


@all_callers
@pytest.mark.parametrize("when", ["before-it-waits", "as-it-returns", "by-a-timer"])
def test_an_item_that_cancels_its_task_cancels_itself(caller: str, when: str) -> None:
    """`current_task().cancel()` fails the item with `CancelledError`, whenever that comes out, and no other."""

    async def cancel(item: int) -> int:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        if item == 3 and when != "by-a-timer":
            task.cancel()
        if when == "before-it-waits":
            await asyncio.sleep(0)
        if item == 3 and when == "by-a-timer":
            loop.call_soon(task.cancel)
            await asyncio.sleep(60)
        return item

    (index, error), *others = errors(outcomes(AsyncioStrategy(2), caller, cancel, range(20))).items()
    assert (index, others) == (3, [])
    assert isinstance(error, asyncio.CancelledError)


@pytest.mark.parametrize("caller", ["blocking", "trio"])
def test_an_item_that_cancels_all_tasks_costs_those_under_way(caller: str) -> None:
    """The run goes on with the rest, in the same loop."""

    async def cancel(item: int) -> int:
        await asyncio.sleep(0)
        if item == 3:
            for task in asyncio.all_tasks():
                task.cancel()
        await asyncio.sleep(0)
        return item

    failed = errors(outcomes(AsyncioStrategy(2), caller, cancel, range(20)))
    assert 3 in failed
    assert len(failed) <= 2


@pytest.mark.parametrize("caller", ["blocking", "trio"])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=lambda error: type(error).__name__)
def test_what_a_child_task_raises_does_not_end_the_loop(caller: str, error: BaseException) -> None:
    """Asyncio lets these two through its loop; the item that awaits the task gets them, and the loop goes on."""

    async def fail() -> None:
        raise error

    async def spawn(item: int) -> int:
        if item == 3:
            await asyncio.create_task(fail())
        return await itself(item)

    assert errors(outcomes(AsyncioStrategy(2), caller, spawn, range(20))) == {3: error}


@pytest.mark.parametrize("caller", ["blocking", "trio"])
def test_an_item_that_stops_the_loop_stops_nothing(caller: str) -> None:
    """`loop.stop()` is not for an item to say."""

    async def stop(item: int) -> int:
        if item == 3:
            asyncio.get_running_loop().stop()
        return await itself(item)

    assert errors(outcomes(AsyncioStrategy(2), caller, stop, range(20))) == {}


@pytest.mark.parametrize("caller", ["blocking", "asyncio"])
def test_a_loop_that_ends_under_its_items_ends_the_run(caller: str) -> None:
    """One clear error with the cause, and the next run has a new loop."""

    async def crash(item: int) -> int:
        if item == 3:
            trio.lowlevel.spawn_system_task(fail)
        return await itself(item)

    async def fail() -> None:
        raise ValueError("a system task must not")

    with TrioStrategy(2) as strategy:
        failed = {o.index: o.error for o in outcomes(strategy, caller, crash, range(20)) if hasattr(o, "error")}
        assert failed
        assert {type(error) for error in failed.values()} == {WorkerStartError}
        assert {type(error.__cause__) for error in failed.values()} == {trio.TrioInternalError}
        assert strategy.map(itself, range(5)) == list(range(5))


# ----------------------------------------------------------------------------------------------- refusing to end


def test_an_item_that_refuses_to_end_hangs_nobody() -> None:
    """Neither its own run, which has told it to by `task_timeout`, nor the next one."""
    release = threading.Event()

    async def refuse(item: int) -> int:
        while item == 3 and not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return item

    with AsyncioStrategy(2) as strategy:
        failed = errors(outcomes(strategy, "blocking", refuse, range(8), task_timeout=0.1))
        assert isinstance(failed.pop(3), TaskTimeout)
        assert failed == {}
        assert strategy.map(itself, range(5)) == list(range(5))
        release.set()


@both
def test_closing_the_strategy_ends_the_runs_of_other_threads(make: Any) -> None:
    """With an error that says so; what they had running is cancelled, and none is left waiting."""
    started = threading.Semaphore(0)
    cancelled: list[int] = []
    got: list[BaseException] = []

    async def wait(item: int) -> None:
        started.release()
        try:
            await anyio.sleep(60)
        finally:
            cancelled.append(item)

    strategy = make(2).__enter__()

    def use() -> None:
        try:
            strategy.map(wait, range(20))
        except StrategyClosed as error:
            got.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    for _ in range(2):
        started.acquire()
    strategy.close(timeout=0.2)
    thread.join()
    assert len(got) == 1
    assert sorted(cancelled) == [0, 1]


@both
def test_leaving_a_stream_ends_what_runs(make: Any) -> None:
    """At once, with time for clean-up, and nothing more is started."""
    started: list[int] = []
    ended: list[int] = []

    async def wait(item: int) -> int:
        if item:
            started.append(item)
            try:
                await anyio.sleep(60)
            finally:
                ended.append(item)
        return item

    with make(4).stream(wait, range(100)) as stream:
        assert next(stream) == 0
    assert len(started) <= 4
    assert sorted(ended) == sorted(started)


# -------------------------------------------------------------------------------------------------------- nesting


@both
@pytest.mark.parametrize("workers", [1, 2])
def test_a_coroutine_may_block_its_loop_with_the_same_strategy(make: Any, workers: int) -> None:
    """Two deep, and awaited or not: a run inside an item never waits for the loop that waits for it."""
    with make(workers) as strategy:

        async def block(item: int) -> list[int]:
            return strategy.map(itself, range(item))  # type: ignore[no-any-return]

        async def wait(item: int) -> list[int]:
            return await strategy.amap(itself, range(item))  # type: ignore[no-any-return]

        async def both_ways(item: int) -> list[list[int]]:
            return [*strategy.map(wait, range(item)), *await strategy.amap(block, range(item))]

        assert strategy.map(both_ways, range(3)) == [[], [[], []], [[], [0], [], [0]]]


# --------------------------------------------------------------------------------------------------- what is left


@both
def test_nothing_is_left_of_a_run(make: Any) -> None:
    """No thread, outside of `with`; and inside, one loop for all runs, which ends with the block."""
    before = set(threading.enumerate())
    make(2).map(itself, range(5))
    assert set(threading.enumerate()) == before
    with make(2) as strategy:
        for _ in range(3):
            strategy.map(itself, range(5))
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) == before


def test_a_loop_is_a_real_thread_in_a_patched_program() -> None:
    """Where gevent has patched threads, greenlets go on while a run waits for its loop, also in a run of its own."""
    program = """
from gevent import monkey, spawn, sleep
monkey.patch_all()
import asyncio
from concurrent_strategies import AsyncioStrategy

async def itself(item):
    await asyncio.sleep(0.001)
    return item

async def nested(item):
    return strategy.map(itself, range(item))

ticks = []
def tick():
    while True:
        ticks.append(0)
        sleep(0.001)

spawn(tick)
with AsyncioStrategy(2) as strategy:
    assert strategy.map(itself, range(50)) == list(range(50))
    assert len(ticks) > 3, ticks
    assert strategy.map(nested, range(3)) == [[], [0], [0, 1]]
    assert strategy.map(lambda item: itself(item), range(5)) == list(range(5))
    assert asyncio.run(strategy.amap(itself, range(5))) == list(range(5))
print("ended")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("ended\n", "", 0)
