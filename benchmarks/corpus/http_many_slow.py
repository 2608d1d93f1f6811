"""A thousand downloads that take 300 ms each: more than anybody wants threads for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from concurrent_strategies.cli.server import serving
from concurrent_strategies.http import fetch as func

from . import scaled, waiting

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"asyncio"}
truth = waiting(green_ok=True)


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Run the server; the items are addresses."""
    with serving(0.3) as site:
        yield [f"{site}/{number}" for number in range(scaled(1000, size))]
