"""The advice as a value: what to use, why, and how to get it. It is filled in `__init__.py` and computes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from .words import say_count, say_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._machine import Machine
    from .._strategy import Strategy
    from .constants import Constants
    from .profile import WorkloadProfile


@final
@dataclass(frozen=True, slots=True)
class Alternative:
    """A plan that would do as well, or not much worse.

    Attributes:
        spec: what `get_strategy` takes.
        expected_seconds: predicted for the whole run; `None` where it cannot be told.
        ratio: how many times as long as the recommendation it takes.
    """

    spec: str
    expected_seconds: float | None
    ratio: float


@final
@dataclass(frozen=True, slots=True)
class Advice:
    """Which strategy suits a piece of work; `print()` of it is the explanation.

    Attributes:
        strategy: name of the strategy: `"sync"`, `"thread"`, `"process"`, `"green"` or `"asyncio"`.
        options: run options for it, such as `max_workers`. `chunksize` is not among them, as `"auto"` measures.
        spec: the same as one string, which `get_strategy` and a configuration file take; the inner strategy of
            processes stands only here.
        reasons: why this one, in sentences.
        rejected: why not, by the name of each other strategy.
        warnings: what to look out for.
        expected_seconds: predicted for the whole run; `None` if `n_items` or the durations are not known.
        expected_range: the same at both ends of what a measured profile leaves in doubt.
        alternatives: what else is possible, the fastest first.
        profile: what was asked about.
        machine: what it was asked for.
        terms: the lines of `explain()`.
        constants: what the strategies were taken to cost.
    """

    strategy: str
    options: Mapping[str, Any]
    spec: str
    reasons: tuple[str, ...]
    rejected: Mapping[str, str]
    warnings: tuple[str, ...]
    expected_seconds: float | None
    expected_range: tuple[float, float] | None
    alternatives: tuple[Alternative, ...]
    profile: WorkloadProfile = field(repr=False)
    machine: Machine = field(repr=False)
    terms: tuple[str, ...] = field(repr=False)
    constants: Constants | None = field(repr=False, default=None)

    def build(self) -> Strategy:
        """Make the strategy that is recommended."""
        from .._config import get_strategy

        return get_strategy(self.spec)

    def explain(self) -> str:
        """Return the formulas behind the advice with their numbers, one line for each strategy and term."""
        return "\n".join(self.terms)

    def plot(self, axes: Any = None) -> Any:
        """Draw the predicted time over `max_workers`, one line for each strategy that is possible.

        Args:
            axes: of matplotlib, to draw on; default: new ones, for which matplotlib is imported.

        Returns:
            the axes; `axes.figure.savefig("advice.png")` makes a file of it.

        Raises:
            ImportError: if matplotlib is needed and not installed; it says what to install.
        """
        from .picture import draw

        return draw(self, axes)

    def __str__(self) -> str:
        head = f"Use {self.spec}"
        if self.expected_seconds is not None and self.profile.n_items is not None:
            head += f": {say_count(self.profile.n_items, 'item')} in about {say_seconds(self.expected_seconds)}"
        lines = [head, "Why:", *(f"  - {reason}" for reason in self.reasons)]
        lines += ["Why not:", *(f"  - {name}: {reason}" for name, reason in self.rejected.items())]
        if self.warnings:
            lines += ["Take care:", *(f"  - {warning}" for warning in self.warnings)]
        return "\n".join(lines)
