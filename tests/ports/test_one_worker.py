"""One worker alone is a loop: it starts items in the order of the input, whatever is cut and called back meanwhile."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from concurrent_strategies import (
    AsyncioStrategy,
    GreenStrategy,
    ProcessStrategy,
    SyncStrategy,
    ThreadStrategy,
    TrioStrategy,
)

MADE: dict[str, Callable[[], Any]] = {
    "sync": SyncStrategy,
    "thread": lambda: ThreadStrategy(1),
    "process": lambda: ProcessStrategy(1),
    "green": lambda: GreenStrategy(1),
    "asyncio": lambda: AsyncioStrategy(1),
    "trio": lambda: TrioStrategy(1),
}
turns = itertools.count()


def turn(item: int) -> int:
    """Return the how-manieth call in this process it is; a few items are slow, hidden among very short ones."""
    if item % 700 == 650:
        time.sleep(0.02)
    return next(turns)


async def aturn(item: int) -> int:
    """Be of the other colour."""
    return turn(item)


@pytest.mark.parametrize("name", MADE)
def test_one_worker_starts_items_in_the_order_of_the_input(name: str) -> None:
    """Of a list, of an iterator through a window, plain and coroutine."""
    with MADE[name]() as strategy:
        for func in (turn, aturn):
            for items in (range(3000), iter(range(3000))):
                found = strategy.map(func, items)
                assert found == sorted(found)
