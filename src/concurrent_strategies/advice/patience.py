"""When enough has been seen: a rule without clock or thread.

The more alike the items are, the fewer of them it takes. What is asked for is that the mean duration is known to a
few per cent, and that knocking had time to tell computing from waiting.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, NamedTuple, final

from .knocks import IN_A_ROW

#: Seconds of which no measurement is worth a thought: so long the function is left alone.
QUIET: Final = 0.002
#: The relative error of the mean that is good enough.
GOOD: Final = 0.05
#: Seconds for which computing is looked at, at least; and items, at least, and at most: no spread needs more.
LOOK, ITEMS, MANY = 0.06, 5, 2000


class Seen(NamedTuple):
    """How far a measurement has come.

    Attributes:
        elapsed: seconds since it began.
        items: done.
        spread: standard deviation of their durations / mean; `None` if there are too few, or too short ones.
        divided: whether it is known how much of the computing holds the GIL, or does not matter.
        asleep: knocks in a row that found the thread waiting.
    """

    elapsed: float
    items: int
    spread: float | None
    divided: bool = True
    asleep: int = 0


#: The same for whoever has to go on at once: waiting shows early; computing takes a while to divide.
HASTE_ASLEEP, HASTE_LOOK, HASTE_ITEMS, HASTE_MOST = 0.003, 0.03, 3, 0.06


@final
class Patience:
    """How long to look.

    Args:
        budget: seconds, at most.

    Attributes:
        check: seconds between two questions whether it is enough.
    """

    check: ClassVar[float] = 0.005

    def __init__(self, budget: float) -> None:
        self.budget: float = budget

    def enough(self, seen: Seen) -> bool:
        """Tell whether to stop."""
        if seen.elapsed >= self.budget:
            return True
        if seen.items < ITEMS or seen.elapsed < LOOK or not seen.divided:
            return False
        if seen.items >= MANY:
            return True
        return seen.spread is not None and seen.spread / math.sqrt(seen.items) <= GOOD


@final
class Haste:
    """How long to look while the items that wait for the answer could be under way already."""

    check: ClassVar[float] = 0.001

    def enough(self, seen: Seen) -> bool:
        """Tell whether to stop."""
        if seen.elapsed >= HASTE_MOST or (seen.asleep >= IN_A_ROW and seen.elapsed >= HASTE_ASLEEP):
            return True
        return seen.items >= HASTE_ITEMS and seen.elapsed >= HASTE_LOOK and seen.divided
