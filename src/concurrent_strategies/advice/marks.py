"""The clocks before and behind each item that a lane runs, read in the lane's own thread from what it reports.

Started is the last thing before an item, and Done or Failed the first behind it; the end of one is the start of the
next. Nothing is judged here, and nothing is run.
"""

from __future__ import annotations

import threading
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.port import Done, Failed, Started
from .samples import Samples, Timing
from .thread_facts import ThreadFacts

_usage: Any
try:
    import resource as _usage
except ImportError:  # Windows
    _usage = None

if TYPE_CHECKING:
    from .._core.port import Chunk, Report

#: Seconds from which on an item's memory is looked at.
LONG: Final = 0.001


class _Mark(NamedTuple):
    """The clocks when an item, or a group of them, began."""

    first: int
    time: float
    cpu: float
    queued: float
    children: float
    memory: int


class Marks:
    """What was timed in one thread, which makes its `facts` before its first item.

    Attributes:
        facts: of the thread that runs the items.
        examples: item and value of the last few that returned.
        awaited: whether a function that was not declared `async def` returned awaitables.
    """

    def __init__(self) -> None:
        self.facts: ThreadFacts
        self.examples: list[tuple[Any, Any]] = []
        self.awaited: bool = False
        self._mark: _Mark | None = None
        self._timings: list[Timing] = []
        self._lock = threading.Lock()
        self._closed = False

    # ------------------------------------------------------------------------------------------ for whoever asks

    @property
    def timings(self) -> list[Timing]:
        """Of the items that have ended."""
        return self._timings

    def samples(self) -> Samples:
        """Return what has been timed so far, the item under way included."""
        mark = self._mark
        flight = None
        with self._lock:
            if mark is not None and not self._closed and self.facts.readable():
                facts = self.facts
                flight = Timing(1, clock() - mark.time, facts.cpu() - mark.cpu, facts.queued() - mark.queued, 0.0)
        return Samples([*self._timings], flight)

    def times(self) -> tuple[float, float] | None:
        """Return the seconds for which the thread had a core or wanted none, from any moment on, and those of CPU."""
        with self._lock:
            if self._closed or not self.facts.readable():
                return None
            try:
                return clock() - self.facts.queued(), self.facts.cpu()
            except OSError:  # it has ended
                return None

    def flight(self) -> int | None:
        """Return the index of the first item under way, or `None` between items."""
        mark = self._mark
        return None if mark is None else mark.first

    def memory_before(self, index: int) -> int:
        """Return the memory of the process when an item began, in bytes; 0 if it is not known, or has ended."""
        mark = self._mark
        return 0 if mark is None or mark.first != index else mark.memory

    @property
    def begun(self) -> bool:
        """Whether there is a thread to ask about."""
        return hasattr(self, "facts")

    def close(self) -> None:
        """Note nothing any more, and free what the facts need."""
        with self._lock:
            if not self._closed and self.begun:
                self.facts.close()
            self._closed = True
            self._mark = None

    # ------------------------------------------------------------------------------------ in the thread that runs

    def note(self, report: Report, chunk: Chunk) -> None:
        """Take a report of the lane about a chunk."""
        with self._lock:
            if self._closed or not self.facts.mine():
                return
            if isinstance(report, Started):
                self._set_mark(report.first)
                return
            if isinstance(report, Done):
                end = report.first + len(report.values)
                self._time(len(report.values))
                self._keep(report, chunk)
            elif isinstance(report, Failed):
                end = report.index + 1
                self._time(1)
            else:
                return
            if end < chunk.first + len(chunk.items):
                self._set_mark(end)
            else:
                self._mark = None

    def _keep(self, report: Done, chunk: Chunk) -> None:
        self.awaited = self.awaited or report.awaited
        last = report.first + len(report.values) - 1
        self.examples = [*self.examples[-2:], (chunk.items[last - chunk.first], report.values[-1])]

    def _set_mark(self, index: int) -> None:
        facts = self.facts
        if facts.readable():
            # To ask for the memory takes longer than a short item.
            long = not self._timings or self._timings[-1].duration > LONG
            memory = facts.resident() if long else 0
            self._mark = _Mark(index, clock(), facts.cpu(), facts.queued(), _children(), memory)

    def _time(self, items: int) -> None:
        now, mark, facts = clock(), self._mark, self.facts
        if mark is None or not items or not facts.readable():
            return
        cpu, queued = facts.cpu() - mark.cpu, facts.queued() - mark.queued
        self._timings.append(Timing(items, now - mark.time, cpu, queued, _children() - mark.children))


def _children() -> float:
    """Return the seconds of CPU of child processes that have ended; 0 where the system does not tell."""
    if _usage is None:
        return 0.0
    usage = _usage.getrusage(_usage.RUSAGE_CHILDREN)
    return float(usage.ru_utime + usage.ru_stime)
