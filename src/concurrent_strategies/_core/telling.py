"""What a lane says of the group that it is running: values from the front, or all there are, and how long they took.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from time import perf_counter as clock

from .call import ASYNC, BARE, LONGEST_TELL, SHORT, TELL, Call
from .port import Chunk, Done, Report
from .stride import Stride
from .undeclared import judged

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
        self._alone = self._awaits = False
        self._awaited = False  # whether the value of the last item that was run alone was awaited
        self._written = False  # whether what is not announced is written down, however long it takes
        self._tell_after = TELL  # seconds
        self._quiet = False  # whether groups need not be announced yet
        self._unannounced = False  # whether nobody was told of the running group
        self._chunk: Chunk | None = None
        self._iterator: Any = iter(())
        self._group_end = 0  # offset in the chunk
        self._base = 0  # offset of the first value in `_out`
        self._out: list[Any] = []
        self._since = self._mark = 0.0
        self._ends: list[float] = []  # when each item of the group ended, where that is written down

    def _cut(self, chunk: Chunk) -> None:
        """Take from the running group what it has not begun: from here on the worker finds nothing more in it."""
        self._group_end -= len(list(self._iterator))
        if self._unannounced and self._journal is not None:
            self._journal.cut(chunk.first + self._group_end)

    def _ended(self, count: int) -> float:
        """Return the time at which the first so many values were there, as far as that is known."""
        if len(self._ends) >= count > 0:
            return self._ends[count - 1]
        return min(clock(), max(self._mark, self._since + SHORT * count))

    def _report_front(self, chunk: Chunk, count: int, seconds: float) -> None:
        """Report the first values of the running group; the worker goes on appending to the same list."""
        if count:
            first, values = self._base, self._out[:count]
            del self._out[:count]
            self._base += count
            self._emit_values(chunk.first + first, values, seconds, set(map(type, values)))

    def _flush(self, chunk: Chunk, now: float, kinds: set[type], failed: bool) -> float:
        """Report the values of the group that are not reported yet; return since when an item that failed ran."""
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
            self._quiet = False
        self._tell_after = min(2 * self._tell_after, LONGEST_TELL) if self._quiet else TELL
        self._emit_values(chunk.first + first, values, took, kinds, self._each(len(values), took))

    def _each(self, count: int, took: float) -> list[float] | None:
        """Return what each of the values took, unless they were too short to be timed alone."""
        if count < 2 or took < SHORT * count or len(self._ends) < count:
            return None
        marks = [self._since, *self._ends[:count]]
        return [end - begin for begin, end in pairwise(marks)]

    def _emit_values(
        self, first: int, values: list[Any], took: float, kinds: set[type], each: list[float] | None = None
    ) -> None:
        assert self._chunk is not None
        chunk = self._chunk.id
        awaited = self._awaited and self._call.colour != ASYNC
        done = Done(chunk, first, values, took, self._worker, awaited, kinds)
        done.each = each
        for report in judged(done, self._awaits):
            self._emit(report)
