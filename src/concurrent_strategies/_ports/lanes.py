"""One lane of a loop port: a task that runs items one after the other, driven by hand, each in a context of its own.

Driving a coroutine by hand (`Context.run(coroutine.send, ...)`) gives every item its own context for a tenth of what a
task would cost; inside one item everything is as in a task: `current_task()` is the lane, which belongs to that item
alone until it ends. What is driven is not a single item, but a coroutine that awaits one after the other for as long
as the next may have the same context: such items cost little more than the `await`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from itertools import chain
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any

from .._core.call import SHORT
from .._core.groups import trimmed
from .._core.item import seeded
from .._core.port import Done, Failed, Started
from .._errors import TaskTimeout

if TYPE_CHECKING:
    from .._core.loops import Cancellable, Loop
    from .blocks import Block, Claim, Claims
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
        *("_alone", "_awaited", "_before", "_began", "_begun", "_cancels", "_first", "_limit", "_loop", "_name"),
        *("_port", "_seed", "_shared", "_since", "_task", "_undeclared", "_values", "_waited"),
        *("block", "doomed", "index"),
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
        self._undeclared = self._awaited = port.undeclared  # `_awaited`: whether these came of undeclared awaitables
        self._alone = self._seed is not None or self._limit is not None or port.forewarn is not None
        self._waited = False  # whether the running item has suspended
        self._first = 0
        self._began = self._before = self._since = 0.0  # `_before`: when the running item began
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

    @types.coroutine
    def _work(self, claims: Claims) -> Generator[Any, Any, bool]:
        """Run what there is to claim, each step of it in its item's context; return False if the lane is to end."""
        going: bool | Coroutine[Any, Any, bool] = True
        self._since = self._before = clock()
        for claim in claims:
            block = claim[2]
            if block is not self.block:
                self._flush(self._before)
                self.block = block
            context = block.context if self._shared else block.context.copy()
            run, group = context.run, self._group(context, claim)
            try:
                suspended = run(group.send, None)
                while True:
                    if not self._waited:
                        self._suspended()
                    error: BaseException | None = None
                    try:
                        answer = yield suspended
                    except GeneratorExit:  # the loop was closed under us
                        run(group.close)
                        raise
                    except BaseException as thrown:
                        error = thrown
                    # Outside of the handler, lest whatever the item raises from here on gets `thrown` as its context.
                    suspended = run(group.send, answer) if error is None else run(group.throw, error)
            except StopIteration as stop:
                going = stop.value
            if going is not True and not (going and (yield from going)):
                return False
        self._flush(self._before)
        return True

    async def _group(self, context: Context, claim: Claim) -> bool | Coroutine[Any, Any, bool]:
        """Run items in one context, until one has set a variable that the next must not see.

        The context is the current one. As long as its size is the same, nothing is set in it: a look at that costs a
        fraction of what a context, and the way into it, would cost for each item. An item that has ended cannot set
        anything in it any more: whatever it has left behind, tasks, callbacks and threads, has a copy.

        Returns:
            whether the lane may go on, or what to await to learn that.
        """
        block, values, cancels, since = claim[2], self._values, self._cancels, self._since
        func, alone, size = block.func, self._alone or not (block.bare or self._shared), len(context)
        for item, index, _ in chain((claim,), block.claims):
            self.index = index
            if self._alone:
                self._announce(index)
            try:
                value = func(item)
                usual = type(value) is types.CoroutineType and self._awaited is self._undeclared
                if usual or self._is_awaitable(value):
                    value = await value
            except BaseException as error:
                return self._failed(error)
            before, now = self._before, clock()
            self._before = now
            if self._waited or cancels():
                going, since = self._ended(value, now - before), now
                if going is not True:
                    return going
            elif now - before > SHORT or self._limit is not None:
                self._flush(before)
                self._one(value, now - before)
            else:
                if not values:
                    self._first, self._began = index, before
                values.append(value)
            if now - since > SLICE:
                return self._breathe()
            if alone or len(context) != size:
                return True
        return True

    def _announce(self, index: int) -> None:
        """Say that an item begins, if that must be known, and give it what is its own."""
        assert self.block is not None
        if self._seed is not None:
            seeded.set((self._seed, index))
        if self._limit is not None or self._port.forewarn is not None:
            self._port.announce(Started(self.block.chunk, index, 1))

    def _is_awaitable(self, value: Any) -> bool:
        """Tell whether to await what the function returned; values that came in another way are not reported together.

        Only what is declared to return awaitables need not say which of them it did.
        """
        found = type(value) is types.CoroutineType or hasattr(type(value), "__await__")
        awaited = self._undeclared and found
        if awaited is not self._awaited:
            self._flush(self._before)
            self._awaited = awaited
        return found

    def _suspended(self) -> None:
        """Let others claim what this lane could, and keep back nothing that it has to say while it waits."""
        self._waited = True
        if self._values:
            self._flush(self._before)
        self._port.suspending()

    def _ended(self, value: Any, took: float) -> bool | Coroutine[Any, Any, bool]:
        """Report an item that has waited, or whose task somebody cancelled."""
        self._since, self._waited = self._before, False
        if self._cancels():
            self._flush(self._before - took)
            return self._disturbed(value, took)
        self._one(value, took)
        return not (self.doomed or self._port.crowded)

    async def _breathe(self) -> bool:
        """Let others have their turn, as none of the items does."""
        self._flush(self._before)
        await self._loop.breathe()
        self._since = self._before = clock()
        return not (self.doomed or self._port.crowded)

    def _failed(self, error: BaseException) -> bool:
        """Report what an item raised; return False if it was not the item's alone."""
        before, self._before = self._before, clock()
        self._since, self._waited = self._before, False
        self._flush(before)
        if self.doomed:
            return False
        if self._port.callers and isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, Exception) or not self._loop.ending():
            self._port.emit(Failed(self.chunk, self.index, trimmed(error, __file__), self._before - before, self._name))
        if isinstance(error, GeneratorExit):  # the loop may have been closed under us, so that nothing can be awaited
            return False
        return not (self._cancels() or self._loop.ending() or self._port.crowded)

    async def _disturbed(self, value: Any, took: float) -> bool:
        """End a lane whose task somebody cancelled: the item itself, or what it had started."""
        try:
            await self._loop.breathe()  # asyncio fails a task that is cancelled when it returns; so does this
        except BaseException as error:
            return self._failed(error)
        self._one(value, took)
        return False

    def _flush(self, now: float) -> None:
        """Report what has been collected; nothing may be kept back while the lane waits."""
        if self._values:
            self._port.emit(
                Done(self.chunk, self._first, self._values.copy(), now - self._began, self._name, self._awaited)
            )
            self._values.clear()

    def _one(self, value: Any, took: float) -> None:
        """Report an item that took long enough to be timed alone."""
        if self.doomed:
            return
        limit = self._limit
        block = self.block
        assert block is not None
        if not self._alone and self._awaited is self._undeclared:
            block.ends.extend((self.index, value, took, self._name))
            if not block.told:
                block.told = True
                self._port.emit(block)
        elif limit is not None and took > limit:
            self._port.emit(Failed(block.chunk, self.index, TaskTimeout(self.index, limit), took, self._name))
        else:
            self._port.emit(Done(block.chunk, self.index, [value], took, self._name, self._awaited))
