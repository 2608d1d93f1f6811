"""`advise --verify`: the best strategies do all of the work for real, in turns; predictions stand beside that."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from .._spec import parse_spec
from .contest import measure
from .contestant import Job
from .progress import Meter

if TYPE_CHECKING:
    from .. import Advice

#: How many strategies are run.
VERIFIED: Final = 3


@final
@dataclass(frozen=True, slots=True)
class Verified:
    """A prediction, and what became of it.

    Attributes:
        spec: the strategy.
        predicted: seconds; `None` where that could not be told.
        measured: seconds, the middle one of the rounds; `None` if it failed.
        problem: why it failed.
    """

    spec: str
    predicted: float | None
    measured: float | None
    problem: str = ""

    def __str__(self) -> str:
        predicted = "no prediction" if self.predicted is None else f"predicted {self.predicted:.3g} s"
        return f"{predicted}, " + (f"measured {self.measured:.3g} s" if self.measured is not None else self.problem)


def verify(advice: Advice, function: str, async_function: str | None, items: list[Any], rounds: int) -> list[Verified]:
    """Run all items under the best strategies, each time in a fresh process.

    Args:
        advice: what is advised, and what else is possible.
        function: as `module:function`.
        async_function: the same, for strategies that await.
        items: all of them.
        rounds: how often.

    Returns:
        the predictions with what was measured, the advised strategy first.
    """
    predicted = {advice.spec: advice.expected_seconds}
    predicted |= {other.spec: other.expected_seconds for other in advice.alternatives[: VERIFIED - 1]}
    seconds: dict[str, list[float]] = {spec: [] for spec in predicted}
    problems: dict[str, str] = {}
    total = rounds * len(predicted)
    with Meter(shown=sys.stderr.isatty(), total=total, what="runs") as meter:
        for turn in range(total):
            # Who begins a round changes, so that nobody always meets a warm machine.
            spec = list(predicted)[(turn + turn // len(predicted)) % len(predicted)]
            if spec not in problems:
                call = async_function if async_function is not None and _awaits(spec) else function
                report = measure(Job(call, items, spec, wants_results=False))
                if report.problem:
                    problems[spec] = report.problem
                seconds[spec].append(report.seconds)
            meter.count(failed=spec in problems)
    return [
        Verified(spec, guess, None if spec in problems else statistics.median(seconds[spec]), problems.get(spec, ""))
        for spec, guess in predicted.items()
    ]


def _awaits(spec: str) -> bool:
    outer = parse_spec(spec)
    return "asyncio" in (outer.name, outer.inner.name if outer.inner is not None else "")
