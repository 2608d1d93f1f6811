"""Rows A: the async verbs can be cancelled, and leave the loop alone."""

from __future__ import annotations

import time
from typing import Any

from . import specs
from .catalogue import case
from .probe import Async, Probe, plus_one

EVERY = "STPGIA"


def half_a_second(item: int) -> int:
    """Take half a second, and leave a trace."""
    specs.log("starts", item)
    time.sleep(0.5)
    return item


@case("A1", "STPHGIA", bound=3)
def cancelled(probe: Probe) -> None:
    """Cancelling an async call starts no further item, takes no longer than a running one, and harms nobody."""
    import anyio

    async def body() -> None:
        async with probe.make(2) as strategy:
            start = time.monotonic()
            with anyio.move_on_after(0.7) as scope:
                await strategy.amap(half_a_second, range(40))
            took = time.monotonic() - start
            assert scope.cancelled_caught
            assert took < 0.7 + 0.5 + 1.5, took
            started = len(specs.logged("starts"))
            assert started <= 3 * probe.width(2), started
            await anyio.sleep(0.6)
            assert len(specs.logged("starts")) == started, "items were started after cancelling"
            assert await strategy.amap(plus_one, range(5)) == [1, 2, 3, 4, 5]

    probe.run_async(body)


@case("A1", "STPHGIA", bound=3)
def stream_left(probe: Probe) -> None:
    """Leaving an async stream early, by `break`, an error or cancelling, does the same."""
    import anyio

    async def body() -> None:
        async with probe.make(2) as strategy:
            async with strategy.astream(brief, range(200)) as stream:
                async for _ in stream:
                    break
            try:
                async with strategy.aoutcomes(brief, range(200)) as stream:
                    async for _ in stream:
                        raise LookupError("the consumer's")
            except* LookupError:
                pass
            with anyio.move_on_after(0.2) as scope:
                async with strategy.astream(brief, range(200)) as stream:
                    async for _ in stream:
                        await anyio.lowlevel.checkpoint()
            assert scope.cancelled_caught
            started = len(specs.logged("starts"))
            await anyio.sleep(0.2)
            assert len(specs.logged("starts")) == started
            assert await strategy.amap(plus_one, range(5)) == [1, 2, 3, 4, 5]

    probe.run_async(body)


def brief(item: int) -> int:
    """Take 30 ms, and leave a trace."""
    specs.log("starts", item)
    time.sleep(0.03)
    return item


@case("A2", EVERY, bound=3)
def loop_stays_alive(probe: Probe) -> None:
    """During an async map of blocking functions the loop goes on: a 20 ms ticker never waits long."""
    import anyio

    gaps: list[float] = []

    async def tick() -> None:
        last = time.monotonic()
        while True:
            await anyio.sleep(0.02)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    async def body() -> None:
        async with probe.make(2) as strategy, anyio.create_task_group() as group:
            await strategy.amap(plus_one, range(8))  # the workers are there
            group.start_soon(tick)
            assert await strategy.amap(busy, range(12)) == list(range(12))
            assert len(await strategy.amap(Async(busy_a_little), range(200))) == 200
            group.cancel_scope.cancel()

    probe.run_async(body)
    # Most gaps, not the longest: another program may have had the CPU for as long as it liked.
    assert sorted(gaps)[len(gaps) * 8 // 10] < 0.19, sorted(gaps)


def busy(item: int) -> int:
    """Wait 50 ms."""
    time.sleep(0.05)
    return item


def busy_a_little(item: int) -> int:
    """Wait 1 ms."""
    time.sleep(0.001)
    return item


@case("A3", EVERY, bound=2)
def async_input(probe: Probe) -> None:
    """An async input that fails, or ends, does so to the caller; an async stream is closed by its block."""
    import anyio

    async def numbers(error: Exception | None) -> Any:
        for number in range(5):
            await anyio.lowlevel.checkpoint()
            yield number
        if error is not None:
            raise error

    async def body() -> None:
        async with probe.make(2) as strategy:
            assert await strategy.amap(plus_one, numbers(None)) == [1, 2, 3, 4, 5]
            error = LookupError("the input's")
            try:
                await strategy.amap(plus_one, numbers(error))
            except LookupError as caught:
                assert caught is error
            else:
                raise AssertionError("the input's error is lost")
            assert await strategy.amap(plus_one, range(3)) == [1, 2, 3]

    probe.run_async(body)


@case("A4", EVERY, bound=3)
def several_at_once(probe: Probe) -> None:
    """Several async calls of one strategy at once, of which one is cancelled and one fails, do not disturb the rest."""
    import anyio

    got: dict[str, Any] = {}

    async def body() -> None:
        async with probe.make(2) as strategy, anyio.create_task_group() as group:

            async def good(name: str) -> None:
                got[name] = await strategy.amap(brief, range(10))

            async def cancelled() -> None:
                with anyio.move_on_after(0.1):
                    await strategy.amap(brief, range(1000))

            async def failing() -> None:
                try:
                    await strategy.amap(fails, range(10))
                except ZeroDivisionError as error:
                    got["error"] = error

            for name in ("one", "two"):
                group.start_soon(good, name)
            group.start_soon(cancelled)
            group.start_soon(failing)

    probe.run_async(body)
    assert got["one"] == got["two"] == list(range(10))
    assert isinstance(got["error"], ZeroDivisionError)


def fails(item: int) -> float:
    """Fail for item 0."""
    return 1 / item
