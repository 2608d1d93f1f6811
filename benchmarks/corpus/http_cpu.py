"""A download that takes 20 ms, and two milliseconds of Python with what has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.work import spin
from concurrent_strategies.cli.server import serving
from concurrent_strategies.http import fetch

from . import scaled, waiting

EXPECTED = {"process", "process/thread", "process/asyncio"}
ROUNDS = 40_000
truth = waiting(green_ok=True)


def func(url: str) -> int:
    """Download and compute."""
    return len(fetch(url)) + spin(ROUNDS)


async def afunc(url: str) -> int:
    """Download and compute."""
    return len(await fetch.async_(url)) + spin(ROUNDS)


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Run the server; the items are addresses."""
    with serving(0.02) as site:
        yield [f"{site}/{number}" for number in range(scaled(200, size))]
