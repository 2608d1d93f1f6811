"""What the items of a soak do, and what may become of each: the same arithmetic in the worker and in the checker.

Both colours of the function do the same. Worker processes import this file.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from random import Random
from typing import Any, NoReturn

from concurrent_strategies import Failure, NotPicklable, Success, TaskTimeout, WorkerDied

LARGE = 300_000  # bytes of a large result
LONG = 0.7  # seconds of an item that is overdue
LIMIT = 0.2  # the `task_timeout` that it passes


class Refused(Exception):
    """An ordinary error, with an argument too many to be made again from its `args`."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(f"{index}: {why}")
        self.index = index


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it was the last")


class Mischief:
    """The function of one round; an item is its own index.

    Args:
        seed: what decides what each item does.
        shares: what items do, by its name, with the share of the items that do it; the others are good.
    """

    def __init__(self, seed: int, shares: Mapping[str, float]) -> None:
        self._seed = seed
        self._shares = dict(shares)

    def deed(self, index: int) -> str:
        """Return what an item does: the name of a share, or `value`."""
        chance = Random(self._seed * 1_000_003 + index).random()
        for name, share in self._shares.items():
            chance -= share
            if chance < 0:
                return name
        return "value"

    def value(self, index: int) -> Any:
        """Return what an item gives if it is good."""
        return bytes([index % 256]) * LARGE if self.deed(index) == "large" else (self._seed, index * index)

    def __call__(self, index: int) -> Any:
        """Do one item."""
        deed = self.deed(index)
        if deed in ("nap", "overdue"):
            time.sleep(LONG if deed == "overdue" else 0.003)
        return self._end(deed, index)

    async def later(self, index: int) -> Any:
        """Do one item on an event loop."""
        deed = self.deed(index)
        if deed in ("nap", "overdue"):
            await _sleep(LONG if deed == "overdue" else 0.003)
        return self._end(deed, index)

    def _end(self, deed: str, index: int) -> Any:
        if deed == "error":
            raise Refused(index, "an error")
        if deed == "exit":
            sys.exit(index)
        if deed == "stop":
            raise StopIteration(index)
        if deed == "cancel":
            raise asyncio.CancelledError(index)
        if deed == "lock":
            return threading.Lock()
        if deed == "death":
            _die()
        return self.value(index)

    def wrong(self, outcome: Any, *, isolated: bool, mortal: bool, attempts: int) -> str:
        """Tell what is wrong with the outcome of an item; nothing, if all is well.

        Args:
            outcome: what the run gave.
            isolated: whether results are pickled.
            mortal: whether any item may be lost with its worker.
            attempts: how often an item that fails is started.
        """
        index, deed = outcome.index, self.deed(outcome.index)
        if isinstance(outcome, Failure) and isinstance(outcome.error, WorkerDied):
            return "" if mortal else f"item {index} ({deed}) died: {outcome.error}"
        if isinstance(outcome, Success):
            if deed == "lock":
                return "" if not isolated else f"item {index} gave a lock over a border"
            # An overdue item may be done before anybody looks, on a machine that is busy.
            if deed not in ("value", "nap", "large", "overdue"):
                return f"item {index} should fail by {deed} and gave {outcome.value!r:.100}"
            return "" if outcome.value == self.value(index) else f"item {index} gave {outcome.value!r:.100}"
        error = outcome.error
        kinds: dict[str, type[BaseException]] = {
            "error": Refused,
            "exit": SystemExit,
            "stop": StopIteration,
            "cancel": asyncio.CancelledError,
            "lock": NotPicklable,
            "overdue": TaskTimeout,
        }
        # On an event loop and elsewhere, Python itself makes a RuntimeError of a StopIteration that leaves a coroutine.
        allowed = (kinds.get(deed, Success), RuntimeError if deed == "stop" else kinds.get(deed, Success))
        if not isinstance(error, allowed):
            return f"item {index} ({deed}) failed by {error!r:.200}"
        if deed == "error" and outcome.attempts != attempts:
            return f"item {index} was started {outcome.attempts} times, not {attempts}"
        return ""


async def _sleep(seconds: float) -> None:
    import anyio

    await anyio.sleep(seconds)
