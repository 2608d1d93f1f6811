"""The seam between the engine and one strategy's workers: `Port`, what goes through it (`Chunk`) and what comes
back (reports). An author of a strategy needs this file and `base.py`.

    engine --- start(chunk), recall(chunk), stop(chunk, index) --->  port  --->  workers
           <-- poll() -> [Started | Done | Failed | Returned | Died | Broken] --

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from .bell import Bell


class Chunk:
    """Consecutive items handed to one seat in one go.

    Attributes:
        id: unique within the run.
        seat: which of the port's seats it is for, from 0.
        first: index of its first item in the input.
        items: the items.
        attempt: 1, or more when it is one item that is run again.
    """

    __slots__ = ("attempt", "first", "id", "items", "seat")

    def __init__(self, id: int, seat: int, first: int, items: Sequence[Any], attempt: int = 1) -> None:
        self.id: int = id
        self.seat: int = seat
        self.first: int = first
        self.items: Sequence[Any] = items
        self.attempt: int = attempt

    def __repr__(self) -> str:
        return f"Chunk({self.id}, seat={self.seat}, first={self.first}, {len(self.items)} items)"


class Report:
    """What a port says about part of a chunk; the base of the seven kinds."""

    __slots__ = ("chunk",)

    def __init__(self, chunk: int) -> None:
        self.chunk: int = chunk

    def __repr__(self) -> str:
        names = [name for cls in type(self).__mro__[:-1][::-1] for name in getattr(cls, "__slots__", ())]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


class Started(Report):
    """Items from `first` on, `count` of them, are or will be under way before the next report."""

    __slots__ = ("count", "first")

    def __init__(self, chunk: int, first: int, count: int) -> None:
        self.chunk = chunk
        self.first: int = first
        self.count: int = count


class Done(Report):
    """Items from `first` on returned `values`.

    `seconds` is what they took together, measured beside the calls. `awaited` says that the function, not declared
    `async def`, returned awaitables, which the worker has awaited. `each` are the seconds of every single one, where
    somebody has collected them, and `sealed` the values as they will be sent, where somebody has made that of them.
    `groups` is how many groups they were run in.
    """

    each: list[float] | None
    sealed: Any
    seconds: float
    values: list[Any]

    __slots__ = ("awaited", "each", "first", "groups", "sealed", "seconds", "values", "worker")

    def __init__(
        self,
        chunk: int,
        first: int,
        values: list[Any],
        seconds: float,
        worker: str = "",
        awaited: bool = False,
    ) -> None:
        self.chunk = chunk
        self.first: int = first
        self.values = values
        self.seconds = seconds
        self.worker: str = worker
        self.awaited: bool = awaited
        self.each = None
        self.sealed = None
        self.groups: int = 1

    @property
    def is_group(self) -> bool:
        """Whether it brings several items of which nobody knows how long each took."""
        return self.each is None and len(self.values) > 1

    def absorb(self, other: Done) -> bool:
        """Become one report with another, of the items right behind; return whether they go together.

        Two groups do, and items that were timed alone: how long each of these took is kept.
        """
        group = other.is_group
        if group != self.is_group or self.awaited != other.awaited:
            return False
        if group:
            self.groups += 1
        else:
            self.each = self.each or [self.seconds]
            self.each += other.each or [other.seconds]
        self.values += other.values
        self.seconds += other.seconds
        return True


class Scattered(Report):
    """Single items returned, in the order in which they ended; comes only from a port that `may_scatter`.

    There is a list each of the indices, the values, the seconds and the workers: no object of its own for an item, as
    Python's garbage collector would look at all of them time and again. `awaited` is as for `Done`.
    """

    __slots__ = ("awaited", "indices", "seconds", "values", "workers")

    def __init__(self, chunk: int, ends: list[Any], awaited: bool) -> None:
        """Take apart what comes as index, value, seconds and worker of the first, the same of the second, and so on."""
        self.chunk = chunk
        self.indices: list[int] = ends[::4]
        self.values: list[Any] = ends[1::4]
        self.seconds: list[float] = ends[2::4]
        self.workers: list[str] = ends[3::4]
        self.awaited: bool = awaited

    def apart(self) -> Iterator[Done]:
        """Return a report for each item, for those who know nothing of this kind."""
        for index, value, seconds, worker in zip(self.indices, self.values, self.seconds, self.workers, strict=True):
            yield Done(self.chunk, index, [value], seconds, worker, self.awaited)


class Failed(Report):
    """The item `index` raised `error`, or could not be sent, received or returned."""

    __slots__ = ("error", "index", "seconds", "worker")

    def __init__(
        self, chunk: int, index: int, error: BaseException, seconds: float | None = None, worker: str = ""
    ) -> None:
        self.chunk = chunk
        self.index: int = index
        self.error: BaseException = error
        self.seconds: float | None = seconds
        self.worker: str = worker


class Returned(Report):
    """Items from `first` on, `count` of them, were never started and are given back.

    Unless `cut` is false, of a group that was announced together only the first is under way from now on.
    """

    __slots__ = ("count", "cut", "first")

    def __init__(self, chunk: int, first: int, count: int, cut: bool = True) -> None:
        self.chunk = chunk
        self.first: int = first
        self.count: int = count
        self.cut: bool = cut


class Died(Report):
    """The chunk's worker is gone: what it had announced is lost, what it had not goes elsewhere."""

    __slots__ = ("exitcode", "pid")

    def __init__(self, chunk: int, pid: int | None = None, exitcode: int | None = None) -> None:
        self.chunk = chunk
        self.pid: int | None = pid
        self.exitcode: int | None = exitcode


class Broken(Report):
    """The port has no worker left and can get none; `error` says why. It ends the run."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.chunk = -1
        self.error: Exception = error


class Port(ABC):
    """What a strategy gives the engine for one run: seats for chunks, and the verbs on them.

    The engine calls every method under one lock, and none of them may block.

    Attributes:
        bell: rung, from any thread, when `poll` has something new. The engine waits on nothing else.
        seats: how many chunk holders there are now; `resize` may change it. A chunk names its seat.
        span: calls at once within one seat: 1 where a worker runs one call after the other;
            after `resize` to less, not less than what still runs there.
        inner: calls at once within one worker; `resize` counts workers.
        grace: seconds a running call gets to end by itself when the run is given up, before `close` ends it; `None`
            if it cannot be ended, only abandoned: then it gets what time the caller allows.
        inline: whether calls run inside `poll`, in the thread of whoever drives: nothing can stop them there.
        quiet: whether no call runs any more, after `close`.
        muted: whether nobody wants results any more: making them again would be the user's own code, for nothing.
        alarm: the time, on the monotonic clock, at which `poll` is to be called even if the bell has not rung; later,
            while nobody needs to look.
        deadline: the same, but never later.
        forewarn: takes every `Started` in the worker itself, before its items run: set by whoever hosts a port in a
            process that may die with them. `None`: they come by `poll`, and only where items are timed.
        may_scatter: whether `poll` may bring `Scattered`, too: set by the engine, where nobody needs a report for each.
        settled: whether `poll` only passes on what was said, and tells no worker anything: then a worker may call it.
        hurries: whether the bell ends a pause as soon as a worker has nothing left to do.
        words: what workers said beside their results, to be said again by whoever drives, outside the lock.
    """

    bell: Bell
    seats: int = 1
    span: int = 1
    inner: int = 1
    grace: float | None = None
    inline: bool = False
    quiet: bool = True
    muted: bool = False
    alarm: float = float("inf")
    deadline: float = float("inf")
    may_scatter: bool = False
    settled: bool = True
    hurries: bool = False
    forewarn: Callable[[Report], None] | None = None
    words: deque[Callable[[], object]] | None = None

    @abstractmethod
    def resize(self, workers: int) -> None:
        """Have at most so many workers from now on; those that are too many end after what they have."""

    @abstractmethod
    def start(self, chunk: Chunk) -> None:
        """Take a chunk for `chunk.seat`; problems with single items are reported, never raised."""

    @abstractmethod
    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Have reported what is done, and given back what is not started: half of it if `keep`, else all."""

    @abstractmethod
    def stop(self, chunk: Chunk, index: int) -> None:
        """End the running call of this item: kill, cancel or abandon. Its outcome is decided already."""

    @abstractmethod
    def poll(self) -> list[Report]:
        """Return what has been reported since, in order."""

    @abstractmethod
    def close(self) -> None:
        """End or abandon at once whatever still runs, and give the workers back. Called once, last."""
