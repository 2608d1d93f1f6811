"""How things are compared: every contender in turn, round after round, and only ratios within one run count.

A machine is never quiet: what disturbs one round disturbs all contenders of it alike, so medians of interleaved rounds
can be compared where those of separate runs cannot. Each contender has a process of its own (`booth.py`), as in a
program of its user's: no peer's helper threads, memory or imports are another's burden.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypeAlias

#: What a contender opens: it is entered once, and yields what does the work once.
Opens: TypeAlias = Callable[[], AbstractContextManager[Callable[[], Any]]]
Kind: TypeAlias = Literal["ours", "peer", "tuned", "bare"]

#: What a target may be measured against, besides a contender's name.
BEST, BEST_TUNED, IDEAL, ITSELF = "best peer by default", "best peer", "the ideal", "itself"
_SCALE = {"ms": 1e3, "us": 1e6, "s": 1.0}


class Reading(NamedTuple):
    """What a contender returns that measures something else than its time: the figure, its result, what else to tell.

    What it tells has to be such as JSON can hold.
    """

    figure: float
    result: Any = None
    told: Any = None


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a case.

    Args:
        name: what the table calls it.
        opens: what stays open over all rounds, such as a warm pool; yields what does the work and returns the result.
        kind: ours; a peer by its defaults; a peer that is tuned by hand; or the bare loop, which is no peer.
        needs: the module that it cannot do without.
    """

    name: str
    opens: Opens
    kind: Kind = "peer"
    needs: str = ""

    @property
    def missing(self) -> bool:
        """Whether its library is not installed."""
        return bool(self.needs) and find_spec(self.needs) is None


@dataclass(frozen=True)
class Target:
    """What is to be reached: `ours` takes at most `limit` times as much as `against`."""

    limit: float
    against: str
    ours: str = "ours"


@dataclass(frozen=True)
class Case:
    """The same work for several contenders.

    Args:
        name: says what the work is.
        contenders: in the order of the table.
        expected: what each must return; or a function that tells whether a result is right; `None` for neither.
        targets: what is to be reached.
        ideal: the figure that no way could beat, where that is known.
        unit: what the figures are in; of time for those that are timed from outside.
        per: how many times the work is done in one go: the figures are divided by it.
        rounds: at most so many, where one is long or tells everything.
        patience: seconds that a contender gets for all its rounds; one round it always gets, if that is enough.
    """

    name: str
    contenders: Sequence[Contender]
    expected: Any = None
    targets: Sequence[Target] = ()
    ideal: float | None = None
    unit: str = "ms"
    per: int = 1
    rounds: int | None = None
    patience: float | None = None

    def figure(self, seconds: float) -> float:
        """Return seconds in the unit of this case."""
        return seconds * _SCALE[self.unit] / self.per

    def right(self, result: Any) -> bool:
        """Tell whether a result is what it should be."""
        if self.expected is None:
            return True
        return bool(self.expected(result) if callable(self.expected) else result == self.expected)


@dataclass
class Timing:
    """The figures of one contender, round by round; a note says why there are none, or fewer.

    `told` is what it told along with the last of them.
    """

    contender: Contender
    figures: list[float] = field(default_factory=list)
    note: str = ""
    told: Any = None

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.figures)

    @property
    def best(self) -> float:
        """The minimum."""
        return min(self.figures)


#: Contenders of a case in a quick run, and what is there wherever the library is, or its tests are.
FEW = 4
OWN_NEEDS = frozenset({"", "anyio", "aiohttp", "gevent", "trio", "uvloop"})


def measure(case: Case, rounds: int, patience: float, *, quick: bool = False) -> list[Timing]:
    """Run every contender once to warm up, then all of them in turn, `rounds` times.

    A contender whose library is missing, that fails, returns something wrong or takes too long says so in its note.

    Args:
        case: what is measured.
        rounds: how many.
        patience: seconds that a contender gets, unless the case says otherwise.
        quick: run once, without warming up, only a few, and nobody that needs a library that is no need of ours.
    """
    from .booth import Booth

    rounds = min(rounds, case.rounds or rounds)
    patience = case.patience or patience
    chosen = [contender for contender in case.contenders if not quick or contender.needs in OWN_NEEDS]
    if quick:
        chosen = chosen[:FEW]
    timings = [Timing(contender) for contender in chosen]
    with ExitStack() as stack:
        booths: list[Booth] = []
        for timing in timings:
            if timing.contender.missing:
                timing.note = f"left out: {timing.contender.needs} is not installed"
            else:
                booths.append(stack.enter_context(Booth(case, timing, patience, tuple(booths))))
        for number in range(1 if quick else 0, rounds + 1):
            for place in range(len(booths)):
                booths[(number + place) % len(booths)].run(warm=number > 0)
    return timings
