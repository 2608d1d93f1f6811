"""A thousand items of some ten microseconds of Python: over before anything else has started."""

from __future__ import annotations

from benchmarks.work import spin as func

from . import computing, scaled

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"sync"}
truth = computing


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [250] * scaled(1000, size)
