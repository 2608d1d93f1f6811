"""Runs real items, each once and in their order, and notes what each came to. Nothing is judged here.

    caller                                        worker thread
    feed(): reads the input  ---- chunks -------> a lane runs them, as in every strategy
    samples(), flight()      <--- notes --------- marks before and behind each item
    stop()                   ---- recall -------> gives back what has not begun; the item under way goes on

The input is read by the caller alone. With `inline` the items run in the caller's own thread, in `feed`.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.lane import Lane
from .._core.port import Chunk, Done, Failed, Returned, Started
from .._outcome import Failure, Success
from .samples import Samples, Timing
from .thread_facts import ThreadFacts

_usage: Any
try:
    import resource as _usage
except ImportError:  # Windows
    _usage = None

if TYPE_CHECKING:
    from .._core.call import Call
    from .._core.port import Report
    from .._core.source import Source
    from .._outcome import Outcome
    from .stepping import Steps

#: Seconds of work to hand over in one go; the thread idles for some 0.1 ms between two.
WORK: Final = 0.004
NAME: Final = "measure"
#: Seconds that the thread may take to end when it has nothing to do.
ENDING: Final = 1.0
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


class Sampler:
    """Runs items of a source until it is stopped.

    Args:
        call: what to run.
        source: where items come from; only the caller's thread reads it.
        first: index of the first item.
        most: items to run, at most.
        inline: run them in the caller's thread.
        steps: what looks at coroutines in there, if they are to be looked at.
    """

    def __init__(
        self,
        call: Call,
        source: Source,
        *,
        first: int = 0,
        most: int | None = None,
        inline: bool,
        steps: Steps | None = None,
    ) -> None:
        self.source = source
        self._first = self._next = first
        self._left = most
        self._inline = inline
        self._steps = steps
        self._lane = Lane(call, self._note, NAME, callers_thread=inline)
        self._chunks: SimpleQueue[Chunk | None] = SimpleQueue()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._ready = threading.Event()
        self._begun = threading.Event()
        self._over = threading.Event()
        self._stopped = False
        self._mark: _Mark | None = None
        self._timings: list[Timing] = []
        self._current: Chunk | None = None
        self.facts: ThreadFacts
        #: What became of the items; grows while items run.
        self.outcomes: list[Outcome[Any]] = []
        #: Items that were read and given back unstarted.
        self.leftover: list[Any] = []
        #: Item and value of the last few that returned.
        self.examples: list[tuple[Any, Any]] = []
        #: Whether a function that was not declared `async def` returned awaitables.
        self.awaited: bool = False

    def start(self) -> None:
        """Start the worker thread, if there is to be one."""
        if self._inline:
            self.facts = ThreadFacts()
            return
        threading.Thread(target=self._work, name=NAME, daemon=True).start()
        self._ready.wait()

    # ------------------------------------------------------------------------------------- the caller's side

    def feed(self) -> bool:
        """Hand out the next chunk if the last one is over; return False when there is nothing left to run."""
        if self._current is not None:
            return True
        chunk = self._read()
        if chunk is None:
            return False
        self._current = chunk
        if not self._inline:
            self._begun.clear()
            self._chunks.put(chunk)
            return True
        self._lane.begin(chunk)
        while self._lane.busy:
            self._lane.step()
            if self._stopped:
                self._lane.recall(chunk, keep=False)
        self._current = None
        return True

    def rest(self, seconds: float) -> bool:
        """Wait, at most so long; return whether the chunk ended meanwhile."""
        try:
            self._bell.get(timeout=seconds)
        except Empty:
            return False
        self._current = None
        return True

    def samples(self) -> Samples:
        """Return what has been timed so far."""
        mark = self._mark
        flight = None
        if mark is not None and self.facts.readable():
            flight = Timing(1, clock() - mark.time, self.facts.cpu() - mark.cpu, self.facts.queued() - mark.queued, 0.0)
        return Samples([*self._timings], flight)

    @property
    def started(self) -> int:
        """How many items are done or under way, once it was stopped."""
        return self._next - self._first - len(self.leftover)

    def flight(self) -> int | None:
        """Return the index of the first item under way, or `None` between items."""
        mark = self._mark
        return None if mark is None else mark.first

    def memory_before(self, index: int) -> int:
        """Return the memory of the process when an item began, in bytes; 0 if it is not known, or has ended."""
        mark = self._mark
        return 0 if mark is None or mark.first != index else mark.memory

    def stop(self) -> None:
        """Start no further item; the one under way goes on. What was read and not started is in `leftover`."""
        self._stopped = True
        current = self._current
        if self._inline:
            return
        if current is not None:
            self._begun.wait()  # what the lane has not begun it cannot give back
            self._lane.recall(current, keep=False)
        self._chunks.put(None)
        if self._mark is None:  # nothing is under way: the thread is as good as gone
            self._over.wait(ENDING)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the item under way; return whether it has ended."""
        if self._inline:
            return True
        return self._over.wait(timeout)

    def end_inline(self) -> None:
        """Free what an inline run needed; in the thread that ran it."""
        self._lane.close()
        self.facts.close()

    def _read(self) -> Chunk | None:
        wanted = self._wanted()
        if self.source.ended or self._stopped or wanted <= 0:
            return None
        items = list(self.source.pull(wanted))
        if not items:
            return None
        chunk = Chunk(self._next, 0, self._next, items)
        self._next += len(items)
        if self._left is not None:
            self._left -= len(items)
        return chunk

    def _wanted(self) -> int:
        """Return how many items to read next: one, until they have been seen to be short; never many at once."""
        done = sum(timing.items for timing in self._timings)
        last = self._timings[-1] if self._timings else None
        wanted = 1 if last is None else min(2 * done, max(1, int(WORK / max(last.duration, 1e-9))))
        return wanted if self._left is None else min(wanted, self._left)

    # ------------------------------------------------------------------------------------- the worker's side

    def _work(self) -> None:
        self.facts = ThreadFacts()
        try:
            if self._steps is not None:
                self._steps.prepare(self.facts)
            self._ready.set()
            while (chunk := self._chunks.get()) is not None:
                self._lane.begin(chunk)
                self._begun.set()
                while self._lane.busy:
                    self._lane.step()
                self._bell.put(None)
        finally:
            with suppress(Exception):  # a loop that cannot be closed is no reason to keep the results
                self._lane.close()
            self._over.set()
            self.facts.close()

    def _note(self, report: Report) -> None:
        """Take a report of the lane. Its last act before an item, and its first behind one."""
        if isinstance(report, Started):
            self._set_mark(report.first)
        elif isinstance(report, Done):
            self._time(len(report.values))
            self._keep(report)
            self._set_mark(report.first + len(report.values))
        elif isinstance(report, Failed):
            self._time(1)
            self.outcomes.append(Failure(report.index, None, report.error, 1, report.seconds, NAME))
            self._set_mark(report.index + 1)
        elif isinstance(report, Returned) and report.count:
            chunk = self._current
            assert chunk is not None
            self.leftover = list(chunk.items[report.first - chunk.first :][: report.count])
        if not self._lane_has_more(report):
            self._mark = None

    def _lane_has_more(self, report: Report) -> bool:
        chunk = self._current
        if chunk is None or isinstance(report, Started | Returned):
            return True
        end = report.first + len(report.values) if isinstance(report, Done) else getattr(report, "index", 0) + 1
        return bool(end < chunk.first + len(chunk.items))

    def _keep(self, report: Done) -> None:
        count = len(report.values)
        each = report.seconds if count == 1 else None
        self.awaited = self.awaited or report.awaited
        self.outcomes += [
            Success(index, None, value, 1, each, NAME) for index, value in enumerate(report.values, report.first)
        ]
        chunk = self._current
        if chunk is not None:
            last = report.first + count - 1
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
