"""A program that is interrupted: while it maps, while its consumer is busy, in an event loop, or while it starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.faults import marks
from tests.faults.specs import make, said, say

SPEC, HOW = sys.argv[1:]


def work(item: int) -> int:
    """Be busy for a while."""
    say("busy")
    time.sleep(0.2 if HOW in ("often", "stubborn") else 0.5)
    return item


def silent(item: int) -> int:
    """Be busy for a while."""
    time.sleep(0.5)
    return item


def quick(item: int) -> int:
    """Take no time."""
    return item


def forever() -> Iterator[int]:
    """Yield items without an end."""
    item = 0
    while True:
        yield item
        item += 1


class Slow:
    """Takes its time to be made into bytes, or again from these, in the program itself."""

    def __init__(self, item: int) -> None:
        self.home = int(os.environ["FAULTS_HOME"])

    def __getstate__(self) -> dict[str, Any]:
        """Take it."""
        self._linger("dumping")
        return self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take it."""
        self.__dict__ = state
        self._linger("loading")

    def _linger(self, how: str) -> None:
        end = time.monotonic() + 20
        while how == HOW and os.getpid() == self.home and time.monotonic() < end:
            say("busy")


def same(item: Any) -> Any:
    """Return the item."""
    return item


def caught() -> None:
    """Go on after Ctrl-C."""
    with make(SPEC, 2) as strategy:
        try:
            strategy.map(work, range(100))
        except KeyboardInterrupt:
            print("interrupted")
        if strategy.map(quick, range(10)) == list(range(10)):
            print("usable")


def stubborn() -> None:
    """Begin anew after each Ctrl-C, and see that nothing has piled up in the end."""
    while True:
        try:
            while not said("enough"):
                make(SPEC, 2).map(work, range(2))
            break
        except KeyboardInterrupt:
            continue
    left = marks.left_over(os.environ[marks.VARIABLE], 4.0)
    print("clean" if not left else marks.describe(left))


def consumer() -> None:
    """Be away while Ctrl-C comes."""
    with make(SPEC, 2) as strategy:
        for _ in strategy.stream(quick, forever()):
            say("busy")
            time.sleep(60.0)


async def in_loop() -> None:
    """Await."""
    async with make(SPEC, 2) as strategy:
        await strategy.amap(work, range(100))


def main() -> None:
    """Do it."""
    if HOW == "amap" and SPEC == "trio":
        import trio

        trio.run(in_loop)
    elif HOW == "amap":
        import asyncio

        asyncio.run(in_loop())
    elif HOW in ("caught", "stubborn", "consumer"):
        globals()[HOW]()
    elif HOW in ("loading", "dumping"):
        os.environ["FAULTS_HOME"] = str(os.getpid())
        with make(SPEC, 2) as strategy:
            strategy.map(same, [Slow(item) for item in range(3)])
    else:
        say("starting")
        with make(SPEC, 2) as strategy:
            strategy.map(silent if HOW == "starting" else work, range(100))


main()
