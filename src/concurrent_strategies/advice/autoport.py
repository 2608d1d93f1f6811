"""The port of a run that chooses for itself: begins at once, is watched, and goes on with what pays.

    plain functions    one thread, watched      --> more threads | processes | processes of threads | as it is
    coroutines         the tasks of one loop    --> processes with a loop each | threads with a loop each | as it is

What an item is told by `scout.py`, what follows from it by `course.py`, and how a run changes ports in its midst by
`_ports/switching.py`. A loop begins with few tasks and doubles them as long as it is not busy: what blocks or computes
shows before all of it has begun.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from functools import cached_property, partial
from time import monotonic as clock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.port import Chunk, Done, Failed, Port, Report, Returned
from .._errors import StrategyError
from .._ports.switching import SwitchingPort
from .plan import Plan
from .scout import Lookout, ScoutPort
from .stall import SOON, Stall

if TYPE_CHECKING:
    from .course import Course, Reading
    from .observer import Observation
    from .thinking import Thinker

LOGGER: Final = "concurrent_strategies.auto"
#: Seconds in which short work ends undisturbed.
MOMENT: Final = 0.002
#: Tasks that a loop begins with.
FEW: Final = 8
#: Part of the time for which the loop may be busy while it gets more tasks.
IDLE_ENOUGH: Final = 0.7
#: Seconds between two tries to get a thread for watching, where there are none left.
AGAIN: Final = 0.1


class _First(NamedTuple):
    """What came of looking at the first items."""

    course: Course
    changed: bool
    port: Port | None


class AutoPort(SwitchingPort):
    """One run that goes on with what pays.

    Args:
        first: a `ScoutPort` for plain functions, or the port of a loop for coroutines.
        most: calls at once, at most.
        items: how many there are, where that is known.
        thinker: makes what it takes to choose, once that is needed.
        opened: opens a port for a plan.
        told: is told each plan.
    """

    def __init__(
        self,
        first: Port,
        most: int,
        items: int | None,
        thinker: Callable[[], Thinker],
        opened: Callable[[Plan], Port],
        told: Callable[[Plan], None],
    ) -> None:
        scouting = isinstance(first, ScoutPort)
        super().__init__(first, 1 if scouting else min(FEW, most))
        self._told = told
        self._plan = Plan("sync") if scouting else Plan("asyncio", most)
        told(self._plan)
        self._scout = first if isinstance(first, ScoutPort) else None
        self._most = most
        self._items = items
        self._make_thinker = thinker
        self._opened = opened
        self._course: Course | None = None
        self._lookout: Lookout | None = None
        self._seen: Observation | None = None
        self._first: _First | None = None  # what the lookout has found, until it is taken
        self._handing = threading.Lock()
        self._holding = False  # whether the scout rests, as its items would keep the lookout from choosing
        self._rests = False  # ... and has been told so
        self._held: list[Chunk] = []
        self._done = 0
        self._least = math.inf
        self._over = False
        self._stall = None if scouting else Stall()
        self._began = clock()
        self._due = self._began + (MOMENT if scouting else SOON)

    @cached_property
    def _thinker(self) -> Thinker:
        return self._make_thinker()

    @property
    def alarm(self) -> float:  # type: ignore[override]
        """When `poll` is to be called even if the bell has not rung."""
        return min(self._due, super().alarm)

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
        for report in reports:
            if isinstance(report, Done):
                self._done += len(report.values)
                self._least = min(self._least, report.seconds / len(report.values))
            elif isinstance(report, Failed):
                self._done += 1
        if (self._first is not None or clock() >= self._due) and not self.muted:
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
            found, self._first = self._first, None
        if found is not None and found.port is not None:
            found.port.close()
        if self._lookout is not None:
            self._lookout.end()
        if self._scout is not None:
            self._scout.no_more()
        if self._stall is not None:
            self._stall.close()
        super().close()

    def fell_back(self) -> None:
        """Stay with what there is."""
        super().fell_back()
        self._plan = Plan("sync")
        self._told(self._plan)
        if self._course is not None:
            self._course.settle(self._plan)
            self._due = math.inf

    # ---------------------------------------------------------------------------------------------- choosing

    def _think(self, now: float) -> None:
        if self._scout is not None and self._course is None:
            self._watch(self._scout, now)
            return
        if self._at_loop:
            self._look_at_loop(now)
        if self._course is None:
            if self._stall is None or self._stall.facts is None:
                self._due = self._next_look(now)
                return
            self._course = self._thinker.course(None)
            known = self._thinker.awaiting()
            self._stall.forget()  # what has been late until here was kept waiting by what had to be loaded
            self._course.starts(self._plan, known, self._reading(now := clock()))
        course = self._course
        if now >= course.due and not self.changing:
            self._look(course, self._reading(now))
        self._due = min(math.inf if self.changing else course.due, self._next_look(now))

    def _look(self, course: Course, reading: Reading) -> None:
        """Think again, by what the scout's items have told meanwhile and by the counters of the run."""
        profile = None
        if self._seen is not None and self._scout is not None and self.current is self._scout:
            self._seen.samples = self._scout.marks.samples()
            profile = self._thinker.profile(self._seen, self._scout.marks)
        if self._plan.strategy == "sync":
            if profile is not None and course.measured(profile, reading):
                self._go_on(course)
            return
        revised = profile is not None and course.revised(profile, reading)
        if course.look(reading) or revised:
            self._go_on(course)

    @property
    def _at_loop(self) -> bool:
        """Whether the run is where it began, and that is a loop."""
        return self._stall is not None and self.current is self._home

    def _look_at_loop(self, now: float) -> None:
        """See how busy the loop is, and have it do more at once if it has time for that."""
        loop: Any = self.current
        assert self._stall is not None
        self._stall.look(loop, now, self._due)
        if self._calls < self._most and self._stall.busy < IDLE_ENOUGH:
            self.widen(min(self._most, 2 * self._calls))

    def _next_look(self, now: float) -> float:
        return self._stall.next(now) if self._stall is not None and self._at_loop else math.inf

    def arrived(self) -> None:
        """Judge what was changed to from here on."""
        if self._course is not None:
            self._course.arrived(self._reading(clock()))
            self._due = min(self._course.due, self._next_look(clock()))

    def _watch(self, scout: ScoutPort, now: float) -> None:
        """See to it that somebody watches, and go by what came of it."""
        found, self._first = self._first, None
        if found is not None:
            self._course = found.course
            self._holding = False
            if found.changed:
                self._go_on(found.course, found.port)
            self._due = found.course.due
        elif self._lookout is None and scout.marks.begun:
            self._lookout = Lookout(scout.marks, self._answer, self._hold)
            self._due = math.inf
            if not self._lookout.begin():  # no thread is left for it: later, perhaps
                self._lookout, self._due = None, now + AGAIN
        else:
            self._due = now + (MOMENT if self._lookout is None else math.inf)

    def _answer(self, seen: Observation | None) -> None:
        """Choose by what was seen, and prepare what was chosen; in the lookout's thread, as both take a while."""
        self._seen = seen
        marks = self._scout.marks if self._scout is not None else None
        profile = None if seen is None or marks is None else self._thinker.profile(seen, marks)
        if profile is None:  # nothing was timed: look again
            self._lookout, self._due, self._holding = None, clock() + MOMENT, False
        else:
            course = self._thinker.course(self._seen.load if self._seen is not None else None)
            changed = course.measured(profile, self._reading(clock()))
            port = None
            if changed and course.plan.family != "thread":
                port = self._open_or_settle(course)
            with self._handing:
                if not self._over:
                    self._first, port = _First(course, changed, port), None
            if port is not None:
                port.close()
        self.bell.ring()

    def _hold(self, rest: bool) -> None:
        """Have the scout rest, or go on; in the lookout's thread."""
        self._holding = rest
        self.bell.ring()

    def _reading(self, now: float) -> Reading:
        left = None if self._items is None else max(1, self._items - self._done)
        from .course import Reading

        least, stall = self._least if self._done else 0.0, self._stall
        if stall is not None and stall.facts is not None and self._at_loop:
            facts = stall.facts
            return Reading(now, self._done, left, facts.cpu(), stall.seconds, facts.queued(), least)
        return Reading(now, self._done, left, time.process_time(), least=least)

    def _go_on(self, course: Course, port: Port | None = None) -> None:
        """Go on with what was chosen; with what there is, if that cannot be had."""
        scout, plan = self._scout, course.plan
        if scout is not None and plan.family in ("sync", "thread"):
            if self.current is not scout:
                self.switch(scout, plan.calls)
            else:
                self.widen(plan.calls)
        else:
            port = port or self._open_or_settle(course)
            if port is None:
                return
            if scout is not None:
                scout.no_more()
            self.switch(port, plan.calls)
            if not self.changing:
                self.arrived()
        self._plan = plan
        self._told(plan)
        self._say_that("%s after %d items and %.3f s", plan.spec(), self._done, clock() - self._began)

    def _open_or_settle(self, course: Course) -> Port | None:
        """Open a port for what was chosen; if it cannot be had, have the course stay with what there is."""
        try:
            return self._opened(course.plan)
        except (StrategyError, OSError) as error:
            self._say_that("stays with %s: %s", self._plan.family, error)
            course.settle(self._plan)
            return None

    def _say_that(self, text: str, *values: object) -> None:
        self.words.append(partial(_log, text, *values))


def _log(text: str, *values: object) -> None:
    import logging

    logging.getLogger(LOGGER).info(text, *values)
