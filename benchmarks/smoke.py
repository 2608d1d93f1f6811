"""The smoke benchmark: every strategy beside its bare library; run with every change of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.pool import ThreadPool
from typing import Any

import concurrent_strategies as cs

from . import work
from .harness import Case, Contender

WAITS = 20_000
AT_ONCE = 500


def _ours(strategy: Any, func: Callable[..., Any], items: Any, **options: Any) -> Contender:
    return Contender(f"ours: {strategy.name}", lambda: strategy, lambda s: s.map(func, items, **options))


def _peer(name: str, opens: Callable[[], AbstractContextManager[Any]], runs: Callable[[Any], Any]) -> Contender:
    return Contender(name, opens, runs)


def sync_cases() -> Iterator[Case]:
    """Yield what a plain loop costs with everything the engine promises."""
    items = list(range(100_000))
    bare = _peer("list(map())", nullcontext, lambda _: list(map(work.nothing, items)))
    yield Case("sync: 100k empty items", (_ours(cs.SyncStrategy(), work.nothing, items), bare), items)


def thread_cases() -> Iterator[Case]:
    """Yield threads, with and without anything to wait for."""
    items = list(range(100_000))
    executor = _peer("ThreadPoolExecutor", lambda: ThreadPoolExecutor(6), lambda e: list(e.map(work.nothing, items)))
    pool = _peer("multiprocessing ThreadPool", lambda: ThreadPool(6), lambda p: p.map(work.nothing, items))
    yield Case("thread: 100k empty items", (_ours(cs.ThreadStrategy(6), work.nothing, items), executor, pool), items)
    waits = list(range(2000))
    executor = _peer("ThreadPoolExecutor", lambda: ThreadPoolExecutor(32), lambda e: list(e.map(work.sleep_1ms, waits)))
    pool = _peer("multiprocessing ThreadPool", lambda: ThreadPool(32), lambda p: p.map(work.sleep_1ms, waits))
    ours = _ours(cs.ThreadStrategy(32), work.sleep_1ms, waits)
    yield Case("thread: 2000 x 1 ms of waiting, 32 at once", (ours, executor, pool), waits, 2000 * 0.001 / 32)
    executor = _peer("ThreadPoolExecutor", lambda: ThreadPoolExecutor(2), lambda e: list(e.map(work.digest, waits)))
    pool = _peer("multiprocessing ThreadPool", lambda: ThreadPool(2), lambda p: p.map(work.digest, waits))
    yield Case(
        "thread: 2000 x sha256 of 64 KiB", (_ours(cs.ThreadStrategy(2), work.digest, waits), executor, pool), waits
    )


def _pool() -> AbstractContextManager[Any]:
    return multiprocessing.get_context("fork").Pool(2)


def process_cases() -> Iterator[Case]:
    """Yield warm processes: nothing to do, even work, hidden slow items, small maps."""
    ours = cs.ProcessStrategy(2)
    many = list(range(200_000))
    pool = _peer("multiprocessing.Pool", _pool, lambda p: p.map(work.nothing, many))
    executor = _peer(
        "ProcessPoolExecutor, best chunksize",
        lambda: ProcessPoolExecutor(2, multiprocessing.get_context("fork")),
        lambda e: list(e.map(work.nothing, many, chunksize=5000)),
    )
    yield Case("process: 200k empty items", (_ours(ours, work.nothing, many), pool, executor), many)
    spins = [4000] * 2000
    pool = _peer("multiprocessing.Pool", _pool, lambda p: p.map(work.spin, spins))
    yield Case("process: 2000 x 200 us of Python", (_ours(cs.ProcessStrategy(2), work.spin, spins), pool))
    pool = _peer("multiprocessing.Pool", _pool, lambda p: p.map(work.slow_at_the_end, many))
    hidden = (_ours(cs.ProcessStrategy(2), work.slow_at_the_end, many), pool)
    yield Case("process: 100 x 20 ms behind 200k empty items", hidden, many, 1.0)
    few = list(range(10))
    pool = _peer("multiprocessing.Pool", _pool, lambda p: p.map(work.nothing, few))
    yield Case("process: a map of 10, warm", (_ours(cs.ProcessStrategy(2), work.nothing, few), pool), few)


async def _gather(func: Callable[..., Any], items: Any, at_once: int) -> list[Any]:
    semaphore = asyncio.Semaphore(at_once)

    async def one(item: Any) -> Any:
        async with semaphore:
            return await func(item)

    return await asyncio.gather(*map(one, items))


def asyncio_cases() -> Iterator[Case]:
    """Yield coroutines beside gather with a semaphore."""
    items = list(range(100_000))
    bare = _peer("gather + Semaphore", nullcontext, lambda _: asyncio.run(_gather(work.anothing, items, 100)))
    yield Case("asyncio: 100k empty coroutines", (_ours(cs.AsyncioStrategy(100), work.anothing, items), bare), items)
    waits = list(range(WAITS))
    bare = _peer("gather + Semaphore", nullcontext, lambda _: asyncio.run(_gather(work.asleep_few_ms, waits, AT_ONCE)))
    ours = _ours(cs.AsyncioStrategy(AT_ONCE), work.asleep_few_ms, waits)
    yield Case("asyncio: 20k x 1-10 ms of waiting, 500 at once", (ours, bare), waits, WAITS * 0.0055 / AT_ONCE)


def trio_cases() -> Iterator[Case]:
    """Yield coroutines beside a nursery with a limiter."""
    import trio

    async def nursery(func: Callable[..., Any], items: Any, at_once: int) -> list[Any]:
        limiter, out = trio.CapacityLimiter(at_once), [None] * len(items)

        async def one(index: int, item: Any) -> None:
            async with limiter:
                out[index] = await func(item)

        async with trio.open_nursery() as group:
            for index, item in enumerate(items):
                group.start_soon(one, index, item)
        return out

    items = list(range(20_000))
    bare = _peer("nursery + CapacityLimiter", nullcontext, lambda _: trio.run(nursery, work.anothing, items, 100))
    yield Case("trio: 20k empty coroutines", (_ours(cs.TrioStrategy(100), work.anothing, items), bare), items)


def green_cases() -> Iterator[Case]:
    """Yield greenlets in a patched child, beside gevent's pool in this process."""
    waits = list(range(2000))

    @contextlib.contextmanager
    def greenlets() -> Iterator[Any]:
        from gevent.pool import Pool

        yield Pool(AT_ONCE)

    def gevent_sleep(x: int) -> int:
        import gevent

        gevent.sleep((1 + x % 10) / 1000)
        return x

    bare = _peer("gevent Pool.map", greenlets, lambda p: p.map(gevent_sleep, waits))
    ours = _ours(cs.GreenStrategy(AT_ONCE), work.sleep_few_ms, waits)
    yield Case("green, isolated: 2000 x 1-10 ms of waiting, 500 at once", (ours, bare), waits)


#: The sections of the benchmark, by name.
SECTIONS: dict[str, Callable[[], Iterator[Case]]] = {
    "sync": sync_cases,
    "thread": thread_cases,
    "process": process_cases,
    "asyncio": asyncio_cases,
    "trio": trio_cases,
    "green": green_cases,
}
