"""The functions that are run; in a module of their own, as every pool can import them from here."""

from __future__ import annotations

import asyncio
import hashlib
import time

BLOCK = bytes(65536)


def nothing(x: int) -> int:
    """Do nothing: what is measured is the engine."""
    return x


async def anothing(x: int) -> int:
    """Do nothing, in a coroutine."""
    return x


def sleep_1ms(x: int) -> int:
    """Wait for a millisecond."""
    time.sleep(0.001)
    return x


def sleep_few_ms(x: int) -> int:
    """Wait for 1 to 10 ms, by the item."""
    time.sleep((1 + x % 10) / 1000)
    return x


async def asleep_few_ms(x: int) -> int:
    """Wait for 1 to 10 ms, by the item, in a coroutine."""
    await asyncio.sleep((1 + x % 10) / 1000)
    return x


async def trio_sleep_few_ms(x: int) -> int:
    """Wait for 1 to 10 ms, by the item, in trio."""
    import trio

    await trio.sleep((1 + x % 10) / 1000)
    return x


def digest(x: int) -> int:
    """Hash 64 KiB, which releases the GIL."""
    return hashlib.sha256(BLOCK).digest()[0] * 0 + x


def spin(n: int) -> int:
    """Compute in Python for about n / 20 us."""
    total = 0
    for k in range(n):
        total += k * k
    return total


def slow_at_the_end(x: int) -> int:
    """Do nothing, but wait 20 ms for each of the last 100 of 200,000 items."""
    if x >= 199_900:
        time.sleep(0.02)
    return x
