"""A run of a plain function that chooses for itself: one thread begins, and is watched.

What evidently waits gets more threads at once; what it is all in all, `scout.py` tells some milliseconds later.
"""

from __future__ import annotations

import math
import threading
from time import monotonic as clock
from typing import TYPE_CHECKING, Final, NamedTuple

from .._core.port import Chunk, Report, Returned
from .autoport import AutoPort, Freedom
from .eager import LOOK, Eager
from .plan import Plan
from .scout import Lookout, ScoutPort

if TYPE_CHECKING:
    from .._core.port import Port
    from .course import Course, Reading
    from .observer import Observation
    from .profile import WorkloadProfile
    from .samples import Samples

#: Seconds in which short work ends undisturbed.
MOMENT: Final = 0.002
#: Seconds: what will be over sooner is not worth a thought, which takes as long, if it computes for most of its time.
SHORT, MOSTLY = 0.05, 0.5
#: Seconds in which all threads that may be there early have begun.
EARLY_ALL: Final = 0.02
#: Seconds between two tries to get a thread for watching, where there are none left.
AGAIN: Final = 0.1


class _First(NamedTuple):
    """What came of looking at the first items: no course if nothing was timed yet."""

    course: Course | None = None
    changed: bool = False
    port: Port | None = None


class AutoThreads(AutoPort):
    """One run of a plain function.

    Args:
        scout: the threads to begin with.
        early: how many of them, at most, while nothing is known but that items wait.
        freedom: what there is to choose from.
    """

    def __init__(self, scout: ScoutPort, early: int, freedom: Freedom) -> None:
        super().__init__(scout, 1, Plan("sync"), freedom, MOMENT)
        self._scout = scout
        self._early = early if freedom.items is None else min(early, freedom.items)
        self._eager: Eager | None = None
        self._lookout: Lookout | None = None
        self._seen: Observation | None = None
        self._first: _First | None = None  # what the lookout has found, until it is taken
        self._handing = threading.Lock()
        self._grown = threading.Event()  # set when there are as many threads as there may be so early
        self._news = self._over = False
        self._holding = False  # whether the scout rests, as its items would keep the lookout from choosing
        self._rests = False  # ... and has been told so
        self._held: list[Chunk] = []

    # -------------------------------------------------------------------------------------------- for the engine

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to the port that its seat belongs to now, unless that rests."""
        if self._holding and self.current is self._scout:
            self._held.append(chunk)
        else:
            super().start(chunk)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Have given back what is not started."""
        if chunk in self._held:
            self._held.remove(chunk)
            self._say(Returned(chunk.id, chunk.first, len(chunk.items)))
        else:
            super().recall(chunk, keep)

    def poll(self) -> list[Report]:
        """Return what has been reported since, and think again if it is time."""
        if self._holding != self._rests:
            self._rests = self._holding
            self._rest_or_go_on()
        reports = super().poll()
        if self._news and not self.muted:
            self._news = False
            self._think(clock())
        return reports

    def _rest_or_go_on(self) -> None:
        if self._rests:
            self.call_back()
            return
        held, self._held = self._held, []
        for chunk in held:
            self.start(chunk)

    def close(self) -> None:
        """End or abandon at once whatever still runs, everywhere."""
        with self._handing:
            self._over = True
            self._grown.set()
            found, self._first = self._first, None
        if found is not None and found.port is not None:
            found.port.close()
        if self._lookout is not None:
            self._lookout.end()
        self._scout.no_more()
        super().close()

    # ---------------------------------------------------------------------------------------------- choosing

    def _think(self, now: float) -> None:
        if self._course is None:
            self._watch(now)
            return
        if now >= self._course.due and not self.changing:
            self._look(self._course, self._reading(now))
        self._due = math.inf if self.changing else self._course.due

    def _watch(self, now: float) -> None:
        """See to it that somebody watches, and go by what came of it."""
        found, self._first = self._first, None
        if found is not None:
            self._take(found, now)
        elif self._eager is not None:
            self._eager.look()
            self.widen(self._eager.calls)
            self._freedom.told(Plan("thread", self._eager.calls))
            self._due = now + LOOK
            if not self._eager.grows:
                self._due = math.inf
                self._grown.set()
        elif self._lookout is None and self._scout.marks.begun:
            if (rest := computes_for(self._scout.marks.samples(), self._left)) < SHORT:
                self._due = now + max(MOMENT, rest)
                return
            self._lookout = Lookout(self._scout.marks, self._answer, self._hold)
            self._due = math.inf
            if not self._lookout.begin():  # no thread is left for it: later, perhaps
                self._lookout, self._due = None, now + AGAIN
        else:
            self._due = now + (MOMENT if self._lookout is None else math.inf)

    def _take(self, found: _First, now: float) -> None:
        """Go by what the lookout has found."""
        self._holding, self._eager, self._course = False, None, found.course
        if found.course is None:
            self._lookout, self._due = None, now + MOMENT
            return
        if found.changed:
            self._go_on(found.course, found.port)
        self._due = found.course.due

    def _look(self, course: Course, reading: Reading) -> None:
        """Think again, by what the scout's items have told meanwhile and by the counters of the run."""
        profile = None
        if self._seen is not None and self.current is self._scout:
            self._seen.samples = self._scout.marks.samples()
            profile = self._thinker.profile(self._seen, self._scout.marks)
        if self._plan.strategy == "sync":
            if profile is not None and course.measured(profile, reading):
                self._go_on(course)
            return
        revised = profile is not None and course.revised(profile, reading)
        if course.look(reading) or revised:
            self._go_on(course)

    def _go_on(self, course: Course, port: Port | None = None) -> None:
        plan = course.plan
        if plan.family not in ("sync", "thread"):
            port = port or self._open_or_settle(course)
            if port is not None:
                self._scout.no_more()
                super()._go_on(course, port)
            return
        if self.current is self._scout:
            self.widen(plan.calls)
        else:
            self.switch(self._scout, plan.calls)
        self._goes_by(plan)

    # -------------------------------------------------------------------------------------- in the lookout's thread

    def _answer(self, seen: Observation | None) -> None:
        """Choose by what was seen, and prepare what was chosen, as both take a while."""
        self._seen = seen
        marks = self._scout.marks
        if seen is not None and seen.knocks.evident and self._early > 1:
            self._eager = Eager(marks, self._early)
            self._wake()
            self._grown.wait(EARLY_ALL)  # first things first: beside all that has to be loaded, threads start slowly
        profile = None if seen is None else self._thinker.profile(seen, marks)
        found = _First() if profile is None else self._chosen(profile, seen)
        port = found.port
        with self._handing:
            if not self._over:
                self._first, port = found, None
        if port is not None:
            port.close()
        self._wake()

    def _chosen(self, profile: WorkloadProfile, seen: Observation | None) -> _First:
        course = self._thinker.course(None if seen is None else seen.load)
        eager = self._eager
        changed = course.measured(profile, self._reading(clock()), 1 if eager is None else eager.calls)
        apart = changed and course.plan.family != "thread"
        return _First(course, changed, self._open_or_settle(course) if apart else None)

    def _hold(self, rest: bool) -> None:
        """Have the scout rest, or go on."""
        self._holding = rest
        self.bell.ring()

    def _wake(self) -> None:
        """Have the driver think."""
        self._news = True
        self.bell.ring()


def computes_for(samples: Samples, left: int | None) -> float:
    """Return the seconds after which so many items will be over, if they go on as they began, and compute.

    It is infinite if nobody knows, and 0 if the second item will tell: the first carries imports and page faults.
    """
    settled = samples.timings[1:]
    if left is None or not samples.timings or samples.computing < MOSTLY:
        return math.inf
    if not settled:
        return 0.0 if samples.timings[0].wall < MOMENT else math.inf
    return left * sum(timing.wall for timing in settled) / sum(timing.items for timing in settled)
