"""A digest of 4 MB that are there already: C code that releases the GIL, and next to nothing to hand over."""

from __future__ import annotations

import hashlib

from . import native, scaled

EXPECTED = {"thread"}
BLOCK = bytes(range(256)) * (4 << 12)
truth = native(held=0.0)


def func(number: int) -> bytes:
    """Hash the block."""
    return hashlib.sha256(BLOCK).digest()[:8] + number.to_bytes(4, "big")


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(150, size)))
