"""One lane of a loop port: a task that runs items one after the other, each driven by hand in a context of its own.

Driving a coroutine by hand (`Context.run(coroutine.send, ...)`) gives every item its own context for a tenth of what a
task would cost; inside one item everything is as in a task: `current_task()` is the lane, which belongs to that item
alone until it ends.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextvars import Context
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any

from .._core.call import SHORT
from .._core.groups import trimmed
from .._core.item import seeded
from .._core.port import Done, Failed, Started
from .._errors import TaskTimeout

if TYPE_CHECKING:
    from .._core.loops import Cancellable, Loop
    from .blocks import Block
    from .loop import LoopPort

SLICE = 0.001  # seconds after which a lane whose items do not suspend reports and lets the loop turn


class Lane:
    """A task that claims items and runs them, until there is none left for it or it is doomed.

    Attributes:
        block: the block of the running item.
        index: its index.
        doomed: whether what it still has to say does not matter any more.
    """

    index: int
    doomed: bool

    __slots__ = (
        *("_awaited", "_began", "_begun", "_cancels", "_first", "_limit", "_loop", "_name", "_port", "_seed"),
        *("_shared", "_task", "_values", "block", "doomed", "index"),
    )

    def __init__(self, port: LoopPort, loop: Loop, name: str) -> None:
        self.block: Block | None = None
        self.index = -1
        self.doomed = False
        self._name = name
        self._port = port
        self._loop = loop
        self._limit = port.call.task_timeout
        self._seed = port.call.seed
        self._shared = port.call.shared_context
        self._values: list[Any] = []  # of the items from `_first` on, which began at the time `_began`
        self._awaited = port.undeclared  # whether these came of awaitables that nobody has declared
        self._first = 0
        self._began = 0.0
        self._begun = False
        self._cancels: Callable[[], int] = int
        self._task: Cancellable = loop.spawn(self._run)

    @property
    def chunk(self) -> int:
        """The chunk of the running item."""
        return self.block.chunk if self.block is not None else -1

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
            while not self.doomed and (claims := self._port.claims()) is not None:
                if not await self._work(claims):
                    break
        except BaseException as error:
            crash = error
        self._port.left(self, crash)

    async def _work(self, claims: Iterator[tuple[Any, int, Block]]) -> bool:
        """Run what there is to claim; return False if the lane is to end."""
        since = now = clock()
        for item, index, block in claims:
            before = now
            if not self._values or block is not self.block:
                self._flush(before)
                self._first, self._began, self.block = index, before, block
            self.index = index
            context = block.context if self._shared else block.context.copy()
            if self._seed is not None:
                context.run(seeded.set, (self._seed, index))
            if self._limit is not None or self._port.forewarn is not None:
                self._port.announce(Started(block.chunk, index, 1))
            rest = self._start(context, block.func, item)
            if rest is not None:
                if not await self._finish(rest, before):
                    return False
                since = now = clock()
                continue
            now = clock()
            if now - before > SHORT or self._limit is not None:
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

    def _start(self, context: Context, func: Callable[[Any], Any], item: Any) -> Awaitable[Any] | None:
        """Run an item up to where it first waits; keep its value if it returns before that, else return the rest."""
        run = context.run
        try:
            coroutine = run(func, item)
            awaited = self._port.undeclared
            if type(coroutine) is not types.CoroutineType:
                awaited = awaited and hasattr(type(coroutine), "__await__")
                coroutine = _as_coroutine(coroutine)
            if awaited is not self._awaited:
                self._flush(now := clock())
                self._first, self._began, self._awaited = self.index, now, awaited
        except BaseException as error:
            return _raising(error)
        try:
            suspended = run(coroutine.send, None)
        except StopIteration as stop:
            if self._cancels():
                return _returning(stop.value)
            self._values.append(stop.value)
            return None
        except BaseException as error:
            return _raising(error)
        # Others should not have to wait for what this lane could claim, and nobody for what it has to say.
        self._port.suspending()
        return _driven(run, coroutine, suspended)

    async def _finish(self, rest: Awaitable[Any], before: float) -> bool:
        """Await the rest of an item and report it; return False if the lane is to end."""
        self._flush(before)
        try:
            value = await rest
        except BaseException as error:
            return self._failed(error, before)
        if self._cancels():
            return await self._disturbed(value, before)
        self._one(value, clock() - before)
        return not (self.doomed or self._port.crowded)

    def _failed(self, error: BaseException, before: float) -> bool:
        """Report what an item raised; return False if it was not the item's alone."""
        if self.doomed:
            return False
        if self._port.callers and isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, Exception) or not self._loop.ending():
            self._port.emit(Failed(self.chunk, self.index, trimmed(error, __file__), clock() - before, self._name))
        if isinstance(error, GeneratorExit):  # the loop may have been closed under us, so that nothing can be awaited
            return False
        return not (self._cancels() or self._loop.ending() or self._port.crowded)

    async def _disturbed(self, value: Any, before: float) -> bool:
        """End a lane whose task somebody cancelled: the item itself, or what it had started."""
        try:
            await self._loop.breathe()  # asyncio fails a task that is cancelled when it returns; so does this
        except BaseException as error:
            return self._failed(error, before)
        self._one(value, clock() - before)
        return False

    def _flush(self, now: float) -> None:
        """Report what has been collected; nothing may be kept back while the lane waits."""
        if self._values:
            values, self._values = self._values, []
            self._port.emit(Done(self.chunk, self._first, values, now - self._began, self._name, self._awaited))

    def _one(self, value: Any, took: float) -> None:
        """Report an item that took long enough to be timed alone."""
        if self.doomed:
            return
        limit = self._limit
        if limit is not None and took > limit:
            self._port.emit(Failed(self.chunk, self.index, TaskTimeout(self.index, limit), took, self._name))
        else:
            self._port.emit(Done(self.chunk, self.index, [value], took, self._name, self._awaited))


@types.coroutine
def _driven(run: Callable[..., Any], coroutine: Coroutine[Any, Any, Any], suspended: Any) -> Generator[Any, Any, Any]:
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


async def _raising(error: BaseException) -> Any:
    raise error
