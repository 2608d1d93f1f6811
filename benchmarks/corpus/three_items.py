"""Three items of some ten microseconds of Python: nothing is worth anything here."""

from __future__ import annotations

from benchmarks.work import spin as func

from . import computing, scaled

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"sync"}
truth = computing


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [250] * scaled(3, size)
