"""One worker's way through its chunks, in every kind of worker that makes one call after the other: item by item until
they have been shown to be short, then in groups at nearly the speed of a bare loop.

A group can be cut while it runs. Its items sit in a list iterator, and `list(iterator)` takes what is left in one
step that no other thread can interleave (under the GIL): whoever gets an item is its only owner, without a lock for
each item.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

import sys
import threading
from time import perf_counter as clock

from .call import ASYNC, GROUP, PROOF, SHORT, Call
from .item import OURS, resource, seeded
from .port import Chunk, Done, Failed, Report, Returned, Started
from .undeclared import PENDING, awaitable, judged, plain_front

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any

# Without a GIL taking the rest of an iterator is no single step, so that every item has to be announced alone.
_GROUPS = getattr(sys, "_is_gil_enabled", lambda: True)()


class Lane:
    """One worker's way through its chunks; `step` is for the worker, `recall` for anybody else.

    Args:
        call: what to run.
        emit: takes each report, in order; called under the lane's lock.
        worker: the name that outcomes carry.
        callers_thread: whether a KeyboardInterrupt in here is the caller's: then it is let through.
    """

    def __init__(
        self, call: Call, emit: Callable[[Report], object], worker: str = "", *, callers_thread: bool = False
    ) -> None:
        from contextvars import copy_context

        self._emit = emit
        self._worker = worker
        self._callers_thread = callers_thread
        self._lock = threading.Lock()
        self._call = call
        self._func = call.bound()
        self._context = (copy_context() if call.context is None else call.context).copy()
        self._bare = OURS.issuperset(self._context)
        self._awaits = self._decided = call.colour == ASYNC
        # Whether an awaitable that comes late is an error is decided by the run's first item, which others may have.
        self._lenient = not self._awaits
        self._alone = call.seed is not None or self._awaits or call.task_timeout is not None or not _GROUPS
        self._loop: Any = None
        self._size = 1  # items in the next group
        self._proven = 0  # short items in a row, up to PROOF
        self._chunk: Chunk | None = None
        self._at = self._stop = 0  # offsets in the chunk: next item to start, end of what is ours
        self._iterator: Any = iter(())
        self._group_end = 0
        self._base = 0  # offset of the first value in `_out`
        self._out: list[Any] = []
        self._since = 0.0

    def provide(self, value: Any) -> None:
        """Let items ask for this worker's resource."""
        self._context.run(resource.set, value)

    @property
    def busy(self) -> bool:
        """Whether there is something left to run."""
        return self._chunk is not None

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
            count = min(self._size, self._stop - self._at)
            low = self._at
            group = chunk.items[low : low + count] if count < len(chunk.items) else chunk.items
            self._base, self._out, self._iterator = low, [], iter(group)
            self._at = self._group_end = low + count
            self._emit(Started(chunk.id, chunk.first + low, count))
            self._since = clock()
        while not self._run_group(chunk):
            pass

    def _run_group(self, chunk: Chunk) -> bool:
        """Run what the iterator still has; return False after an item that failed, with more to come."""
        error: BaseException | None = None
        out = self._out
        try:
            self._run_items(chunk.first + self._base, out)
            if not self._decided and out:
                self._decide(chunk.first + self._base, out)
        except BaseException as caught:
            if self._callers_thread and isinstance(caught, KeyboardInterrupt):
                raise
            error = caught
        kinds = self._await_late(chunk, out) if self._lenient else set(map(type, out))
        took = clock() - self._since
        with self._lock:
            self._flush(chunk, took, kinds)
            if error is not None:
                index = chunk.first + self._base
                self._emit(Failed(chunk.id, index, _trimmed(error), took, self._worker))
                self._base, self._out, self._since = self._base + 1, [], clock()
            over = self._base >= self._group_end
            if over:
                self._at = self._group_end
                if self._at >= self._stop:
                    self._chunk = None
            return over

    def _run_items(self, index: int, out: list[Any]) -> None:
        """Run what the iterator still has, each item in a context that shows nothing of the others."""
        if self._alone:
            self._run_alone(index, out)
        elif self._call.shared_context:
            self._context.run(self._run_shared, out)
        elif self._bare:
            context = self._context.copy()
            while context.run(self._run_bare, out, context, len(context)):
                context = self._context.copy()
        else:
            append, copy, func = out.append, self._context.copy, self._func
            for item in self._iterator:
                append(copy().run(func, item))

    def _run_shared(self, out: list[Any]) -> None:
        append, func = out.append, self._func
        for item in self._iterator:
            append(func(item))

    def _run_bare(self, out: list[Any], context: Context, size: int) -> bool:
        """Run items in one context until one of them has set a variable; return whether that was so.

        As long as there are no variables but ours, whatever an item sets makes the context larger: a look at its size
        costs a third of a copy for each item, and keeps the same promise.
        """
        append, func = out.append, self._func
        for item in self._iterator:
            append(func(item))
            if len(context) != size:
                return True
        return False

    def _run_alone(self, index: int, out: list[Any]) -> None:
        """Run the group's one item, with whatever it needs of its own: a seed, a loop, a judge of its time."""
        for item in self._iterator:
            context = self._context if self._call.shared_context else self._context.copy()
            if self._call.seed is not None:
                context.run(seeded.set, (self._call.seed, index))
            value = context.run(self._func, item)
            if self._awaits:
                value = self._await(value, context)
            limit = self._call.task_timeout
            if limit is not None and clock() - self._since > limit:
                from .._errors import TaskTimeout

                raise TaskTimeout(index, limit)
            out.append(value)

    def _decide(self, index: int, out: list[Any]) -> None:
        """Settle the colour of a function that nobody declared `async def`, by what it returned first."""
        self._lenient = index > 0
        if hasattr(type(out[0]), "__await__"):
            first = out.pop()
            self._awaits = self._alone = self._decided = True
            self._lenient = False
            out.append(self._await(first, self._context.copy()))
        self._decided = True

    def _await_late(self, chunk: Chunk, out: list[Any]) -> set[type]:
        """Await what was returned although this lane's own first item needed no awaiting; the run judges it.

        Returns:
            the types of the values that are left to report.
        """
        while True:
            with self._lock:
                kinds = set(map(type, out))
                if not awaitable(kinds):
                    return kinds
                done = plain_front(out)
                self._report_front(chunk, done, clock() - self._since)
                pending, out[0] = out[0], PENDING
                self._since = clock()
            report: Report
            index = chunk.first + self._base
            try:
                value = self._await(pending, self._context.copy())
                report = Done(chunk.id, index, [value], clock() - self._since, self._worker, True)
            except BaseException as error:
                if self._callers_thread and isinstance(error, KeyboardInterrupt):
                    raise
                report = Failed(chunk.id, index, _trimmed(error), clock() - self._since, self._worker)
            with self._lock:
                del out[0]
                self._base += 1
                self._emit(report)

    def _report_front(self, chunk: Chunk, count: int, seconds: float) -> None:
        """Report the first values of the running group; the worker goes on appending to the same list."""
        if count:
            first, values = self._base, self._out[:count]
            del self._out[:count]
            self._base += count
            self._emit_values(chunk.first + first, values, seconds, set(map(type, values)))

    def _flush(self, chunk: Chunk, took: float, kinds: set[type]) -> None:
        """Report the values of the group that are not reported yet, and size the next group."""
        values = self._out
        if not values:
            return
        first = self._base
        self._base, self._out = first + len(values), []
        if self._alone or took >= SHORT * len(values):
            self._size, self._proven = 1, 0
        elif self._proven < PROOF:
            self._proven += len(values)
        else:
            self._size = min(self._size * 8, max(1, int(GROUP * len(values) / max(took, 1e-9))))
        self._emit_values(chunk.first + first, values, took, kinds)

    def _emit_values(self, first: int, values: list[Any], took: float, kinds: set[type]) -> None:
        assert self._chunk is not None
        chunk = self._chunk.id
        undeclared = self._awaits and self._call.colour != ASYNC
        done = Done(chunk, first, values, took, self._worker, undeclared, kinds)
        for report in judged(done, self._awaits):
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
                self._since = clock()
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
            self._group_end -= len(list(self._iterator))  # from here on the worker finds nothing more in the group
            started = self._group_end
            if self._decided:
                done = plain_front(self._out) if self._lenient else len(self._out)
                self._report_front(chunk, done, min(clock() - self._since, SHORT * done))
            left = self._stop - started
            kept = left // 2 if keep else 0
            self._at, self._stop = started, started + kept
            self._size, self._proven = 1, 0
            self._emit(Returned(chunk.id, chunk.first + self._stop, left - kept))
            return True

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


def _trimmed(error: BaseException) -> BaseException:
    """Drop our own frames off the head of a traceback: the user's first frame is what helps."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return error.with_traceback(trace)
