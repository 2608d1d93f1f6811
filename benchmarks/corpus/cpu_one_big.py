"""One item of a second of Python: there is nothing to share out."""

from __future__ import annotations

from benchmarks.work import spin as func

from . import computing

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"sync"}
truth = computing


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [max(1000, round(20_000_000 * size))]
