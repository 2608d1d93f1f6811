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
from typing import TYPE_CHECKING, Any, Final

from .._core.lane import Lane
from .._core.port import Chunk, Done, Failed, Returned
from .._outcome import Failure, Success
from .marks import Marks
from .thread_facts import ThreadFacts

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
        self._current: Chunk | None = None
        #: The clocks, and what else was noticed about the items.
        self.marks: Marks = Marks()
        self.threads: int = 0
        #: What became of the items; grows while items run.
        self.outcomes: list[Outcome[Any]] = []
        #: Items that were read and given back unstarted.
        self.leftover: list[Any] = []

    def start(self) -> None:
        """Start the worker thread, if there is to be one."""
        if self._inline:
            self.marks.facts = ThreadFacts()
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

    @property
    def started(self) -> int:
        """How many items are done or under way, once it was stopped."""
        return self._next - self._first - len(self.leftover)

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
        if self.marks.flight() is None:  # nothing is under way: the thread is as good as gone
            self._over.wait(ENDING)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the item under way; return whether it has ended."""
        if self._inline:
            return True
        return self._over.wait(timeout)

    def end_inline(self) -> None:
        """Free what an inline run needed; in the thread that ran it."""
        self._lane.close()
        self.marks.close()

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
        timings = self.marks.timings
        done = sum(timing.items for timing in timings)
        last = timings[-1] if timings else None
        wanted = 1 if last is None else min(2 * done, max(1, int(WORK / max(last.duration, 1e-9))))
        return wanted if self._left is None else min(wanted, self._left)

    # ------------------------------------------------------------------------------------- the worker's side

    def _work(self) -> None:
        self.marks.facts = ThreadFacts()
        try:
            if self._steps is not None:
                self._steps.prepare(self.marks.facts)
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
            self.marks.close()

    def _note(self, report: Report) -> None:
        """Take a report of the lane."""
        chunk = self._current
        assert chunk is not None
        self.marks.note(report, chunk)
        if isinstance(report, Done):
            each = report.seconds if len(report.values) == 1 else None
            self.outcomes += [
                Success(index, None, value, 1, each, NAME) for index, value in enumerate(report.values, report.first)
            ]
        elif isinstance(report, Failed):
            self.outcomes.append(Failure(report.index, None, report.error, 1, report.seconds, NAME))
        elif isinstance(report, Returned) and report.count:
            self.leftover = list(chunk.items[report.first - chunk.first :][: report.count])
