"""How things are compared: every contender in turn, round after round, and only ratios within one run count.

A machine is never quiet: what disturbs one round disturbs all contenders of it alike, so medians of interleaved rounds
can be compared where those of separate runs cannot.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a case.

    Args:
        name: what the table calls it.
        opens: makes what stays open over all rounds, such as a warm pool.
        runs: does the work with what `opens` made, and returns the result, which is checked.
    """

    name: str
    opens: Callable[[], AbstractContextManager[Any]]
    runs: Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """The same work for several contenders; the first is ours, and the ratios are to the others.

    Args:
        name: says what the work is.
        contenders: at least two.
        expected: what each must return; `None` if that is not to be checked.
        ideal: seconds that no way could beat, where that is known.
    """

    name: str
    contenders: tuple[Contender, ...]
    expected: Any = None
    ideal: float | None = None


@dataclass
class Timing:
    """The seconds of one contender, round by round."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def best(self) -> float:
        """The minimum, in seconds."""
        return min(self.seconds)


def measure(case: Case, rounds: int) -> list[Timing]:
    """Run every contender once to warm up, then all of them in turn, `rounds` times.

    Raises:
        AssertionError: if one returns something else than the case expects.
    """
    timings = [Timing(contender.name) for contender in case.contenders]
    with ExitStack() as stack:
        opened = [stack.enter_context(contender.opens()) for contender in case.contenders]
        for number in range(rounds + 1):
            for contender, what, timing in _in_turn(case, opened, timings, number):
                since = time.perf_counter()
                result = contender.runs(what)
                took = time.perf_counter() - since
                assert case.expected is None or result == case.expected, f"{contender.name}: wrong result"
                if number:
                    timing.seconds.append(took)
    return timings


def _in_turn(
    case: Case, opened: list[Any], timings: list[Timing], number: int
) -> Iterator[tuple[Contender, Any, Timing]]:
    """Yield the contenders, starting with another one in each round."""
    count = len(opened)
    for offset in range(count):
        place = (number + offset) % count
        yield case.contenders[place], opened[place], timings[place]
