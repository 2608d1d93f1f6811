"""More threads for what evidently waits, before it is known how many pay: to load what chooses takes longer than many
an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .stall import IDLE_ENOUGH

if TYPE_CHECKING:
    from .marks import Marks

#: Threads to begin with, and those that are there at most before the formulas have been asked.
FEW, EARLY = 16, 64
#: Seconds between two looks, after each of which there may be so many times as many.
LOOK: Final = 0.001
GROWTH: Final = 4


@final
class Eager:
    """Multiplies the threads as long as they leave a core idle, going by one of them: the others do the same.

    Args:
        marks: the clocks of that thread.
        most: threads, at most.

    Attributes:
        calls: how many there should be.
        grows: whether the last look has changed anything; `calls` are at work when the next one finds nothing more.
    """

    def __init__(self, marks: Marks, most: int) -> None:
        self.calls: int = min(FEW, most)
        self.grows: bool = True
        self._marks = marks
        self._most = most
        self._before: tuple[float, float] | None = None

    def look(self) -> None:
        """Have many more if those that there are, since the last look, do hardly compute."""
        before, now = self._before, self._marks.times()
        self._before = now
        calls = self.calls
        if before is not None and now is not None:
            seconds, cpu = (late - early for late, early in zip(now, before, strict=True))
            if calls * cpu < IDLE_ENOUGH * seconds:
                self.calls = min(self._most, GROWTH * calls)
        self.grows = now is not None and (before is None or self.calls > calls)
