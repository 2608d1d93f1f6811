"""A hundred thousand items of some ten microseconds of Python: worth sharing out, in large chunks."""

from __future__ import annotations

from benchmarks.work import spin as func

from . import computing, scaled

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"process"}
truth = computing


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [250] * scaled(100_000, size)
