"""A run of coroutines that chooses for itself: a loop begins with few tasks, and gets more as long as it is not busy.

What blocks or computes shows before all of it has begun.
"""

from __future__ import annotations

import math
from time import monotonic as clock
from typing import TYPE_CHECKING, Any, Final

from .autoport import AutoPort, Freedom
from .plan import Plan
from .stall import Stall

if TYPE_CHECKING:
    from .._core.port import Port
    from .course import Reading

#: Tasks that a loop begins with.
FEW: Final = 8
#: Tasks that it has at most before the first item has ended, and seconds after which it is taken to wait all the same:
#: whatever has begun in a loop that turns out to be blocked stays there.
CAREFUL, PATIENCE = 16, 0.012
#: A loop that is found busy so many times in a row is a reason to think. Not before: to load what that takes would keep
#: a loop that waits from its work.
BUSY: Final = 3
#: One that is found to stand still, without computing, so many times in a row gets nothing more to do for now.
STANDS: Final = 2


class AutoLoop(AutoPort):
    """One run of coroutines.

    Args:
        loop: the port of the loop to begin with.
        freedom: what there is to choose from.
    """

    def __init__(self, loop: Port, freedom: Freedom) -> None:
        super().__init__(loop, min(FEW, freedom.most), Plan("asyncio", freedom.most), freedom, 0.0)
        self._stall = Stall()
        self._first_look = math.inf  # when the loop was first looked at
        self._some_ended = False  # whether any item had ended by the last look

    def close(self) -> None:
        """End or abandon at once whatever still runs, everywhere."""
        self._stall.close()
        super().close()

    # ---------------------------------------------------------------------------------------------- choosing

    def _think(self, now: float) -> None:
        if self._at_loop:
            self._look_at_loop(now)
        if self._course is None:
            if self._stall.in_a_row < BUSY:
                self._due = self._next_look(now)
                return
            self._course = self._thinker.course(None)
            known = self._thinker.awaiting()
            self._stall.forget()  # what has been late until here was kept waiting by what had to be loaded
            self._course.starts(self._plan, known, self._reading(now := clock()))
        course = self._course
        if now >= course.due and not self.changing and course.look(self._reading(now)):
            self._go_on(course)
        self._due = min(math.inf if self.changing else course.due, self._next_look(now))

    @property
    def _at_loop(self) -> bool:
        """Whether the run is where it began."""
        return self.current is self._home

    def _look_at_loop(self, now: float) -> None:
        """See how busy the loop is, and have it do more at once if it has time for that."""
        loop: Any = self.current
        self._stall.look(loop, now, self._due)
        self._first_look = min(self._first_look, now)
        # Of what has just ended for the first time the next look will tell whether it has blocked the loop.
        known, self._some_ended = self._some_ended or now - self._first_look > PATIENCE, self._done > 0
        most = self._freedom.most if known else min(CAREFUL, self._freedom.most)
        if self._stall.still_in_a_row >= STANDS and self._calls > FEW:
            self.widen(FEW)  # what begins in it now would stay there
            return
        # One that was found busy gets no more to do for one moment of rest: what blocks it waits in between.
        if self._calls < most and self._stall.idle_in_a_row >= (1 if self._course is None else BUSY):
            self.widen(min(most, 2 * self._calls))

    def _next_look(self, now: float) -> float:
        return self._stall.next(now) if self._at_loop else math.inf

    def arrived(self) -> None:
        """Judge what was changed to from here on."""
        super().arrived()
        self._due = min(self._due, self._next_look(clock()))

    def _reading(self, now: float) -> Reading:
        reading, facts = super()._reading(now), self._stall.facts
        if facts is None or not self._at_loop:
            return reading
        calls = self._calls if self._left is None else min(self._calls, self._left)
        return reading._replace(cpu=facts.cpu(), stalled=self._stall.seconds, queued=facts.queued(), calls=calls)
