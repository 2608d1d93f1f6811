"""The two workloads of the classic comparison. Worker processes import this file: nothing else belongs here."""

from __future__ import annotations


def power(exponent: int) -> int:
    """Compute a large power, and return its size in bits, so that what is timed is computing and not carrying."""
    return int(7777**exponent).bit_length()
