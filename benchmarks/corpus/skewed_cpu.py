"""Python code of very uneven length: most items are short, a few take as long as a hundred of those."""

from __future__ import annotations

import random

from benchmarks.work import spin as func

from . import computing, scaled

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"process"}
truth = computing


def items(size: float) -> list[int]:
    """Return numbers of rounds, after Pareto's law; always the same."""
    lots = random.Random(17)
    return [min(2_000_000, int(12_000 * lots.paretovariate(1.3))) for _ in range(scaled(250, size))]
