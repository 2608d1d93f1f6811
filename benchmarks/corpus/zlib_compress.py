"""Compressing 300 kB: C code that releases the GIL."""

from __future__ import annotations

import zlib

from . import native, scaled

EXPECTED = {"thread"}
TEXT = " ".join(f"word{number % 997} {number * 7919 % 10007}" for number in range(25_000)).encode()[:300_000]
truth = native(held=0.03)


def func(number: int) -> int:
    """Compress, and return the size."""
    return len(zlib.compress(TEXT + number.to_bytes(4, "big"), 3))


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(120, size)))
