"""A large power, and its size: computing in one C call that holds the GIL; from the classic comparison."""

from __future__ import annotations

from . import computing, scaled

EXPECTED = {"process"}
truth = computing


def func(exponent: int) -> int:
    """Compute a large power."""
    return int(7777**exponent).bit_length()


def items(size: float) -> list[int]:
    """Return exponents."""
    return [60_000] * scaled(40, size)
