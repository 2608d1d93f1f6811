"""Waiting for 20 ms in a C library: threads overlap it, and nothing that is cooperative can."""

from __future__ import annotations

import ctypes

from . import scaled, waiting

EXPECTED = {"thread"}
LIBRARY = ctypes.CDLL(None)
truth = waiting(green_ok=False)


def func(number: int) -> int:
    """Wait."""
    LIBRARY.usleep(20_000)
    return number


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(50, size)))
