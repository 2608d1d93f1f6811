"""A coroutine that blocks its loop for 2 ms in each item, as somebody forgot to await: threads have a loop each."""

from __future__ import annotations

import asyncio
import time

from . import scaled, waiting

EXPECTED = {"thread"}
BLOCK = 0.002
truth = waiting(async_block=BLOCK)


async def func(number: int) -> int:
    """Wait rightly, then wrongly."""
    await asyncio.sleep(0.005)
    time.sleep(BLOCK)  # noqa: ASYNC251 - what is wrong here is what is looked at
    return number


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(150, size)))
