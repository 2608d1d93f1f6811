"""Thousands of operations on arrays of ten numbers: numpy that is Python in truth, and keeps the GIL."""

from __future__ import annotations

import numpy as np

from . import computing, scaled

EXPECTED = {"process"}
truth = computing


def func(number: int) -> float:
    """Do 9000 small operations."""
    start = np.full(10, 1.0 + number / 1e6)
    made = start
    for _ in range(3000):
        made = made + start
        made = made * 0.5
        made.sum()
    return float(made[0])


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(100, size)))
