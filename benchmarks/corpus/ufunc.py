"""Arithmetic over large arrays: numpy without the GIL, as fast as the memory allows."""

from __future__ import annotations

import numpy as np

from . import native, scaled

EXPECTED = {"thread"}
truth = native(held=0.05)


def func(number: int) -> float:
    """Take roots."""
    return float(np.sqrt(np.arange(number, number + 3e5) * 1.1).sum())


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(300, size)))
