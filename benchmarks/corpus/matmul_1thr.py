"""Products of matrices, each on one core: numpy that releases the GIL for long stretches."""

from __future__ import annotations

import numpy as np

from . import native, scaled

EXPECTED = {"thread"}
MATRIX = np.random.default_rng(5).random((320, 320))
truth = native(held=0.0)


def func(number: int) -> float:
    """Multiply four times."""
    made = MATRIX + number
    for _ in range(4):
        made = made @ MATRIX * 0.01
    return float(made[0, 0])


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(120, size)))
