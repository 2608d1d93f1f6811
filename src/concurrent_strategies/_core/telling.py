"""What a lane says of the group that it is running: values from the front, or all there are, and how long they took.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

import threading
from operator import sub
from time import perf_counter as clock

from .call import ASYNC, BARE, LONGEST_TELL, LOOK, SHORT, TELL, Call
from .port import Chunk, Done, Report, Started
from .stride import Stride
from .undeclared import judged, kinds_of, plain_front

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .groups import Journal

SLOW = 0.002  # seconds: an item that takes so long is announced, if others have before it


class Telling:
    """The running group of a lane, and the reports about it; all of it under the lane's lock.

    Args:
        call: what runs.
        emit: takes each report, in order.
        worker: the name that outcomes carry.
        journal: where items that nobody was told of are written down.
    """

    def __init__(self, call: Call, emit: Callable[[Report], object], worker: str, journal: Journal | None) -> None:
        self._call = call
        self._emit = emit
        self._worker = worker
        self._journal = journal
        self._lock = threading.Lock()
        self._stride = Stride(SHORT if journal is None else BARE)
        self._apart = SHORT if journal is None else SLOW  # an item that takes longer is told apart
        # Whether an awaitable that comes late is an error is decided by the run's first item, which others may have.
        self._awaits = self._decided = call.colour == ASYNC
        self._lenient = not self._awaits
        self._alone = False
        self._awaited = False  # whether the value of the last item that was run alone was awaited
        self._written = False  # whether what is not announced is written down, however long it takes
        self._tell_after = TELL  # seconds
        self._quiet = False  # whether groups need not be announced yet
        self._holds = False  # whether results may be kept for a while, as somebody will ask and no death can lose them
        self._long = False  # whether the last item was not short, so that the next are kept, each with its time
        self._timed = False  # whether the running group has the time of each item
        self._unannounced = False  # whether nobody was told of the running group
        self._chunk: Chunk | None = None
        self._iterator: Any = iter(())
        # Offsets in the chunk: next item to start, end of the running group, end of what is ours.
        self._at = self._group_end = self._stop = 0
        self._base = 0  # offset of the first value in `_out`
        self._out: list[Any] = []
        self._sealed: tuple[int, int, Any] = 0, 0, None  # offset and number of values that are ready to be sent
        self._since = self._mark = 0.0
        self._ends: list[float] = []  # when each item of the group ended, where that is written down

    def _cut(self, chunk: Chunk) -> None:
        """Take from the running group what it has not begun: from here on the worker finds nothing more in it."""
        self._group_end -= len(list(self._iterator))
        if self._unannounced and self._journal is not None:
            self._journal.cut(chunk.first + self._group_end)

    def leave(self) -> None:
        """Begin nothing more, in a forked child of the worker, whose items they are not.

        Whoever held the lock at the fork was another thread, which is not here to give it back.
        """
        self._lock = threading.Lock()
        self._group_end -= len(list(self._iterator))
        self._at = self._stop = self._group_end

    def _ended(self, count: int) -> float:
        """Return the time at which the first so many values were there, as far as that is known."""
        if len(self._ends) >= count > 0:
            return self._ends[count - 1]
        return min(clock(), max(self._mark, self._since + SHORT * count))

    def _is_plain(self, index: int) -> bool:
        """Settle that the function is a plain one, if it has shown that by now."""
        if not self._out or hasattr(type(self._out[0]), "__await__"):
            return False
        self._lenient, self._decided = index > 0, True
        return True

    def _uncover(self, chunk: Chunk) -> None:
        """Report what the running group has done, and take from it what it has not begun."""
        self._cut(chunk)
        done = self._known(chunk)
        until = self._ended(done)
        self._report_front(chunk, done, until - self._since)
        if not self._held:
            self._since = until
        current = self._base + len(self._out)
        if self._unannounced and current < self._group_end:
            self._emit(Started(chunk.id, chunk.first + current, 1))
        self._stride.reset()

    def _look_in(self, chunk: Chunk) -> bool:
        """Report what the running group has done, and end it if it ought to be over; return whether it goes on."""
        since, now = self._since, clock()
        done = self._known(chunk)
        if self._held or (not self._timed and now - since < SHORT * done):
            self._report_front(chunk, done, now - since)
            self._since = self._since if self._held else now
        elif done if not self._timed else now > since + LOOK:
            self._uncover(chunk)
            self._unannounced = False  # what is under way has been announced, and is told when it ends
            self._at = self._group_end
        return self._unannounced

    def _known(self, chunk: Chunk) -> int:
        """Return how many values, from the front, can be reported as they are."""
        if not (self._decided or self._is_plain(chunk.first + self._base)):
            return 0
        done = plain_front(self._out) if self._lenient else len(self._out)
        return min(done, len(self._ends)) if self._held else done  # the worker may be between a value and its time

    def _report_front(self, chunk: Chunk, count: int, seconds: float) -> None:
        """Report the first values of the running group; the worker goes on appending to the same list."""
        if count:
            first, values = self._base, self._out[:count]
            del self._out[:count]
            self._base += count
            each = self._each(count) if self._held else None
            if each is not None:
                seconds = sum(each)
            self._emit_values(chunk.first + first, values, seconds, kinds_of(values), each)

    @property
    def _held(self) -> bool:
        """Whether the running group is one of items that are not short."""
        return self._long and self._timed

    def _each(self, count: int) -> list[float]:
        """Take out how long each of the first items of such a group took."""
        ends = self._ends[:count]
        del self._ends[:count]
        begins = [self._since, *ends]
        self._since = begins[-1]
        return list(map(sub, ends, begins))

    def _flush(self, chunk: Chunk, now: float, kinds: set[type], failed: bool) -> float:
        """Report the values of the group that are not reported yet; return since when an item that failed ran."""
        if self._held:
            return self._flush_held(chunk, kinds)
        if failed:
            until = self._ended(len(self._out)) if self._out else self._since
            self._tell(chunk, until - self._since, kinds)
            return until
        if len(self._ends) == len(self._out) > 1 and now - self._ends[-2] > self._apart:
            last, before = self._out.pop(), self._ends[-2]  # the last one took long: it is told apart
            self._tell(chunk, before - self._since, kinds)
            self._out, self._since = [last], before
        self._tell(chunk, now - self._since, kinds)
        return now

    def _flush_held(self, chunk: Chunk, kinds: set[type]) -> float:
        """Report the values of a group of items that are not short; return since when the next one ran."""
        first, values = self._base, self._out
        self._base, self._out = first + len(values), []
        each = self._each(len(values))
        if values:
            self._emit_values(chunk.first + first, values, sum(each), kinds, each)
            self._long = not self._stride.measured(1, each[-1])
        return self._since

    def _tell(self, chunk: Chunk, took: float, kinds: set[type]) -> None:
        """Report what there is, and size the next group."""
        values = self._out
        if not values:
            return
        first = self._base
        self._base, self._out = first + len(values), []
        if self._alone:
            self._stride.reset()
        elif self._written:
            if not self._unannounced:
                self._stride.measured(len(values), took)
            self._quiet = took < SLOW * len(values)  # else writing down would keep it back for long
        elif not self._stride.measured(len(values), took):
            self._quiet = self._long = self._holds
        self._tell_after = min(2 * self._tell_after, LONGEST_TELL) if self._quiet else TELL
        self._emit_values(chunk.first + first, values, took, kinds, self._times(len(values), took))

    def _times(self, count: int, took: float) -> list[float] | None:
        """Return what each of the values took, unless they were too short to be timed alone."""
        if count < 2 or took < SHORT * count or len(self._ends) < count:
            return None
        marks = [self._since, *self._ends[:count]]
        return list(map(sub, marks[1:], marks))

    def _emit_values(
        self, first: int, values: list[Any], took: float, kinds: set[type], each: list[float] | None = None
    ) -> None:
        assert self._chunk is not None
        chunk = self._chunk.id
        awaited = self._awaited and self._call.colour != ASYNC
        done = Done(chunk, first, values, took, self._worker, awaited)
        done.each = each
        offset, count, sealed = self._sealed
        if each is None and (offset, count) == (first - self._chunk.first, len(values)):
            done.sealed = sealed
        self._sealed = 0, 0, None
        for report in judged(done, self._awaits, kinds):
            self._emit(report)
