"""The port of a run that chooses for itself: begins at once, is watched, and goes on with what pays.

    plain functions    one thread, watched      --> more threads | processes | processes of threads | as it is
    coroutines         the tasks of one loop    --> processes with a loop each | threads with a loop each | as it is

What an item is told by `scout.py`, what follows from it by `course.py`, and how a run changes ports in its midst by
`_ports/switching.py`.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from time import monotonic as clock
from typing import TYPE_CHECKING, Final, NamedTuple

from .._core.port import Done, Failed, Port, Report
from .._errors import StrategyError
from .._machine import Machine
from .._ports.loop import LoopPort
from .._ports.switching import SwitchingPort
from .calibration import cached
from .constants import DEFAULTS
from .course import Course, Reading
from .crossing import Crossing, crossing
from .estimate import estimate
from .findings import Findings
from .plan import Plan
from .scout import Lookout, ScoutPort
from .sharing import changes_here
from .stall import SOON, Stall

if TYPE_CHECKING:
    from .._core.call import Call
    from .observer import Observation
    from .profile import WorkloadProfile

_LOGGER: Final = logging.getLogger("concurrent_strategies.auto")
#: Seconds in which short work ends undisturbed.
MOMENT: Final = 0.002
#: Seconds for which a loop is left to itself.
BEGINNING: Final = 0.1
#: Less computing than this part of an item is no reason to look at what pickling costs.
SOME: Final = 0.05


class _First(NamedTuple):
    """What came of looking at the first items."""

    course: Course
    changed: bool
    port: Port | None


class AutoPort(SwitchingPort):
    """One run that goes on with what pays.

    Args:
        first: a `ScoutPort` for plain functions, or a port for coroutines.
        most: calls at once, at most.
        items: how many there are, where that is known.
        call: the function.
        declared: what the user knows about it.
        nested: whether this run is inside an item of another, which has the cores already.
        opened: opens a port for a plan.
        told: is told each plan.
    """

    def __init__(
        self,
        first: Port,
        most: int,
        items: int | None,
        call: Call,
        declared: WorkloadProfile,
        *,
        nested: bool,
        opened: Callable[[Plan], Port],
        told: Callable[[Plan], None],
    ) -> None:
        scouting = isinstance(first, ScoutPort)
        super().__init__(first, 1 if scouting else most)
        self._told = told
        self._plan = Plan("sync") if scouting else Plan("asyncio", most)
        told(self._plan)
        self._scout = first if isinstance(first, ScoutPort) else None
        self._most = most
        self._items = items
        self._call = call
        self._declared = declared
        self._nested = nested
        self._opened = opened
        self._course: Course | None = None
        self._lookout: Lookout | None = None
        self._seen: Observation | None = None
        self._crossing: Crossing | None = None
        self._first: _First | None = None  # what the lookout has found, until it is taken
        self._handing = threading.Lock()
        self._done = 0
        self._least = math.inf
        self._over = False
        self._stall = None if scouting else Stall()
        self._began = clock()
        self._due = self._began + (MOMENT if scouting else SOON)

    @property
    def alarm(self) -> float:  # type: ignore[override]
        """When `poll` is to be called even if the bell has not rung."""
        return min(self._due, super().alarm)

    def poll(self) -> list[Report]:
        """Return what has been reported since, and think again if it is time."""
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
        if self._stall is not None and isinstance(self.current, LoopPort):
            self._stall.look(self.current, now, self._due)
        if self._scout is None and self._course is None:
            if now < self._began + BEGINNING or (self._stall is not None and self._stall.facts is None):
                self._due = self._next_look(now)
                return
            self._course = self._new_course()
            self._course.starts(self._plan, replace(self._declared, coroutine=True), self._reading(now))
        course = self._course
        assert course is not None
        if now >= course.due and not self.changing:
            self._look(course, self._reading(now))
        self._due = min(math.inf if self.changing else course.due, self._next_look(now))

    def _look(self, course: Course, reading: Reading) -> None:
        """Think again, by what the scout's items have told meanwhile and by the counters of the run."""
        profile = None
        if self._seen is not None and self._scout is not None and self.current is self._scout:
            self._seen.samples = self._scout.marks.samples()
            profile = self._found(self._seen)
        if self._plan.strategy == "sync":
            if profile is not None and course.measured(profile, reading):
                self._go_on(course)
            return
        revised = profile is not None and course.revised(profile, reading)
        if course.look(reading) or revised:
            self._go_on(course)

    def _next_look(self, now: float) -> float:
        if self._stall is None or not isinstance(self.current, LoopPort):
            return math.inf
        return self._stall.next(now)

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
            if found.changed:
                self._go_on(found.course, found.port)
            self._due = found.course.due
        elif self._lookout is None and scout.marks.begun:
            self._lookout = Lookout(scout.marks, self._answer)
            self._due = math.inf
            if not self._lookout.begin():  # no thread is left for it: later, perhaps
                self._lookout, self._due = None, now + BEGINNING
        else:
            self._due = now + (MOMENT if self._lookout is None else math.inf)

    def _answer(self, seen: Observation | None) -> None:
        """Choose by what was seen, and prepare what was chosen; in the lookout's thread, as both take a while."""
        self._seen = seen
        profile = None if seen is None else self._found(seen)
        if profile is None:  # nothing was timed: look again
            self._lookout, self._due = None, clock() + MOMENT
        else:
            course = self._new_course()
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

    def _found(self, seen: Observation) -> WorkloadProfile | None:
        scout = self._scout
        assert scout is not None
        found = estimate(seen.samples, seen, gil=self._here.gil)
        if not found:
            return None
        findings = Findings(self._declared, self._items)
        findings.add(found)
        findings.seen(seen)
        findings.colour(exists=scout.marks.awaited)
        if findings.computing > SOME:
            if self._crossing is None or not self._crossing.examples:
                self._crossing = crossing(self._call.func, scout.marks.examples)
            findings.crossing(self._crossing)
        profile = findings.measurement(self._here, DEFAULTS, iter(()), ()).profile
        if profile.shared_state is None and changes_here(self._call.func):
            profile = replace(profile, shared_state=True)
        return profile

    @cached_property
    def _here(self) -> Machine:
        """This machine, as a run that is driven from a worker's thread meets it."""
        machine = Machine.detect()
        return replace(machine, nested=machine.nested or self._nested, running_loop=False)

    def _new_course(self) -> Course:
        load = 0.0 if self._seen is None else round(self._seen.load or 0.0, 1)
        return Course(replace(self._here, load=load), cached(self._here), self._most)

    def _reading(self, now: float) -> Reading:
        left = None if self._items is None else max(1, self._items - self._done)
        least, stall = self._least if self._done else 0.0, self._stall
        if stall is not None and stall.facts is not None and isinstance(self.current, LoopPort):
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
        after = "%s after %d items and %.3f s"
        self.words.append(partial(_LOGGER.info, after, plan.spec(), self._done, clock() - self._began))

    def _open_or_settle(self, course: Course) -> Port | None:
        """Open a port for what was chosen; if it cannot be had, have the course stay with what there is."""
        try:
            return self._opened(course.plan)
        except (StrategyError, OSError) as error:
            self.words.append(partial(_LOGGER.info, "stays with %s: %s", self._plan.family, error))
            course.settle(self._plan)
            return None
