"""Arrays of 2 MB, made in no time: whoever has to carry them home takes longer."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import native, scaled

EXPECTED = {"sync", "thread"}
truth = native(held=0.1)


def func(number: int) -> Any:
    """Make an array."""
    return np.sqrt(np.arange(number, number + 250_000.0))


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(300, size)))
