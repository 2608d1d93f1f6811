"""Half Python, half waiting, some 5 ms each: neither threads nor processes alone hide all of it."""

from __future__ import annotations

import time

from benchmarks.work import spin

from . import scaled, waiting

EXPECTED = {"process", "process/thread"}
truth = waiting(green_ok=True)


def func(rounds: int) -> int:
    """Compute, then wait."""
    made = spin(rounds)
    time.sleep(0.005)
    return made


def items(size: float) -> list[int]:
    """Return numbers of rounds."""
    return [120_000] * scaled(80, size)
