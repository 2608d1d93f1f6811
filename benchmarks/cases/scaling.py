"""What an empty item costs as there are more of them, and as there are more workers: it should stay what it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import Case, Contender
from ..peers import does, ours, processes, threads
from ..peers.coroutines import contender as coroutine
from . import Size

NUMBERS = (10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000)


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    for n in (10, 1000) if size.quick else NUMBERS:
        items = range(n)
        expected = list(items)
        more: dict[str, Any] = {"unit": "us", "per": n, "rounds": 3 if n >= 1_000_000 else None, "patience": 60}
        yield Case(f"sync: {n:,} items", (ours(cs.SyncStrategy(), work.nothing, items),), expected, **more)
        pool = Contender("multiprocessing ThreadPool", does(partial(threads.pool, 6), work.nothing, items))
        yield Case(f"thread: {n:,} items", (ours(cs.ThreadStrategy(6), work.nothing, items), pool), expected, **more)
        pool = Contender("multiprocessing.Pool.map", does(partial(processes.pool, 2), work.nothing, items))
        yield Case(f"process: {n:,} items", (ours(cs.ProcessStrategy(2), work.nothing, items), pool), expected, **more)
        hand = coroutine("queue + workers", 100, work.anothing, items)
        yield Case(
            f"asyncio: {n:,} items", (ours(cs.AsyncioStrategy(100), work.anothing, items), hand), expected, **more
        )
    yield from _workers(size)


def _workers(size: Size) -> Iterator[Case]:
    """Yield the same number of empty items for more and more workers."""
    items = range(size(100_000))
    expected = list(items)
    more: dict[str, Any] = {"unit": "us", "per": len(items)}
    for workers in (1, 2) if size.quick else (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        pool = Contender("multiprocessing ThreadPool", does(partial(threads.pool, workers), work.nothing, items))
        mine = ours(cs.ThreadStrategy(workers), work.nothing, items)
        yield Case(f"thread: {workers} workers", (mine, pool), expected, **more)
    for workers in (1,) if size.quick else (1, 2, 4, 8, 16):
        pool = Contender("multiprocessing.Pool.map", does(partial(processes.pool, workers), work.nothing, items))
        mine = ours(cs.ProcessStrategy(workers), work.nothing, items)
        yield Case(f"process: {workers} workers", (mine, pool), expected, **more)
    for workers in (1, 10) if size.quick else (1, 10, 100, 1000, 10_000):
        hand = coroutine("queue + workers", workers, work.anothing, items)
        mine = ours(cs.AsyncioStrategy(workers), work.anothing, items)
        yield Case(f"asyncio: {workers} workers", (mine, hand), expected, **more)
