"""One lane of a loop port: a task that runs items one after the other, each driven by hand in a context of its own.

Driving a coroutine by hand (`Context.run(coroutine.send, ...)`) gives every item its own context for a tenth of what a
task would cost; inside one item everything is as in a task: `current_task()` is the lane, which belongs to that item
alone until it ends.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextvars import Context
from itertools import count
from operator import length_hint
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any

from .._core.call import SHORT
from .._core.item import seeded
from .._core.port import Done, Failed, Started
from .._errors import TaskTimeout

if TYPE_CHECKING:
    from .._core.loops import Cancellable, Loop
    from .loop import LoopPort

SLICE = 0.001  # seconds after which a lane whose items do not suspend reports and lets the loop turn


class Block:
    """Consecutive items of one chunk, from which all lanes claim one by one.

    Attributes:
        chunk: the id of the chunk.
        pairs: one shared iterator of (item, index).
        func: what to call with each.
        context: the context in a copy of which each runs.
    """

    __slots__ = ("_end", "_rest", "chunk", "context", "func", "pairs")

    def __init__(self, chunk: int, first: int, items: Any, func: Callable[[Any], Any], context: Context) -> None:
        self.chunk = chunk
        self.func = func
        self.context = context
        # Only these have an iterator that knows how much is left.
        rest = items if type(items) in (list, tuple, range) else list(items)
        self._end = first + len(rest)
        self._rest = iter(rest)
        self.pairs: Iterator[tuple[Any, int]] = zip(self._rest, count(first), strict=False)

    @property
    def left(self) -> int:
        """How many items nobody has claimed."""
        return length_hint(self._rest)

    def take(self) -> tuple[int, list[Any]]:
        """Claim all that is left: the index of the first, and the items."""
        rest = list(self._rest)
        return self._end - len(rest), rest


class Lane:
    """A task that claims items and runs them, until there is none left for it or it is doomed.

    Attributes:
        chunk: the chunk of the running item.
        index: its index.
        doomed: whether what it still has to say does not matter any more.
    """

    __slots__ = (
        *("_began", "_begun", "_cancels", "_first", "_limit", "_loop", "_name", "_port", "_seed", "_shared", "_task"),
        *("_values", "chunk", "doomed", "index"),
    )

    def __init__(self, port: LoopPort, loop: Loop, name: str) -> None:
        self.chunk = self.index = -1
        self.doomed = False
        self._name = name
        self._port = port
        self._loop = loop
        self._limit = port.call.task_timeout
        self._seed = port.call.seed
        self._shared = port.call.shared_context
        self._values: list[Any] = []  # of the items from `_first` on, which began at the time `_began`
        self._first = 0
        self._began = 0.0
        self._begun = False
        self._cancels: Callable[[], int] = int
        self._task: Cancellable = loop.spawn(self._run)

    def doom(self) -> None:
        """End the running item by one cancellation, and with it the lane."""
        if not self.doomed:
            self.doomed = True
            if self._begun:  # a task that is cancelled before its first step would never take it
                self._task.cancel()

    async def _run(self) -> None:
        crash: BaseException | None = None
        try:
            self._begun, self._cancels = True, self._loop.cancels()
            while not self.doomed and (block := self._port.claim()) is not None:
                self.chunk = block.chunk
                if not await self._work(block):
                    break
        except BaseException as error:
            crash = error
        self._port.left(self, crash)

    async def _work(self, block: Block) -> bool:
        """Run items of a block until it is exhausted; return False if the lane is to end."""
        func, context = block.func, block.context
        since = now = clock()
        for item, index in block.pairs:
            before = now
            self.index = index
            if not self._values:
                self._first, self._began = index, before
            if not self._shared:
                context = block.context.copy()
            if self._seed is not None:
                context.run(seeded.set, (self._seed, index))
            if self._limit is not None:
                self._port.announce(Started(self.chunk, index, 1))
            rest = self._start(context, func, item, before)
            if rest is not None and not await rest:
                return False
            now = clock()
            if self._values and (now - before > SHORT or self._limit is not None):
                value = self._values.pop()
                self._flush(before)
                self._one(value, now - before)
            if now - since > SLICE:
                self._flush(now)
                await self._loop.breathe()
                if self.doomed or self._port.crowded:
                    return False
                since = now = clock()
        self._flush(now)
        return True

    def _start(
        self, context: Context, func: Callable[[Any], Any], item: Any, before: float
    ) -> Coroutine[Any, Any, bool] | None:
        """Run an item up to where it first suspends, keep its value if it returns at once; else return what is left."""
        run = context.run
        try:
            coroutine = run(func, item)
            if type(coroutine) is not types.CoroutineType:
                coroutine = _as_coroutine(coroutine)
        except BaseException as error:
            return self._failed(error, before)
        try:
            suspended = run(coroutine.send, None)
        except StopIteration as stop:
            if self._cancels():
                return self._disturbed(stop.value, before)
            self._values.append(stop.value)
            return None
        except BaseException as error:
            return self._failed(error, before)
        return self._suspended(_driven(run, coroutine, suspended), before)

    async def _suspended(self, rest: Awaitable[Any], before: float) -> bool:
        """Await the rest of an item, which another lane should not have to wait for."""
        self._flush(before)
        self._port.suspending()
        try:
            value = await rest
        except BaseException as error:
            return await self._failed(error, before) and not isinstance(error, GeneratorExit)
        if self._cancels():
            return await self._disturbed(value, before)
        if not self.doomed:
            self._one(value, clock() - before)
        return not (self.doomed or self._port.crowded)

    async def _failed(self, error: BaseException, before: float) -> bool:
        """Report what an item raised; return False if it was not the item's alone."""
        now = clock()
        self._flush(before)
        if self.doomed:
            return False
        if self._port.callers and isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, Exception) or not self._loop.ending():
            self._port.emit(Failed(self.chunk, self.index, _trimmed(error), now - before, self._name))
        return not (self._cancels() or self._loop.ending() or self._port.crowded)

    async def _disturbed(self, value: Any, before: float) -> bool:
        """End a lane whose task somebody cancelled: the item itself, or what it had started."""
        self._flush(before)
        try:
            await self._loop.breathe()  # asyncio fails a task that is cancelled when it returns; so does this
        except BaseException as error:
            return await self._failed(error, before)
        self._one(value, clock() - before)
        return False

    def _flush(self, now: float) -> None:
        """Report what has been collected; nothing may be kept back while the lane waits."""
        if self._values:
            values, self._values = self._values, []
            self._port.emit(Done(self.chunk, self._first, values, now - self._began, self._name, self._port.undeclared))

    def _one(self, value: Any, took: float) -> None:
        """Report an item that took long enough to be timed alone."""
        limit = self._limit
        if limit is not None and took > limit:
            self._port.emit(Failed(self.chunk, self.index, TaskTimeout(self.index, limit), took, self._name))
        else:
            self._port.emit(Done(self.chunk, self.index, [value], took, self._name, self._port.undeclared))


@types.coroutine
def _driven(
    run: Callable[..., Any], coroutine: Coroutine[Any, Any, Any], suspended: Any
) -> Generator[Any, Any, Any]:
    """Go on with a suspended coroutine, each step in its own context."""
    try:
        while True:
            error: BaseException | None = None
            try:
                answer = yield suspended
            except GeneratorExit:  # the loop was closed under us
                run(coroutine.close)
                raise
            except BaseException as thrown:
                error = thrown
            # Outside of the handler, lest whatever the item raises from here on gets `thrown` as its context.
            suspended = run(coroutine.send, answer) if error is None else run(coroutine.throw, error)
    except StopIteration as stop:
        return stop.value


def _as_coroutine(value: Any) -> Coroutine[Any, Any, Any]:
    """Make a coroutine of whatever the function returned instead of one."""
    return _awaiting(value) if hasattr(type(value), "__await__") else _returning(value)


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _returning(value: Any) -> Any:
    return value


def _trimmed(error: BaseException) -> BaseException:
    """Drop our own frames off the head of a traceback: the user's first frame is what helps."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return error.with_traceback(trace)
