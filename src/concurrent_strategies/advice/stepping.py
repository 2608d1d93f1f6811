"""Looks at coroutines step by step: for how long each resumption keeps the loop, and how much of that is computing.

A step is what runs between two awaits that really wait. In it nothing else of the loop runs; so time in a step that is
neither computing nor queueing for a core is a blocking call. Tasks that a coroutine starts are looked at like it.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import astuple, dataclass
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .thread_facts import ThreadFacts

#: Seconds: less than that in a step is not a blocking call but what clocks and other threads make of it.
NOTICEABLE: Final = 0.2e-3
#: How many coroutines that only wait are looked at for comparison, and for how long each of them waits, in seconds.
BARE, BARE_WAIT = 5, 0.001


@dataclass(slots=True)
class _Sums:
    """Seconds of computing and of blocking calls in the steps of one item."""

    cpu: float = 0.0
    blocked: float = 0.0


#: Of which item the running task is a part.
_CURRENT: Final[ContextVar[_Sums]] = ContextVar("measured item")


class Steps:
    """The sums over the steps of each item.

    Attributes:
        facts: of the thread in which the loop runs; without them, queueing for a core passes for blocking.
        overhead: seconds of CPU that it takes to run one coroutine by itself, which one among many does not take.
    """

    def __init__(self) -> None:
        self._items: list[_Sums] = []
        self.overhead: float = 0.0
        self.facts: ThreadFacts | None = None

    def prepare(self, facts: ThreadFacts) -> None:
        """Look at what a loop takes for a coroutine that does nothing but wait; in the thread of the items."""
        from .._core.laneloop import LaneLoop

        self.facts = facts
        loop, context, taken = LaneLoop(), copy_context(), []
        try:
            for _ in range(BARE):
                before = facts.cpu()
                loop.run(_wait(), context)
                taken.append(facts.cpu() - before)
        finally:
            loop.close()
        self.overhead = sorted(taken)[BARE // 2]

    def watching(self, func: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Return a coroutine function that does what `func` does, step by step under these eyes."""

        async def watched(*args: Any) -> Any:
            with self.watching_tasks():
                sums = self._next_item()
                awaitable = func(*args)
                return await (_Watched(awaitable, self, sums) if hasattr(awaitable, "send") else awaitable)

        return watched

    @contextmanager
    def watching_tasks(self) -> Iterator[Callable[[Any], Any]]:
        """Look at every task that is made from now on; yield what makes one for a coroutine that is an item."""
        import asyncio

        loop = asyncio.get_running_loop()
        before = loop.get_task_factory()
        loop.set_task_factory(self._make_task)

        def begin(coroutine: Any) -> Any:
            self._next_item()
            return loop.create_task(coroutine)

        try:
            yield begin
        finally:
            loop.set_task_factory(before)

    def _next_item(self) -> _Sums:
        sums = _Sums()
        self._items.append(sums)
        _CURRENT.set(sums)  # and the tasks that the item starts inherit it
        return sums

    def _make_task(self, loop: Any, coroutine: Any, **options: Any) -> Any:
        import asyncio

        return asyncio.Task(_Watched(coroutine, self, _CURRENT.get()), loop=loop, **options)

    def step(self, sums: _Sums, resume: Callable[..., Any], *args: Any) -> Any:
        """Run one step."""
        facts = self.facts
        queued = facts.queued() if facts is not None else 0.0
        cpu, since = time.thread_time(), clock()
        try:
            return resume(*args)
        finally:
            wall, used = clock() - since, time.thread_time() - cpu
            waited = (facts.queued() if facts is not None else 0.0) - queued
            sums.cpu += used
            idle = wall - used - waited
            if idle > NOTICEABLE:
                sums.blocked += idle

    @property
    def cpu(self) -> float:
        """Seconds of computing, for each item."""
        return sum(sums.cpu for sums in self._settled) / len(self._settled)

    @property
    def blocked(self) -> float:
        """Seconds of blocking calls, for each item."""
        return sum(sums.blocked for sums in self._settled) / len(self._settled)

    def of_one(self, each: float, items: slice) -> tuple[float, float]:
        """Return the seconds of computing and of blocking calls of an item among others.

        It is the item in the middle, as the first carries imports; what the loop itself does is shared by all of them.

        Args:
            each: seconds of computing for each item, of the loop as a whole.
            items: of which items.
        """
        sums = self._items[items] or [_Sums()]
        shared = max(0.0, each - sum(one.cpu for one in sums) / len(sums))
        cpu, blocked = (sorted(values)[len(sums) // 2] for values in zip(*map(astuple, sums), strict=True))
        return cpu + shared, blocked

    @property
    def _settled(self) -> list[_Sums]:
        """The items to reckon with: the first one carries imports and connections, so it goes first."""
        return self._items[1:] or self._items or [_Sums()]


async def _wait() -> None:
    import asyncio

    await asyncio.sleep(BARE_WAIT)


class _Watched(Coroutine[Any, Any, Any]):
    """A coroutine around another; what is sent or thrown into it goes on, and is timed.

    It is a class and no coroutine function, as one of those that is cancelled before it begins never closes the other.
    """

    def __init__(self, coroutine: Any, steps: Steps, sums: _Sums) -> None:
        self._inner = coroutine
        self._steps = steps
        self._sums = sums

    def send(self, value: Any) -> Any:
        """Resume it."""
        return self._steps.step(self._sums, self._inner.send, value)

    def throw(self, *error: Any) -> Any:
        """Resume it with an error."""
        return self._steps.step(self._sums, self._inner.throw, *error)

    def close(self) -> None:
        """End it."""
        self._inner.close()

    def __await__(self) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self.send(None)
