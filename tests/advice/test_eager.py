"""How many threads there may be before it is known how many pay: a rule, given the clocks of one of them."""

from __future__ import annotations

from typing import cast

import pytest

from concurrent_strategies.advice.eager import EARLY, FEW, Eager
from concurrent_strategies.advice.marks import Marks


class Clocks:
    """A thread that has used this part of each second since the last question."""

    def __init__(self, computing: float | None) -> None:
        self.computing = computing
        self.now = self.cpu = 0.0

    def times(self) -> tuple[float, float] | None:
        """Let a millisecond pass, and tell."""
        if self.computing is None:
            return None
        self.now += 0.001
        self.cpu += 0.001 * self.computing
        return self.now, self.cpu


def grown(computing: float | None, most: int = EARLY) -> list[int]:
    """Return how many there were from look to look."""
    eager, seen = Eager(cast(Marks, Clocks(computing)), most), []
    while eager.grows and len(seen) < 20:
        eager.look()
        seen.append(eager.calls)
    return seen


@pytest.mark.parametrize(
    ("computing", "calls"),
    [(0.0, [16, 64, 64]), (0.01, [16, 64, 64]), (0.03, [16, 64, 64]), (0.1, [16, 16]), (None, [16])],
)
def test_there_are_more_and_more_as_long_as_they_leave_a_core_idle(computing: float | None, calls: list[int]) -> None:
    """The others do what the one that is looked at does; where nobody can look, a few are enough. The last look tells
    that there is nothing more to come."""
    assert grown(computing) == calls


@pytest.mark.parametrize(("most", "calls"), [(1, [1, 1]), (FEW, [FEW, FEW]), (20, [16, 20, 20])])
def test_there_are_no_more_than_allowed(most: int, calls: list[int]) -> None:
    """Nor is there anything to look at where nothing can change."""
    assert grown(0.0, most) == calls
    assert Eager(cast(Marks, Clocks(0.0)), most).calls == min(FEW, most)
