"""Searching 66 kB of text: C code that keeps the GIL."""

from __future__ import annotations

import re

from . import computing, scaled

EXPECTED = {"process"}
TEXT = " ".join(f"user{number}@host{number % 97}.example.org, {number}" for number in range(2300))[:66_000]
truth = computing


def func(number: int) -> int:
    """Find, and count."""
    return len(re.findall(r"\b[\w.]+@[\w.]+\.org\b", TEXT)) + number


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(120, size)))
