"""Pools of threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.pool import ThreadPool
from typing import Any

from ..harness import Contender
from . import Map, does


@contextmanager
def executor(workers: int) -> Iterator[Map]:
    """Yield the standard library's executor."""
    with ThreadPoolExecutor(workers) as pool:
        yield lambda func, items: list(pool.map(func, items))


@contextmanager
def pool(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield the standard library's pool."""
    with ThreadPool(workers) as pool:
        yield lambda func, items: pool.map(func, items, chunk)


@contextmanager
def pool_imap(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield its lazy form."""
    with ThreadPool(workers) as pool:
        yield lambda func, items: list(pool.imap(func, items, chunk or 1))


@contextmanager
def by_hand(workers: int) -> Iterator[Map]:
    """Yield what one writes without a library: a queue, and threads that take from it."""

    def run(func: Callable[[Any], Any], items: Any) -> list[Any]:
        todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        out = [None] * len(items)
        for pair in enumerate(items):
            todo.put(pair)
        for _ in range(workers):
            todo.put(None)

        def work() -> None:
            while (pair := todo.get()) is not None:
                out[pair[0]] = func(pair[1])

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return out

    yield run


@contextmanager
def joblib(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield joblib over threads."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=workers, backend="threading", batch_size=chunk or "auto") as parallel:
        yield lambda func, items: list(parallel(delayed(func)(item) for item in items))


@contextmanager
def pebble(workers: int) -> Iterator[Map]:
    """Yield Pebble's pool of threads."""
    from pebble import ThreadPool as Pebble

    with Pebble(workers) as pool:
        yield lambda func, items: list(pool.map(func, items).result())


@contextmanager
def mpire(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield mpire's pool over threads."""
    from mpire.pool import WorkerPool

    with WorkerPool(workers, start_method="threading", keep_alive=True) as pool:
        yield lambda func, items: list(pool.map(func, items, chunk_size=chunk))


@contextmanager
def streamable(workers: int) -> Iterator[Map]:
    """Yield streamable's concurrent map."""
    from streamable import stream

    yield lambda func, items: list(stream(items).map(func, concurrency=workers))


@contextmanager
def in_loop(workers: int) -> Iterator[Map]:
    """Yield anyio's threads, awaited together."""
    import anyio

    async def main(func: Callable[[Any], Any], items: Any) -> list[Any]:
        limiter, out = anyio.CapacityLimiter(workers), list[Any](items)

        async def one(index: int, item: Any) -> None:
            out[index] = await anyio.to_thread.run_sync(func, item, limiter=limiter)

        async with anyio.create_task_group() as group:
            for index, item in enumerate(items):
                group.start_soon(one, index, item)
        return out

    yield lambda func, items: anyio.run(main, func, items)


#: What all of them are called, what opens them, and what they need.
PEERS: dict[str, tuple[Callable[..., Any], str]] = {
    "ThreadPoolExecutor": (executor, ""),
    "multiprocessing ThreadPool": (pool, ""),
    "queue + threads by hand": (by_hand, ""),
    "joblib threading": (joblib, "joblib"),
    "Pebble ThreadPool": (pebble, "pebble"),
    "mpire threading": (mpire, "mpire"),
    "streamable": (streamable, "streamable"),
    "anyio.to_thread": (in_loop, "anyio"),
}


def by_default(workers: int, func: Callable[..., Any], items: Any) -> Iterator[Contender]:
    """Yield all of them as they come."""
    for name, (peer, needs) in PEERS.items():
        yield Contender(name, does(partial(peer, workers), func, items), "peer", needs)


def tuned(workers: int, func: Callable[..., Any], items: Any, chunk: int) -> Iterator[Contender]:
    """Yield those that know chunks, with those that suit the work."""
    for name, peer, needs in (
        ("multiprocessing ThreadPool", pool, ""),
        ("multiprocessing ThreadPool.imap", pool_imap, ""),
        ("joblib threading", joblib, "joblib"),
        ("mpire threading", mpire, "mpire"),
    ):
        opens = does(partial(peer, workers, chunk), func, items)
        yield Contender(f"{name}, chunks of {chunk}", opens, "tuned", needs)
