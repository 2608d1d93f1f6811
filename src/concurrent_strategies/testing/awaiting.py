"""Promises about the async verbs, and about callers that are inside an event loop."""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from .._errors import InvalidOption, ItemExited, RunTimeout, TaskTimeout
from .._outcome import Failure, Success
from .functions import (
    NUMBER,
    Boom,
    add,
    adeep,
    adouble,
    araise_on_three,
    deep,
    dice,
    double,
    nap,
    raise_on_three,
    variables,
)
from .noting import abusy, busy, ping, wait_for
from .promises import Promises, board, notes, raised

DOUBLES = list(range(0, 40, 2))


async def numbers(count: int, error: BaseException | None = None) -> AsyncIterator[int]:
    """Yield numbers, one turn of the loop after the other, then raise."""
    for x in range(count):
        await checkpoint()
        yield x
    if error is not None:
        raise error


async def araised(kind: type[BaseException], awaitable: Any) -> Any:
    """Return the error of this kind that an awaitable raises."""
    try:
        result = await awaitable
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised, but there was {result!r}")


class AwaitingPromises(Promises):
    """The async verbs do as the others, and the loop stays alive."""

    def test_amap_returns_what_map_does(self) -> None:
        """Of both colours, in order."""

        async def main() -> None:
            async with self.new() as strategy:
                assert await strategy.amap(double, range(20)) == DOUBLES
                assert await strategy.amap(adouble, range(20)) == DOUBLES
                assert await strategy.amap(add, [1, 2, 3], iter([10, 20])) == [11, 22]
                assert await strategy.amap(double, []) == []

        self.run_async(main)

    def test_astream_yields_what_stream_does(self) -> None:
        """In order, or all of it in any order."""

        async def main() -> None:
            async with self.new() as strategy:
                async with strategy.astream(double, range(20)) as stream:
                    assert [x async for x in stream] == DOUBLES
                async with strategy.astream(adouble, iter(range(20)), ordered=False) as stream:
                    assert sorted([x async for x in stream]) == DOUBLES

        self.run_async(main)

    def test_aoutcomes_yield_what_outcomes_do(self) -> None:
        """A success or a failure for each item."""

        async def main() -> None:
            for func in (deep, adeep):
                async with self.new().aoutcomes(func, range(8)) as stream:
                    outcomes = [outcome async for outcome in stream]
                assert [isinstance(outcome, Success) for outcome in outcomes] == [x != 3 for x in range(8)]
                assert isinstance(outcomes[3], Failure)
                assert isinstance(outcomes[3].error, Boom)

        self.run_async(main)

    def test_async_iterables_are_inputs(self) -> None:
        """Alone, and beside plain ones."""

        async def main() -> None:
            strategy = self.new()
            assert await strategy.amap(double, numbers(20)) == DOUBLES
            assert await strategy.amap(add, numbers(3), [10, 20, 30, 40]) == [10, 21, 32]

        self.run_async(main)

    def test_an_error_of_an_async_input_comes_after_its_items(self) -> None:
        """As in the blocking verbs."""

        async def main() -> None:
            got: list[int] = []
            async with self.new().astream(double, numbers(5, Boom("input"))) as stream:
                error = await araised(Boom, _collect(stream, got))
            assert (got, error.args) == ([0, 2, 4, 6, 8], ("input",))

        self.run_async(main)

    def test_endless_async_work_stays_within_the_window(self) -> None:
        """At most the window is read ahead of the consumer."""

        async def main() -> None:
            pulled = itertools.count()
            async with self.new(buffersize=8).astream(double, pulled) as stream:
                got = [await anext(stream) for _ in range(5)]
                await anyio.sleep(0.05)
                assert next(pulled) <= 5 + 8
            assert got == [0, 2, 4, 6, 8]

        self.run_async(main)

    def test_the_input_is_read_in_the_callers_thread(self) -> None:
        """Generators and cursors are not safe elsewhere."""

        async def main() -> None:
            threads: set[int] = set()

            def items() -> Iterator[int]:
                for x in range(30):
                    threads.add(threading.get_ident())
                    yield x

            assert await self.new(buffersize=4).amap(double, items()) == list(range(0, 60, 2))
            assert threads == {threading.get_ident()}

        self.run_async(main)

    def test_errors_come_as_in_the_blocking_verbs(self) -> None:
        """Own type, own note, after the results before it; exits as a cause."""

        async def main() -> None:
            async with self.new() as strategy:
                for func in (deep, adeep):
                    error = await araised(Boom, strategy.amap(func, range(8)))
                    assert "item 3" in notes(error)
                    got: list[int] = []
                    async with strategy.astream(func, range(8)) as stream:
                        await araised(Boom, _collect(stream, got))
                    assert got == [0, 2, 4]
                exits = functools.partial(raise_on_three, SystemExit(3))
                assert isinstance((await araised(ItemExited, strategy.amap(exits, range(8)))).__cause__, SystemExit)
                group = await araised(ExceptionGroup, strategy.amap(deep, [3, 1, 3], on_error="collect"))
                assert len(group.exceptions) == 2

        self.run_async(main)

    def test_an_items_cancellation_cancels_nobody_else(self) -> None:
        """An item that raises asyncio's cancellation is a failed item, whatever loop it is in."""

        async def main() -> None:
            for func in (raise_on_three, araise_on_three):
                cancels = functools.partial(func, asyncio.CancelledError("item"))
                error = await araised(ItemExited, self.new().amap(cancels, range(8)))
                assert isinstance(error.__cause__, asyncio.CancelledError)

        self.run_async(main)

    def test_the_loop_stays_alive_during_an_async_map(self, tmp_path: Path) -> None:
        """Blocking items wait for what only a task of the same loop can do."""

        async def main() -> None:
            notices = board(tmp_path)
            async with anyio.create_task_group() as group:
                group.start_soon(ping, notices, 10, "pinged")
                assert await self.new().amap(functools.partial(wait_for, notices, "pinged"), range(6)) == list(range(6))

        self.run_async(main)

    def test_a_cancelled_map_starts_nothing_more(self, tmp_path: Path) -> None:
        """What runs is ended, or ends by itself; the strategy stays usable."""
        for number, func in enumerate((busy, abusy)):
            folder = tmp_path / str(number)
            folder.mkdir()
            self.run_async(self._cancel, board(folder), func)

    async def _cancel(self, notices: Any, func: Any) -> None:
        async with self.new(max_workers=2) as strategy:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(_after, notices, "start-0", scope)
                    await strategy.amap(functools.partial(func, notices, 0.05), range(500), chunksize=1)
            assert scope.cancelled_caught
            started = notices.count("start-")
            assert started < 300
            await anyio.sleep(0.2)
            assert notices.count("start-") <= started
            assert await strategy.amap(double, range(4)) == [0, 2, 4, 6]

    def test_leaving_an_async_stream_starts_nothing_more(self, tmp_path: Path) -> None:
        """The block ends the run, after a break as after an error."""

        async def main() -> None:
            notices = board(tmp_path)
            async with self.new(max_workers=2) as strategy:
                func = functools.partial(busy, notices, 0.02)
                async with strategy.astream(func, range(500), chunksize=1) as stream:
                    async for _ in stream:
                        break
                started = notices.count("start-")
                await anyio.sleep(0.15)
                assert notices.count("start-") <= started < 300
                assert await strategy.amap(double, range(4)) == [0, 2, 4, 6]

        self.run_async(main)

    def test_an_async_stream_needs_its_block(self) -> None:
        """Without `async with` the first result is an error that says so."""

        async def main() -> None:
            error = await araised(RuntimeError, anext(self.new().astream(double, [1])))
            assert "async with" in str(error)

        self.run_async(main)

    def test_several_async_maps_run_beside_each_other(self) -> None:
        """Each has its own results."""

        async def main() -> None:
            found: dict[int, list[int]] = {}

            async def caller(strategy: Any, number: int) -> None:
                found[number] = await strategy.amap(add, range(30), [100 * number] * 30)

            async with self.new() as strategy, anyio.create_task_group() as group:
                for number in range(4):
                    group.start_soon(caller, strategy, number)
            assert found == {number: [100 * number + x for x in range(30)] for number in range(4)}

        self.run_async(main)

    def test_bounds_hold_for_async_verbs(self) -> None:
        """Time-outs of items and of runs."""

        async def main() -> None:
            async with self.new(max_workers=2) as strategy:
                await strategy.amap(double, range(4))
                error = await araised(RunTimeout, strategy.amap(nap, [0.02] * 10_000, timeout=0.5, chunksize=1))
                assert error.seconds == 0.5
                async with strategy.aoutcomes(nap, [0.0, 0.8, 0.0], task_timeout=0.2) as stream:
                    outcomes = [outcome async for outcome in stream]
                assert [isinstance(outcome, Success) for outcome in outcomes] == [True, False, True]
                assert isinstance(outcomes[1].error, TaskTimeout)

        self.run_async(main)

    def test_variables_and_seeds_go_along_with_async_verbs(self) -> None:
        """As with the others."""

        async def main() -> None:
            NUMBER.set(5)
            strategy = self.new(seed=3, context=[NUMBER])
            assert await strategy.amap(variables, range(3)) == [(5, "none")] * 3
            assert await strategy.amap(dice, range(3)) == self.new().map(dice, range(3), seed=3)

        self.run_async(main)

    def test_blocking_verbs_work_inside_a_running_loop(self) -> None:
        """As in a notebook: the right result, for both colours."""

        async def main() -> None:
            with self.new() as strategy:
                assert strategy.map(double, range(20)) == DOUBLES
                assert list(strategy.stream(adouble, range(20))) == DOUBLES
            assert self.new().map(adouble, range(20)) == DOUBLES

        self.run_async(main)

    def test_blocking_verbs_refuse_async_iterables(self) -> None:
        """With the names of those that take them."""
        assert "amap" in str(raised(InvalidOption, self.new().map, double, numbers(3)))

    def test_async_items_of_a_slow_consumer_are_not_late(self) -> None:
        """The consumer's own time is nobody else's."""

        async def main() -> None:
            got = []
            async with self.new() as strategy:
                await strategy.amap(adouble, range(20))  # what it takes to start workers is not what this is about
                async with strategy.astream(adouble, range(5), task_timeout=0.3, chunksize=1) as stream:
                    async for x in stream:
                        await anyio.sleep(0.1)
                        got.append(x)
            assert got == [0, 2, 4, 6, 8]

        began = time.monotonic()
        self.run_async(main)
        assert time.monotonic() - began >= 0.5


async def _collect(stream: Any, into: list[Any]) -> None:
    async for result in stream:
        into.append(result)  # noqa: PERF401  (what came before an error must be there)


async def _after(notices: Any, name: str, scope: anyio.CancelScope) -> None:
    await notices.await_(name)
    scope.cancel()
