"""What the items of a history do: log their start, take the time that their seed says, log their end, give a value.

Both colours of the function do the same. Worker processes import this file.
"""

from __future__ import annotations

import asyncio
import os
import time
from random import Random

from .logbook import Logbook


class Work:
    """The function of a history, for `map`; an item is its own index.

    Args:
        log: where items say that they start and end.
        seed: what the items' times and values are made from.
        mixed: whether items too short to be timed are among them, which workers run in groups; else each takes 2 ms
            and more.
    """

    def __init__(self, log: Logbook, seed: int, *, mixed: bool = False) -> None:
        self._log = log
        self._seed = seed
        self._mixed = mixed

    def value(self, item: int) -> tuple[int, int]:
        """Return what an item gives."""
        return self._seed, item * item

    def _seconds(self, item: int) -> float:
        if self._mixed and item % 100 >= 30:  # many in a row, or no worker would take them for short
            return 0.0
        random = Random(self._seed * 1_000_003 + item)
        return random.choice((0.002, 0.003, 0.005, 0.012)) * random.uniform(1.0, 1.5)

    def _begin(self, item: int) -> float:
        self._log.write(os.getpid(), "start", item)
        return self._seconds(item)

    def _end(self, item: int) -> tuple[int, int]:
        self._log.write(os.getpid(), "end", item)
        return self.value(item)

    def __call__(self, item: int) -> tuple[int, int]:
        """Do one item."""
        if seconds := self._begin(item):
            time.sleep(seconds)
        return self._end(item)

    async def later(self, item: int) -> tuple[int, int]:
        """Do one item on an event loop."""
        if seconds := self._begin(item):
            await asyncio.sleep(seconds)
        return self._end(item)
