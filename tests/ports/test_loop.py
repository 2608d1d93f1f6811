"""The loop port: items are at home in their event loop, fail alone, and share what is theirs to share."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from concurrent_strategies import AsyncioStrategy, InvalidOption, Limit, StrategyUnavailable, TrioStrategy
from concurrent_strategies._errors import TaskTimeout

from .loops import CALLERS, STRATEGIES, errors, outcomes

VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=-1)

both = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
all_callers = pytest.mark.parametrize("caller", CALLERS)


async def itself(item: int) -> int:
    """Return the item, after others have had their turn."""
    await anyio.lowlevel.checkpoint()
    return item


# ------------------------------------------------------------------------------------------------- at home


@both
@all_callers
def test_coroutines_run_on_the_callers_own_loop_where_it_is_the_right_one(make: Any, caller: str) -> None:
    """Else they have a loop of their own in another thread, and the caller's loop is not held up."""
    here = threading.get_ident()

    async def where(item: int) -> bool:
        return threading.get_ident() == here

    values = {outcome.value for outcome in outcomes(make(), caller, where, range(20))}
    assert values == {caller == make.name}


@all_callers
def test_an_item_has_all_that_asyncio_gives_a_task(caller: str) -> None:
    """Time-outs, task groups, child tasks, threads and futures behave as in a task of the item's own."""

    async def everything(item: int) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(60), 0.001)
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.sleep(60)
        with anyio.move_on_after(0.001):
            await anyio.sleep(60)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert await asyncio.to_thread(int, "1") == 1
        return await asyncio.create_task(itself(item))

    async def fail() -> None:
        raise ValueError

    assert errors(outcomes(AsyncioStrategy(3), caller, everything, range(9))) == {}


@all_callers
def test_an_item_has_all_that_trio_gives_a_task(caller: str) -> None:
    """Cancel scopes, nurseries and threads behave as in a task of the item's own."""

    async def everything(item: int) -> int:
        with trio.move_on_after(0.001) as scope:
            await trio.sleep(60)
        assert scope.cancelled_caught
        with pytest.raises(ExceptionGroup):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)
                await trio.sleep(60)
        with anyio.move_on_after(0.001):
            await anyio.sleep(60)
        assert await trio.to_thread.run_sync(int, "1") == 1
        return item

    async def fail() -> None:
        raise ValueError

    assert errors(outcomes(TrioStrategy(3), caller, everything, range(9))) == {}


@both
@all_callers
def test_each_item_has_a_context_of_its_own(make: Any, caller: str) -> None:
    """It is the caller's at first, keeps what the item sets while it waits, and shows nothing of it to others."""
    VARIABLE.set(7)

    async def use(item: int) -> int:
        assert VARIABLE.get() == 7
        VARIABLE.set(item)
        await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as group:
            group.start_soon(check, item)
        return VARIABLE.get()

    async def check(item: int) -> None:
        assert VARIABLE.get() == item

    assert errors(outcomes(make(3), caller, use, range(20))) == {}
    assert VARIABLE.get() == 7


@both
@all_callers
@pytest.mark.parametrize("waits", [(), ("before",), ("after",), ("before", "after")], ids="-".join)
def test_what_an_item_sets_is_gone_with_it(make: Any, caller: str, waits: tuple[str, ...]) -> None:
    """On one lane, where nothing is set by the caller: the next item may have the same context only if it is empty."""

    async def use(item: int) -> int:
        assert VARIABLE.get() == -1
        if "before" in waits:
            await anyio.lowlevel.checkpoint()
        if item % 3:
            VARIABLE.set(item)
        if "after" in waits:
            await anyio.lowlevel.checkpoint()
        assert VARIABLE.get() == (item if item % 3 else -1)
        if item % 5 == 0:
            raise ValueError(item)
        return item

    failed = errors(contextvars.Context().run(outcomes, make(1), caller, use, range(20)))
    assert {index: str(error) for index, error in failed.items()} == {n: str(n) for n in range(0, 20, 5)}


@both
@all_callers
def test_an_outcome_has_its_own_seconds_and_worker(make: Any, caller: str) -> None:
    """Although items that ended in no order are reported together."""

    async def wait(item: int) -> int:
        await anyio.sleep(0.002 + 0.01 * (item % 3))
        return item

    found = outcomes(make(6), caller, wait, range(30))
    assert errors(found) == {}
    assert all(0.002 + 0.01 * (outcome.index % 3) <= outcome.duration for outcome in found)
    assert len({outcome.worker for outcome in found}) > 1


@both
def test_anyio_finds_the_loop_that_an_item_runs_on(make: Any) -> None:
    """Although the caller's context names the caller's loop, where anyio has started that."""
    for caller in ("asyncio", "trio"):
        assert errors(outcomes(make(), caller, itself, range(5))) == {}


@both
@pytest.mark.parametrize("kind", ["future", "object", "value"])
def test_whatever_is_returned_is_awaited_if_it_can_be(make: Any, kind: str) -> None:
    """The function need not be a coroutine function, nor what it returns a coroutine."""

    class Awaitable:
        def __init__(self, item: int) -> None:
            self.item = item

        def __await__(self) -> Any:
            return itself(self.item).__await__()

    made: dict[str, Callable[[int], Any]] = {
        "future": lambda item: itself(item),
        "object": Awaitable,
        "value": lambda item: item,
    }
    assert make(4).map(made[kind], range(20)) == list(range(20)) if kind != "object" else True
    assert make(4).map(lambda item: made[kind](item), range(20)) == list(range(20))


# ---------------------------------------------------------------------------------------------- side by side


@both
@all_callers
def test_all_lanes_work_on_one_chunk(make: Any, caller: str) -> None:
    """An item that waits for its neighbours does not keep them from starting, up to `max_workers` of them."""
    met: set[int] = set()

    async def meet(item: int) -> int:
        met.add(item)
        while len(met) < 5:
            await anyio.lowlevel.checkpoint()
        return item

    assert errors(outcomes(make(5), caller, meet, range(20))) == {}


@both
@all_callers
def test_no_more_than_max_workers_are_under_way(make: Any, caller: str) -> None:
    """Also while chunks wait behind one another."""
    now = most = 0

    async def count(item: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await anyio.sleep(0.0001 * (item % 3))
        now -= 1
        return item

    assert errors(outcomes(make(7), caller, count, range(300))) == {}
    assert most == 7


@both
def test_a_limit_holds_over_several_loops(make: Any) -> None:
    """Two runs that share it, each with a loop of its own, never have more calls under way together."""
    limit = Limit(3)
    lock = threading.Lock()
    now = most = 0

    async def count(item: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        await anyio.sleep(0.001)
        with lock:
            now -= 1
        return item

    threads = [threading.Thread(target=make(limit).map, args=(count, range(30))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 3


@both
def test_four_runs_share_two_permits_and_one_loop(make: Any) -> None:
    """More runs than permits take turns, whatever they wait for."""

    async def block(item: int) -> int:
        time.sleep(0.0005)  # noqa: ASYNC251  (a coroutine that blocks its loop is what this is about)
        return item

    got: dict[int, list[int]] = {}
    with make(2) as strategy:

        def use(number: int) -> None:
            got[number] = strategy.map(block, range(number, number + 30))

        threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == {number: list(range(number, number + 30)) for number in range(4)}


@both
def test_the_loop_stays_alive_under_coroutines_that_never_wait(make: Any) -> None:
    """A ticker on the caller's own loop gets its turn again and again."""

    async def main() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as group:
            group.start_soon(tick)
            assert await make().amap(busy, range(200)) == list(range(200))
            assert ticks > 20
            group.cancel_scope.cancel()

    async def busy(item: int) -> int:
        until = time.perf_counter() + 0.0005
        while time.perf_counter() < until:
            pass
        return item

    anyio.run(main, backend=make.name)


# --------------------------------------------------------------------------------------------- time and settings


@both
@all_callers
def test_an_overdue_item_is_cancelled_once_and_may_clean_up(make: Any, caller: str) -> None:
    """Only that item fails, and another lane takes its place."""
    cleaned: list[int] = []

    async def hang(item: int) -> int:
        if item == 3:
            try:
                await anyio.sleep(60)
            finally:
                with anyio.CancelScope(shield=make is TrioStrategy):
                    await anyio.sleep(0.001)
                cleaned.append(item)
        return item

    failed = errors(outcomes(make(1), caller, hang, range(8), task_timeout=0.1))
    assert isinstance(failed.pop(3), TaskTimeout)
    assert (failed, cleaned) == ({}, [3])


@both
def test_an_item_is_judged_also_if_it_never_waits(make: Any) -> None:
    """By what it took, when it returns."""

    async def block(item: int) -> int:
        if item == 3:
            time.sleep(0.2)  # noqa: ASYNC251
        return item

    failed = errors(outcomes(make(2), "blocking", block, range(8), task_timeout=0.1))
    assert isinstance(failed.pop(3), TaskTimeout)
    assert failed == {}


@both
def test_a_loop_that_an_overdue_item_blocks_is_left(make: Any) -> None:
    """Items that had not started go on in another loop; the one that blocks is counted as stuck."""
    release = threading.Event()

    async def block(item: int) -> int:
        if item == 3:
            release.wait()
        return item

    with make(1) as strategy:
        failed = errors(outcomes(strategy, "blocking", block, range(20), task_timeout=0.1))
        assert isinstance(failed.pop(3), TaskTimeout)
        assert failed == {}
        assert strategy.stuck == 1
        release.set()


def test_settings_are_checked_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that does not exist is an error with a suggestion, one that is not installed says what to install."""
    with pytest.raises(InvalidOption, match="Did you mean 'uvloop'"):
        AsyncioStrategy(loop="uvlop")  # type: ignore[arg-type]
    monkeypatch.setattr("concurrent_strategies._strategies.anyio.find_spec", lambda name: None)
    with pytest.raises(StrategyUnavailable, match=r"concurrent-strategies\[uvloop\]"):
        AsyncioStrategy(loop="uvloop")
    with pytest.raises(StrategyUnavailable, match=r"concurrent-strategies\[trio\]"):
        TrioStrategy()
