"""Sleeping for 20 ms: waiting and nothing else, in both colours."""

from __future__ import annotations

import asyncio
import time

from . import scaled, waiting

EXPECTED = {"thread", "asyncio"}
truth = waiting(green_ok=True)


def func(number: int) -> int:
    """Wait."""
    time.sleep(0.02)
    return number


async def afunc(number: int) -> int:
    """Wait."""
    await asyncio.sleep(0.02)
    return number


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(50, size)))
