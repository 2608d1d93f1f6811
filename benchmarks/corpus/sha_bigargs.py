"""A digest of the item itself, 2 MB: to hand it to another process takes as long as the work."""

from __future__ import annotations

import hashlib

from . import native, scaled

EXPECTED = {"thread"}
truth = native(held=0.0)


def func(data: bytes) -> bytes:
    """Hash the item."""
    return hashlib.sha256(data).digest()


def items(size: float) -> list[bytes]:
    """Return blocks of 2 MB; a few different ones."""
    blocks = [bytes([first]) * (2 << 20) for first in range(8)]
    return [blocks[number % len(blocks)] for number in range(scaled(200, size))]
