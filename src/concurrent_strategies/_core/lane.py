"""One worker's way through its chunks, in every kind of worker that makes one call after the other: item by item until
they have been shown to be short, then in groups at nearly the speed of a bare loop.

A group can be cut while it runs. Its items sit in a list iterator, and `list(iterator)` takes what is left in one
step that no other thread can interleave (under the GIL): whoever gets an item is its only owner, without a lock for
each item.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

import sys
from time import perf_counter as clock

from .call import Call
from .groups import run_held, trimmed
from .item import resource, seeded
from .port import Chunk, Done, Failed, Report, Returned, Started
from .unannounced import HERE, Unannounced
from .undeclared import MANY, PENDING, awaitable, kinds_of, plain_front

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any

    from .groups import Journal

FEW, GROUPS = 512, 16  # single items, and groups of short ones, that are written down before a word about them

# Without a GIL taking the rest of an iterator is no single step, so that every item has to be announced alone.
_GROUPS = getattr(sys, "_is_gil_enabled", lambda: True)()


class Lane(Unannounced):
    """One worker's way through its chunks; `step` is for the worker, `recall` for anybody else.

    Args:
        call: what to run.
        emit: takes each report, in order; called under the lane's lock.
        worker: the name that outcomes carry.
        callers_thread: whether a KeyboardInterrupt in here is the caller's: then it is let through.
        quiet: whether items need not be announced while they may yet be short. Whoever wants to know what is under way
            all the same calls `look`.
        holds: whether that is so for items that are not short as well, results of which are told a few at a time then.
            Whoever wants that has to `look` again and again, and no death may cost a result.
        journal: where such items are written down, if that must be known even if the process dies.
        seal: makes what will be sent of values that are plain all over, so that none is an awaitable; `None` of others.
    """

    def __init__(
        self,
        call: Call,
        emit: Callable[[Report], object],
        worker: str = "",
        *,
        callers_thread: bool = False,
        quiet: bool = False,
        holds: bool = False,
        journal: Journal | None = None,
        seal: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        super().__init__(call, emit, worker, journal)
        self._seal = seal
        self._callers_thread = callers_thread
        self._alone = call.seed is not None or self._awaits or call.task_timeout is not None or not _GROUPS
        self._loop: Any = None
        self._quiet = quiet and not self._alone
        self._holds = holds and self._quiet
        self._written = self._quiet and journal is not None

    def provide(self, value: Any) -> None:
        """Let items ask for this worker's resource."""
        self._context.run(resource.set, value)

    @property
    def busy(self) -> bool:
        """Whether there is something left to run."""
        return self._chunk is not None

    @property
    def quiet(self) -> bool:
        """Whether it may run items without a word."""
        return self._quiet and (self._holds or self._stride.left > 0)

    @property
    def has_loop(self) -> bool:
        """Whether an event loop was needed, which `close` has to close."""
        return self._loop is not None

    def begin(self, chunk: Chunk) -> None:
        """Take the next chunk; the last one must be over."""
        with self._lock:
            self._at = self._group_end = self._base = 0
            self._stop = len(chunk.items)
            self._iterator, self._out = iter(()), []
            self._chunk = chunk

    def step(self) -> None:
        """Run one item, or one group of short items, and report it."""
        if self._awaits and self._loop is None:
            try:  # noqa: SIM105  (before the item is announced, as its time does not include this; contextlib is heavy here)
                self._open_loop()
            except Exception:  # the item that needs it will say why
                pass
        with self._lock:
            chunk = self._chunk
            if chunk is None:
                return
            self._timed = self._quiet and not self._written and (self._long or self._stride.left > 0)
            self._unannounced = self._timed or (self._quiet and (self._holds or self._written))
            count = min(self._next_count(), self._stop - self._at)
            low = self._at
            group = chunk.items[low : low + count] if count < len(chunk.items) else chunk.items
            self._base, self._out, self._ends, self._iterator = low, [], [], iter(group)
            self._at = self._group_end = low + count
            if not self._unannounced:
                self._emit(Started(chunk.id, chunk.first + low, count))
            elif self._journal is not None:
                self._journal.begin(chunk.id, chunk.first + low, count)
            self._since = clock()
        while not self._run_group(chunk):
            pass

    def _next_count(self) -> int:
        """Return how many items the next group may have."""
        stride = self._stride
        if self._written and self._unannounced:
            return stride.size if stride.size > 1 and not self._fits else max(FEW, GROUPS * stride.size)
        if not self._unannounced:
            return stride.size
        return self._stop - self._at if self._held or not self._timed else stride.left

    def _run_group(self, chunk: Chunk) -> bool:
        """Run what the iterator still has; return False after an item that failed, with more to come."""
        error: BaseException | None = None
        out = self._out
        try:
            self._run_items(chunk, out)
            if not self._decided and out:
                self._decide(chunk.first + self._base, out)
        except BaseException as caught:
            if self._callers_thread and isinstance(caught, KeyboardInterrupt):
                raise
            error = caught
        kinds = self._kinds(chunk, out)
        now = clock()
        with self._lock:
            began = self._flush(chunk, now, kinds, failed=error is not None)
            if error is not None:
                index = chunk.first + self._base
                self._emit(Failed(chunk.id, index, trimmed(error, __file__, HERE), now - began, self._worker))
                self._base, self._out, self._since = self._base + 1, [], clock()
            over = self._base >= self._group_end
            if over:
                self._at = self._group_end
                if self._at >= self._stop:
                    self._chunk = None
            return over

    def _kinds(self, chunk: Chunk, out: list[Any]) -> set[type]:
        """Return the types of the values that are to be reported; none at all of those that are plain, and sealed."""
        if self._seal is not None and len(out) >= MANY:
            place = self._base, len(out)
            sealed = self._seal(out)
            with self._lock:  # else somebody has taken some off the front meanwhile
                if sealed is not None and place == (self._base, len(out)):
                    self._sealed = *place, sealed
                    return set()
        return self._await_late(chunk, out) if self._lenient else kinds_of(out)

    def _run_items(self, chunk: Chunk, out: list[Any]) -> None:
        """Run what the iterator still has, each item in a context that shows nothing of the others."""
        if self._alone:
            self._run_alone(chunk.first + self._base, out)
        elif self._timed or (self._written and self._unannounced):
            try:
                if self._held:
                    run_held(self._func, self._iterator, out, self._ends, self._fresh)
                else:
                    self._run_unannounced(out)
            finally:  # nobody knows of what follows, be it an item that failed or one that may take long
                with self._lock:
                    self._cut(chunk)
        else:
            self._run_group_of(self._iterator, out)

    def _run_alone(self, index: int, out: list[Any]) -> None:
        """Run the group's one item, with whatever it needs of its own: a seed, a loop, a judge of its time."""
        for item in self._iterator:
            context = self._context if self._call.shared_context else self._context.copy()
            if self._call.seed is not None:
                context.run(seeded.set, (self._call.seed, index))
            value = context.run(self._func, item)
            if self._awaits:
                self._awaited = hasattr(type(value), "__await__")
                value = self._await(value, context)
            limit = self._call.task_timeout
            if limit is not None and clock() - self._since > limit:
                from .._errors import TaskTimeout

                raise TaskTimeout(index, limit)
            out.append(value)

    def _decide(self, index: int, out: list[Any]) -> None:
        """Settle the colour of a function that nobody declared `async def`, by what it returned first."""
        with self._lock:
            if self._decided or self._is_plain(index):
                return
            first = out.pop()
        self._awaits = self._alone = self._decided = self._awaited = True
        self._lenient = self._quiet = self._holds = False
        out.append(self._await(first, self._context.copy()))

    def _await_late(self, chunk: Chunk, out: list[Any]) -> set[type]:
        """Await what was returned although this lane's own first item needed no awaiting; the run judges it.

        Returns:
            the types of the values that are left to report.
        """
        while True:
            with self._lock:
                kinds = kinds_of(out)
                if not awaitable(kinds):
                    return kinds
                done = plain_front(out)
                self._report_front(chunk, done, clock() - self._since)
                pending, out[0] = out[0], PENDING
                if self._unannounced:
                    self._emit(Started(chunk.id, chunk.first + self._base, 1))
                self._since, self._ends = clock(), []
            report: Report
            index = chunk.first + self._base
            try:
                value = self._await(pending, self._context.copy())
                report = Done(chunk.id, index, [value], clock() - self._since, self._worker, True)
            except BaseException as error:
                if self._callers_thread and isinstance(error, KeyboardInterrupt):
                    raise
                report = Failed(chunk.id, index, trimmed(error, __file__, HERE), clock() - self._since, self._worker)
            with self._lock:
                del out[0]
                self._base += 1
                self._emit(report)

    def _await(self, awaitable: Any, context: Context) -> Any:
        """Run an awaitable on the event loop that belongs to this lane."""
        if not hasattr(type(awaitable), "__await__"):
            return awaitable
        if self._loop is None:
            self._open_loop()
            with self._lock:  # what the loop took to open is not the item's: its time begins again
                if self._chunk is not None:
                    self._emit(Started(self._chunk.id, self._chunk.first + self._base, 1))
                self._since, self._ends = clock(), []
        return self._loop.run(awaitable, context)

    def _open_loop(self) -> None:
        from .laneloop import LaneLoop  # loads asyncio

        self._loop = LaneLoop()

    def recall(self, chunk: Chunk, keep: bool) -> bool:
        """Report what is done, and give back what is not started: half of it if `keep`, else all. Any thread.

        Returns:
            whether this is the chunk that runs; if not, nothing was done.
        """
        with self._lock:
            if self._chunk is None or self._chunk.id != chunk.id:
                return False
            self._uncover(chunk)
            started = self._group_end
            left = self._stop - started
            kept = left // 2 if keep else 0
            self._at, self._stop = started, started + kept
            self._emit(Returned(chunk.id, chunk.first + self._stop, left - kept))
            return True

    def look(self) -> bool:
        """Report what nobody was told of, what is under way included, and announce all from now on. Any thread.

        Where results are held, they are reported, and the worker goes on as before.

        Returns:
            whether to look again in a while, be there a report before or not.
        """
        with self._lock:
            chunk, silent = self._chunk, self._unannounced
            if chunk is not None and self._holds:
                return silent and self._look_in(chunk)
            if chunk is not None and self._quiet:
                self._uncover(chunk)
                self._at = self._group_end
            self._quiet = self._holds
            return False

    def is_at(self, chunk: Chunk, index: int) -> bool:
        """Tell whether this item is the one under way, and has not just ended. Any thread."""
        with self._lock:
            if self._chunk is None or self._chunk.id != chunk.id or self._out:
                return False
            return self._base < self._group_end and chunk.first + self._base == index

    def close(self) -> None:
        """Close the event loop, if one was needed; for the worker itself, when it has nothing to run."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None
