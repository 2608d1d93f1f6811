"""The first items of a run, run by one thread and watched by another: what are they, while the rest waits for the
answer?

    engine --> ScoutPort: one thread at first, more if threads it is --> reports --> engine
                  |  marks: clocks before and behind each item
               Lookout: knocks, and looks at the clocks; some milliseconds later it knows
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from .._core.port import Chunk, Report, Started
from .._ports.threads import ThreadsPort
from .marks import Marks
from .observer import Observer, shortened_interval
from .patience import Haste
from .thread_facts import ThreadFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._core.call import Call
    from .._ports.thread_crew import ThreadCrew
    from .observer import Observation

NAME: Final = "lookout"
#: Items whose computing holds the GIL for more than this part of it are to rest while somebody thinks. What that has to
#: load would have to wait for the GIL again after each file: beside items of a millisecond it takes ten times as long.
HELD: Final = 0.25
#: Seconds: items that are shorter want the GIL often, whatever they do.
OFTEN: Final = 0.0005
#: Seconds that a lookout may take to end once nobody asks it any more.
ENDING: Final = 0.1


class ScoutPort(ThreadsPort):
    """Threads, of which the first has its items timed.

    Args:
        call: what to run.
        crew: where the threads come from.

    Attributes:
        marks: the clocks.
    """

    announces = True  # or the clocks would not hear of the first items

    def __init__(self, call: Call, crew: ThreadCrew) -> None:
        super().__init__(call, crew)
        self.marks: Marks = Marks()
        self._timing = True
        self._lock = threading.Lock()
        self._chunks: dict[int, Chunk] = {}

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to its seat's thread, and remember those of the first while items are timed."""
        if self._timing and chunk.seat == 0:
            self._chunks[chunk.id] = chunk
        super().start(chunk)

    def _begin(self) -> None:
        """Look at the thread that is here: another one, if the first was abandoned in an overdue item."""
        with self._lock:
            if not self._timing:
                return
            if self.marks.begun and not self.marks.facts.mine():
                self.marks.close()
                self.marks = Marks()
            if not self.marks.begun:
                self.marks.facts = ThreadFacts()

    def no_more(self) -> None:
        """Time no further items."""
        with self._lock:
            self._timing = False
            self.marks.close()
        self._chunks.clear()

    def _report(self, report: Report) -> None:
        if self._timing:
            chunk = self._chunks.get(report.chunk)
            if chunk is not None:
                self._note(report, chunk)
        super()._report(report)

    def _note(self, report: Report, chunk: Chunk) -> None:
        if isinstance(report, Started):
            self._begin()
            for earlier in [number for number in tuple(self._chunks) if number < chunk.id]:
                self._chunks.pop(earlier, None)
        if self.marks.begun:
            self.marks.note(report, chunk)


class Lookout:
    """A thread that watches until it has an answer, or is no longer asked.

    Args:
        marks: the clocks of what is watched; the thread that runs it must have begun.
        answer: takes what was seen, or `None` if nothing was, in this thread.
        hold: has the items rest, or go on.
    """

    def __init__(
        self, marks: Marks, answer: Callable[[Observation | None], None], hold: Callable[[bool], None]
    ) -> None:
        self.marks: Marks = marks
        self._hold = hold
        self.threads: int = 2
        self._answer = answer
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=NAME, daemon=True)

    def begin(self) -> bool:
        """Start watching; return whether there is a thread to be had for it."""
        try:
            self._thread.start()
        except RuntimeError:
            return False
        return True

    def end(self) -> None:
        """Ask no more; bounded."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(ENDING)

    def _watch(self) -> None:
        with shortened_interval():  # also for the answer, which items that hold the GIL would keep waiting
            try:
                seen: Observation | None = Observer(self, Haste(), quiet=0.0).watch()
            except OSError:  # the thread that was watched has ended, and its clock with it
                seen = None
            if self._over.is_set():
                return
            if seen is not None and not seen.knocks.evident and self._compete(seen):
                self._hold(True)
            try:
                self._answer(seen)
            except BaseException:
                self._hold(False)  # whatever is wrong here, the items go on, as they are; and it is printed
                raise

    def _compete(self, seen: Observation) -> bool:
        """Tell whether the items want the GIL so much, or so often, that nobody could think beside them."""
        durations = [timing.duration for timing in seen.samples.settled]
        return (seen.knocks.held or 0.0) > HELD or (bool(durations) and min(durations) < OFTEN)

    # -------------------------------------------------------------------------------------- for the observer

    def start(self) -> None:
        """Have the thread begin: it has."""

    def feed(self) -> bool:
        """Tell whether to go on watching."""
        return not self._over.is_set()

    def rest(self, seconds: float) -> bool:
        """Wait, at most so long; return whether the thread idles."""
        self._over.wait(seconds)
        return self.marks.flight() is None

    def stop(self) -> None:
        """Learn that nobody watches any more: the items go on."""
