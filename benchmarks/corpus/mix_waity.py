"""Two milliseconds of Python, then 40 ms of waiting."""

from __future__ import annotations

import time

from benchmarks.work import spin

from . import scaled, waiting

EXPECTED = {"thread"}
truth = waiting(green_ok=True)


def func(rounds: int) -> int:
    """Compute, then wait."""
    made = spin(rounds)
    time.sleep(0.04)
    return made


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [50_000] * scaled(30, size)
