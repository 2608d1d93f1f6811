"""Downloads that take 2 ms each: a handful of threads keeps a core busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from concurrent_strategies.cli.server import serving
from concurrent_strategies.http import fetch as func

from . import scaled, waiting

__all__ = ["EXPECTED", "func", "items", "truth"]
EXPECTED = {"thread"}
truth = waiting(green_ok=True)


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Run the server; the items are addresses."""
    with serving(0.002) as site:
        yield [f"{site}/{number}" for number in range(scaled(250, size))]
