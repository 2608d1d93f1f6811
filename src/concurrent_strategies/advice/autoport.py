"""The port of a run that chooses for itself: begins at once, is watched, and goes on with what pays.

    autothreads.py  plain functions  one thread, watched    --> more threads | processes | processes of threads
    autoloop.py     coroutines       the tasks of one loop  --> processes with a loop each | threads with a loop each

or as it is. What follows from what was seen is told by `course.py`, and how a run changes ports in its midst by
`_ports/switching.py`.
"""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property, partial
from time import monotonic as clock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._core.port import Done, Failed, Port, Report
from .._errors import StrategyError
from .._ports.switching import SwitchingPort
from .plan import Plan

if TYPE_CHECKING:
    from .course import Course, Reading
    from .thinking import Thinker

LOGGER: Final = "concurrent_strategies.auto"


class Freedom(NamedTuple):
    """What there is to choose from, and by whom it is had.

    Attributes:
        most: calls at once, at most.
        items: how many there are, where that is known.
        thinker: makes what it takes to choose, once that is needed.
        opened: opens a port for a plan.
        told: is told each plan.
    """

    most: int
    items: int | None
    thinker: Callable[[], Thinker]
    opened: Callable[[Plan], Port]
    told: Callable[[Plan], None]


class AutoPort(SwitchingPort):
    """One run that goes on with what pays.

    Args:
        first: what it begins with.
        calls: calls at once to begin with.
        plan: what that is called.
        freedom: what there is to choose from.
        due: seconds until it thinks for the first time.
    """

    def __init__(self, first: Port, calls: int, plan: Plan, freedom: Freedom, due: float) -> None:
        super().__init__(first, calls)
        self._freedom = freedom
        self._plan = plan
        freedom.told(plan)
        self._course: Course | None = None
        self._done = 0
        self._least = math.inf
        self._began = clock()
        self._due = self._began + due

    @cached_property
    def _thinker(self) -> Thinker:
        return self._freedom.thinker()

    @property
    def deadline(self) -> float:  # type: ignore[override]
        """When it thinks again, whatever else there is to do."""
        return self._due

    def poll(self) -> list[Report]:
        """Return what has been reported since, and think again if it is time."""
        reports = super().poll()
        for report in reports:
            if isinstance(report, Done):
                self._done += len(report.values)
                self._least = min(self._least, report.seconds / len(report.values))
            elif isinstance(report, Failed):
                self._done += 1
        if clock() >= self._due and not self.muted:
            self._think(clock())
        return reports

    @abstractmethod
    def _think(self, now: float) -> None:
        """Look, choose, and say when to think again."""

    def fell_back(self) -> None:
        """Stay with what there is."""
        super().fell_back()
        self._plan = Plan("sync")
        self._freedom.told(self._plan)
        if self._course is not None:
            self._course.settle(self._plan)
            self._due = math.inf

    # ------------------------------------------------------------------------------------------- for those that watch

    @property
    def _left(self) -> int | None:
        """How many items there still are, where that is known."""
        return None if self._freedom.items is None else max(1, self._freedom.items - self._done)

    def _reading(self, now: float) -> Reading:
        """Return the counters of the run."""
        from .course import Reading

        least = self._least if self._done else 0.0
        return Reading(now, self._done, self._left, time.process_time(), least=least)

    def arrived(self) -> None:
        """Judge what was changed to from here on."""
        if self._course is not None:
            self._course.arrived(self._reading(clock()))
            self._due = self._course.due

    def _go_on(self, course: Course, port: Port | None = None) -> None:
        """Go on with what was chosen, whose port may be there already; with what there is, if it cannot be had."""
        plan = course.plan
        port = port or self._open_or_settle(course)
        if port is None:
            return
        self.switch(port, plan.calls)
        if not self.changing:
            self.arrived()
        self._goes_by(plan)

    def _goes_by(self, plan: Plan) -> None:
        self._plan = plan
        self._freedom.told(plan)
        self._say_that("%s after %d items and %.3f s", plan.spec(), self._done, clock() - self._began)

    def _open_or_settle(self, course: Course) -> Port | None:
        """Open a port for what was chosen; if it cannot be had, have the course stay with what there is."""
        try:
            return self._freedom.opened(course.plan)
        except (StrategyError, OSError) as error:
            self._say_that("stays with %s: %s", self._plan.family, error)
            course.settle(self._plan)
            return None

    def _say_that(self, text: str, *values: object) -> None:
        self.words.append(partial(_log, text, *values))


def _log(text: str, *values: Any) -> None:
    import logging

    logging.getLogger(LOGGER).info(text, *values)
