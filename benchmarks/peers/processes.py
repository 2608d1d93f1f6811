"""Pools of processes; `chunk=None` is each one's default."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..harness import Contender
from . import Map, does


@contextmanager
def executor(workers: int, chunk: int | None = None, method: str | None = None) -> Iterator[Map]:
    """Yield the standard library's executor."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context(method)) as pool:
        yield lambda func, items: list(pool.map(func, items, chunksize=chunk or 1))


@contextmanager
def pool(workers: int, chunk: int | None = None, method: str | None = None) -> Iterator[Map]:
    """Yield the standard library's pool."""
    with multiprocessing.get_context(method).Pool(workers) as pool:
        yield lambda func, items: pool.map(func, items, chunk)


@contextmanager
def pool_imap(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield its lazy form."""
    with multiprocessing.Pool(workers) as pool:
        yield lambda func, items: list(pool.imap(func, items, chunk or 1))


@contextmanager
def loky(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield loky's executor."""
    from loky import ProcessPoolExecutor as Loky

    with Loky(workers) as pool:
        yield lambda func, items: list(pool.map(func, items, chunksize=chunk or 1))


@contextmanager
def joblib(workers: int, chunk: int | None = None) -> Iterator[Map]:
    """Yield joblib over its own loky."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    with Parallel(n_jobs=workers, batch_size=chunk or "auto") as parallel:
        yield lambda func, items: list(parallel(delayed(func)(item) for item in items))
    get_reusable_executor().shutdown(wait=True)


@contextmanager
def mpire(workers: int, chunk: int | None = None, method: str = "fork") -> Iterator[Map]:
    """Yield mpire's pool."""
    from mpire.pool import WorkerPool

    with WorkerPool(workers, start_method=method, keep_alive=True) as pool:
        yield lambda func, items: list(pool.map(func, items, chunk_size=chunk, concatenate_numpy_output=False))


@contextmanager
def pebble(workers: int, chunk: int | None = None, method: str | None = None) -> Iterator[Map]:
    """Yield Pebble's pool."""
    from pebble import ProcessPool

    with ProcessPool(workers, context=multiprocessing.get_context(method)) as pool:
        yield lambda func, items: list(pool.map(func, items, chunksize=chunk or 1).result())


@contextmanager
def trio_parallel(workers: int) -> Iterator[Map]:
    """Yield trio-parallel's workers, a call for each item."""
    import trio
    import trio_parallel as tp

    async def main(func: Callable[[Any], Any], items: Any) -> list[Any]:
        limiter, out = trio.CapacityLimiter(workers), [None] * len(items)

        async def one(index: int, item: Any) -> None:
            out[index] = await tp.run_sync(func, item, limiter=limiter)

        async with trio.open_nursery() as nursery:
            for index, item in enumerate(items):
                nursery.start_soon(one, index, item)
        return out

    yield lambda func, items: trio.run(main, func, items)


#: What all of them are called, what opens them, and what they need.
PEERS: dict[str, tuple[Callable[..., Any], str]] = {
    "multiprocessing.Pool.map": (pool, ""),
    "ProcessPoolExecutor": (executor, ""),
    "multiprocessing.Pool.imap": (pool_imap, ""),
    "loky": (loky, "loky"),
    "joblib": (joblib, "joblib"),
    "mpire": (mpire, "mpire"),
    "Pebble": (pebble, "pebble"),
}


def by_default(workers: int, func: Callable[..., Any], items: Any, after: Any = None) -> Iterator[Contender]:
    """Yield all of them as they come."""
    for name, (peer, needs) in PEERS.items():
        yield Contender(name, does(partial(peer, workers), func, items, after), "peer", needs)


def tuned(
    workers: int, func: Callable[..., Any], items: Any, chunks: dict[str, int], after: Any = None
) -> Iterator[Contender]:
    """Yield those that gain by it with the chunk sizes that suit the work, by name."""
    for name, chunk in chunks.items():
        peer, needs = PEERS[name]
        yield Contender(
            f"{name}, chunks of {chunk}", does(partial(peer, workers, chunk), func, items, after), "tuned", needs
        )
