"""Coroutines on asyncio and uvloop: with nothing to wait for, with one turn of the loop, and with timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import IDEAL, Case, Contender, Target
from ..peers import bare, ours
from ..peers.coroutines import all_of_them
from . import Size


def awaited(limit: int, func: Callable[..., Any], items: Any) -> Contender:
    """Return ours as it is awaited on a loop of the caller's."""

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with asyncio.Runner() as runner:
            strategy = cs.AsyncioStrategy(limit)

            async def run() -> list[Any]:
                return await strategy.amap(func, items)

            yield lambda: runner.run(run())

    return Contender("ours, awaited", opens, "ours")


def on_uvloop(limit: int, func: Callable[..., Any], items: Any) -> Iterator[Contender]:
    """Yield ours on uvloop, where that is installed."""
    contender = Contender("ours, uvloop", bare("", list).opens, "ours", "uvloop")
    if not contender.missing:
        contender = ours(cs.AsyncioStrategy(limit, loop="uvloop"), func, items, "uvloop")
    yield contender


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(100_000)))
    yield Case(
        "100k empty coroutines, 100 at once",
        (
            ours(cs.AsyncioStrategy(100), work.anothing, items),
            ours(cs.AsyncioStrategy(100), work.anothing, items, "shared_context", shared_context=True),
            awaited(100, work.anothing, items),
            *on_uvloop(100, work.anothing, items),
            *all_of_them(100, work.anothing, items),
        ),
        items,
        (
            Target(0.15, "gather + semaphore"),
            Target(2.0, "queue + workers"),
            Target(0.6, "queue + workers", "ours, shared_context"),
        ),
    )
    turns = list(range(size(50_000)))
    yield Case(
        "50k coroutines that yield once, 100 at once",
        (
            ours(cs.AsyncioStrategy(100), work.ayield, turns),
            awaited(100, work.ayield, turns),
            *on_uvloop(100, work.ayield, turns),
            *all_of_them(100, work.ayield, turns),
        ),
        turns,
    )
    waits = list(range(size(20_000)))
    yield Case(
        "20k x 1-10 ms of waiting, 500 at once",
        (
            ours(cs.AsyncioStrategy(500), work.asleep_few_ms, waits),
            awaited(500, work.asleep_few_ms, waits),
            *on_uvloop(500, work.asleep_few_ms, waits),
            *all_of_them(500, work.asleep_few_ms, waits),
        ),
        waits,
        (Target(0.6, "gather + semaphore"), Target(1.25, IDEAL)),
        ideal=len(waits) * 5.5 / min(500, len(waits)),
    )
