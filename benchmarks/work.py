"""The functions that are run; in a module of their own with few imports, as every pool imports them from here."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from typing import Any

BLOCK = bytes(65536)
SLOW = -1
DEADLY = -2


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


async def ayield(x: int) -> int:
    """Let others go first, once."""
    await asyncio.sleep(0)
    return x


async def trio_sleep_few_ms(x: int) -> int:
    """Wait for 1 to 10 ms, by the item, in trio."""
    import trio

    await trio.sleep((1 + x % 10) / 1000)
    return x


def gevent_sleep_few_ms(x: int) -> int:
    """Wait for 1 to 10 ms, by the item, in a greenlet."""
    import gevent

    gevent.sleep((1 + x % 10) / 1000)
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


async def aspin(n: int) -> int:
    """Compute in Python, in a coroutine."""
    return spin(n)


def rarely_slow(x: int) -> int:
    """Do nothing, but wait 20 ms for a slow item."""
    if x == SLOW:
        time.sleep(0.02)
    return x


def rarely_deadly(x: int) -> int:
    """Wait for a millisecond, but kill this process for a deadly item."""
    if x == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.001)
    return x


# ----------------------------------------------------------------------------------------------------------- payloads


def take_bytes(data: bytes) -> int:
    """Look at what has come."""
    return data[0] + data[-1] + len(data)


def give_bytes(n: int) -> bytes:
    """Make something large."""
    return bytes(n)


def pass_bytes(data: bytes) -> bytes:
    """Return what has come, after a look at it."""
    assert len(data) + data[-1]
    return data


def touched(array: Any) -> float:
    """Read a number from every page of an array, so that it is really there."""
    return float(array.ravel()[::512].sum())


def take_array(array: Any) -> float:
    """Look at what has come."""
    return touched(array)


def give_array(n: int) -> Any:
    """Make something large."""
    import numpy as np

    return np.ones(n)


def pass_array(array: Any) -> Any:
    """Return what has come, after a look at it."""
    touched(array)
    return array


def use_captured(captured: bytes, x: int) -> int:
    """Use what the function carries with it."""
    return captured[x] + x
