"""Forty downloads that take 60 to 120 ms; after the classic comparison."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from concurrent_strategies.cli.server import serving
from concurrent_strategies.http import fetch as func

from . import scaled, waiting

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"thread", "asyncio"}
truth = waiting(green_ok=True)


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Run the server; the items are addresses."""
    with serving(0.06) as site:
        yield [f"{site}/{number}?wait={0.06 + 0.002 * (number * 7 % 31):.3f}" for number in range(scaled(40, size))]
