"""What is told of a loop that is asked for a sign again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from concurrent_strategies.advice import stall
from concurrent_strategies.advice.stall import Stall


class Loop:
    """A loop that answers at once, or never."""

    callers = False

    def __init__(self) -> None:
        self.answers = True

    def soon(self, call: Callable[[], object]) -> None:
        """Call it, or let it wait."""
        if self.answers:
            call()


class Facts:
    """A thread that computes for a part of the time."""

    def __init__(self) -> None:
        self.used = 0.0

    def cpu(self) -> float:
        """Return what it has computed."""
        return self.used


@pytest.mark.parametrize(
    ("answers", "computing", "still", "busy"),
    [(True, 0.0, 0, 0), (False, 0.0, 3, 3), (False, 0.9, 0, 3), (True, 0.9, 0, 3)],
)
def test_standing_still_is_neither_rest_nor_computing(
    answers: bool, computing: float, still: int, busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that computes answers late, too, but does what it is there for."""
    now, loop, facts = 100.0, Loop(), Facts()
    monkeypatch.setattr(stall, "clock", lambda: now)
    watch = Stall()
    watch.facts = cast("Any", facts)
    watch.look(cast("Any", loop), now, now)
    loop.answers = answers
    watch.look(cast("Any", loop), now, now)
    watch.still_in_a_row = watch.in_a_row = 0
    for _ in range(3):
        now += 0.002
        facts.used += 0.002 * computing
        watch.look(cast("Any", loop), now, now)
    assert (watch.still_in_a_row, watch.in_a_row) == (still, busy)
