"""The async streams: on every strategy and in both loops, whatever the consumer, the input or a cancellation does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from concurrent_strategies import AsyncioStrategy, SyncStrategy, ThreadStrategy, TrioStrategy

MADE = {"sync": SyncStrategy, "thread": ThreadStrategy, "asyncio": AsyncioStrategy, "trio": TrioStrategy}

every = pytest.mark.parametrize("make", MADE.values(), ids=MADE)
loops = pytest.mark.parametrize("loop", ["asyncio", "trio"])


def itself(item: int) -> int:
    """Return the item."""
    return item


async def awaited(item: int) -> int:
    """Return the item, after others have had their turn."""
    await anyio.lowlevel.checkpoint()
    return item


def run(loop: str, main: Callable[[], Awaitable[None]]) -> None:
    """Run it in this loop."""
    anyio.run(main, backend=loop)


class Numbers:
    """An async input that counts how far it was read, and can be made to wait."""

    def __init__(self, end: int, wait_at: int | None = None) -> None:
        self.read = 0
        self._end = end
        self._wait_at = wait_at
        self.go_on = anyio.Event()

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if self.read == self._wait_at:
            await self.go_on.wait()
        if self.read == self._end:
            raise StopAsyncIteration
        self.read += 1
        return self.read - 1


# ------------------------------------------------------------------------------------------------------- input


@every
@loops
@pytest.mark.parametrize("func", [itself, awaited])
def test_inputs_of_every_kind_are_read(make: Any, loop: str, func: Any) -> None:
    """Sized or not, async or not, and zipped with one another."""

    async def main() -> None:
        strategy = make(3)
        for items in (range(20), iter(range(20)), Numbers(20)):
            assert await strategy.amap(func, items) == list(range(20))
        assert await strategy.amap(lambda a, b: a * b, Numbers(9), range(5)) == [0, 1, 4, 9, 16]
        assert await strategy.amap(func, []) == await strategy.amap(func, Numbers(0)) == []

    run(loop, main)


@every
@loops
def test_an_async_input_that_waits_keeps_no_result_back(make: Any, loop: str) -> None:
    """What is ready goes out although the next item has not come; with that, the rest follows."""

    async def main() -> None:
        numbers = Numbers(5, wait_at=2)
        async with make(3).astream(itself, numbers) as stream:
            assert [await anext(stream), await anext(stream)] == [0, 1]
            numbers.go_on.set()
            assert [result async for result in stream] == [2, 3, 4]

    run(loop, main)


@every
@loops
def test_an_endless_async_input_is_read_as_far_as_there_is_room(make: Any, loop: str) -> None:
    """At most `buffersize` items ahead of the consumer, and no further once the stream is left."""

    async def main() -> None:
        numbers = Numbers(-1)
        async with make(3).astream(itself, numbers, buffersize=10) as stream:
            for expected in range(20):
                assert await anext(stream) == expected
                assert numbers.read <= expected + 1 + 10
        read = numbers.read
        await anyio.lowlevel.checkpoint()
        assert numbers.read == read

    run(loop, main)


@every
@loops
def test_an_async_input_is_read_by_one_task(make: Any, loop: str) -> None:
    """In the caller's context: so that a generator may hold a cancel scope open."""

    async def main() -> None:
        tasks = set()

        async def numbers() -> AsyncIterator[int]:
            for number in range(9):
                tasks.add(anyio.get_current_task().id)
                yield number

        assert await make(3).amap(itself, numbers()) == list(range(9))
        assert len(tasks) == 1

    run(loop, main)


@every
@loops
def test_what_the_input_raises_comes_after_its_results(make: Any, loop: str) -> None:
    """It is raised as it is, in a stream and from `amap`."""
    error = KeyError("input")

    def plain() -> Any:
        yield from range(5)
        raise error

    async def coloured() -> AsyncIterator[int]:
        for number in range(5):
            yield number
        raise error

    async def main() -> None:
        for source in (plain, coloured):
            got = []
            async with make(3).astream(itself, source()) as stream:
                with pytest.raises(KeyError) as caught:
                    async for result in stream:
                        got.append(result)  # noqa: PERF401  (what came before the error is the point)
            assert caught.value is error
            assert got == list(range(5))
            with pytest.raises(KeyError) as caught:
                await make(3).amap(itself, source())
            assert caught.value is error

    run(loop, main)


# ---------------------------------------------------------------------------------------------------- consumer


@every
@loops
def test_an_error_in_the_block_comes_out_as_it_is(make: Any, loop: str) -> None:
    """Not in a group, and not before the run has ended."""
    error = ValueError("mine")

    async def main() -> None:
        with pytest.raises(ValueError) as caught:
            async with make(3).astream(itself, range(100)) as stream:
                async for result in stream:
                    if result == 5:
                        raise error
        assert caught.value is error
        assert [result async for result in stream] == []

    run(loop, main)


@every
@loops
def test_a_failed_item_ends_the_stream(make: Any, loop: str) -> None:
    """The results before it, its error with its note, and then nothing more."""

    def fail(item: int) -> int:
        if item == 5:
            raise ValueError
        return item

    async def main() -> None:
        got = []
        async with make(3).astream(fail, range(100)) as stream:
            with pytest.raises(ValueError) as caught:
                async for result in stream:
                    got.append(result)  # noqa: PERF401
            assert [result async for result in stream] == []
        assert got == list(range(5))
        assert caught.value.__notes__ == ["item 5: 5"]

    run(loop, main)


@every
@loops
def test_a_stream_ends_inside_a_scope_that_was_entered_later(make: Any, loop: str) -> None:
    """Nothing of the stream's own is open in the consumer's task: not scopes, nor anything else that nests."""

    async def main() -> None:
        strategy = make(3)
        async with strategy.astream(itself, range(9)) as stream:
            with anyio.move_on_after(60):
                assert [result async for result in stream] == list(range(9))
        async with strategy.astream(itself, range(9)) as first, strategy.astream(itself, range(9)) as second:
            await first.aclose()
            assert [result async for result in second] == list(range(9))

    run(loop, main)


@every
@loops
def test_results_may_be_yielded_on(make: Any, loop: str) -> None:
    """From an async generator that is read by one task and closed by another, half-way."""

    async def relay() -> AsyncIterator[int]:
        async with make(3).astream(itself, range(99)) as stream:
            async for result in stream:
                yield result

    async def main() -> None:
        generator = relay()
        assert await anext(generator) == 0
        async with anyio.create_task_group() as group:
            group.start_soon(generator.aclose)  # type: ignore[attr-defined]

    run(loop, main)


@every
@loops
def test_waiting_for_a_result_may_be_given_up(make: Any, loop: str) -> None:
    """A time-out around `anext` costs no result; the next call gets it."""

    async def main() -> None:
        numbers = Numbers(3, wait_at=1)
        async with make(3).astream(itself, numbers) as stream:
            assert await anext(stream) == 0
            with anyio.move_on_after(0.01) as scope:
                await anext(stream)
            assert scope.cancelled_caught
            numbers.go_on.set()
            assert [result async for result in stream] == [1, 2]

    run(loop, main)


@every
@loops
def test_several_tasks_may_share_a_stream(make: Any, loop: str) -> None:
    """Each result goes to one of them."""

    async def main() -> None:
        seen: list[int] = []

        async def consume() -> None:
            async for result in stream:
                seen.append(result)
                await anyio.lowlevel.checkpoint()

        async with make(3).astream(awaited, range(30)) as stream, anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(consume)
        assert sorted(seen) == list(range(30))

    run(loop, main)


@every
@loops
def test_a_stream_is_used_once_and_inside_its_block(make: Any, loop: str) -> None:
    """Anything else is an error that says so."""

    async def main() -> None:
        stream = make(3).astream(itself, range(3))
        with pytest.raises(RuntimeError, match="async with"):
            await anext(stream)
        async with stream:
            pass
        with pytest.raises(RuntimeError, match="ask for another stream"):
            await stream.__aenter__()

    run(loop, main)


@every
@loops
def test_a_run_goes_on_while_its_consumer_is_busy_elsewhere(make: Any, loop: str) -> None:
    """As far as the buffer allows, with nobody asking for results."""

    async def main() -> None:
        done = threading.Semaphore(0)

        def note(item: int) -> int:
            done.release()
            return item

        async with make(3).astream(note, range(40), buffersize=20) as stream:
            await anext(stream)
            for _ in range(10):
                assert await anyio.to_thread.run_sync(done.acquire)

    run(loop, main)


# ----------------------------------------------------------------------------------------------------- cancelling


@every
@loops
def test_cancelling_starts_nothing_more(make: Any, loop: str) -> None:
    """`amap` is over once what had begun has ended, or been ended; the strategy works on."""
    workers = 1 if make is SyncStrategy else 3

    async def main() -> None:
        release, begun, over = threading.Event(), threading.Semaphore(0), threading.Event()
        started: list[int] = []

        def block(item: int) -> None:
            assert not over.is_set()
            started.append(item)
            begun.release()
            release.wait()

        async def cancelled() -> None:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await make(workers).amap(block, range(99))

        scopes: list[anyio.CancelScope] = []
        async with anyio.create_task_group() as group:
            group.start_soon(cancelled)
            for _ in range(workers):
                await anyio.to_thread.run_sync(begun.acquire)
            scopes[0].cancel()
            for _ in range(50):  # turns of the loop, in which the cancellation reaches the workers
                await anyio.lowlevel.checkpoint()
            release.set()
        over.set()
        assert len(started) == workers
        assert await make(3).amap(itself, range(9)) == list(range(9))

    run(loop, main)


@pytest.mark.parametrize("make", [AsyncioStrategy, TrioStrategy])
@loops
def test_cancelling_ends_coroutines(make: Any, loop: str) -> None:
    """Each of those under way sees one cancellation, and has ended when `amap` has."""

    async def main() -> None:
        begun = threading.Semaphore(0)
        ended: list[int] = []

        async def wait(item: int) -> None:
            begun.release()
            try:
                await anyio.sleep(60)
            finally:
                ended.append(item)

        async with anyio.create_task_group() as group:
            group.start_soon(make(3).amap, wait, range(99))
            for _ in range(3):
                await anyio.to_thread.run_sync(begun.acquire)
            group.cancel_scope.cancel()
        assert sorted(ended) == [0, 1, 2]

    run(loop, main)


@every
def test_cancelling_twice_does_not_leave_the_run_half_closed(make: Any) -> None:
    """Asyncio's own cancellation can come again while the stream is being closed: it comes out when that is done."""

    async def main() -> None:
        release, begun = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def block(item: int) -> None:
            loop.call_soon_threadsafe(begun.set)
            release.wait()

        async with make(2) as strategy:
            task = asyncio.create_task(strategy.amap(block, range(9)))
            await begun.wait()
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0)
            assert not task.done()
            release.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await strategy.amap(itself, range(9)) == list(range(9))

    asyncio.run(main())


@every
@loops
def test_cancelling_at_any_point_leaves_no_task_and_no_thread(make: Any, loop: str) -> None:
    """After each of many places, the loop has the tasks it had, and what a run has made is gone."""

    async def main() -> None:
        before = set(threading.enumerate())
        for steps in range(40):
            async with anyio.create_task_group() as group:
                group.start_soon(make(2).amap, awaited, Numbers(20) if steps % 2 else range(20))
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
        if loop == "asyncio":
            assert asyncio.all_tasks() == {asyncio.current_task()}
        else:
            root = trio.lowlevel.current_root_task()
            assert root is not None
            tasks = [task.name for nursery in root.child_nurseries for task in nursery.child_tasks]
            assert not any("scoped" in name for name in tasks)
        made = [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("Trio")]
        for thread in made:
            thread.join()

    run(loop, main)


@every
@loops
def test_the_loop_stays_alive_while_items_block(make: Any, loop: str) -> None:
    """Other tasks of the caller's loop go on while plain functions block their workers."""

    async def main() -> None:
        release = threading.Event()

        def block(item: int) -> int:
            release.wait()
            return item

        async def others() -> None:
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
            release.set()

        async with anyio.create_task_group() as group:
            group.start_soon(others)
            assert await make(3).amap(block, range(9)) == list(range(9))

    run(loop, main)
