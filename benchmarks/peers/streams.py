"""Lazy forms: what takes an iterator of items, and yields results as they come. Each yields its `stream(items)`."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing.pool import ThreadPool
from typing import Any, TypeAlias

from ..work import nothing

Stream: TypeAlias = Callable[[Iterable[int]], Iterator[int]]
Streamer: TypeAlias = Callable[[], AbstractContextManager[Stream]]


@contextmanager
def ours(made: Callable[[], Any]) -> Iterator[Stream]:
    """Yield ours, warm."""
    with made() as strategy:
        strategy.map(nothing, range(10))
        yield lambda items: iter(strategy.stream(nothing, items))


@contextmanager
def executor(made: Callable[..., Any], chunk: int) -> Iterator[Stream]:
    """Yield an executor's `map`, which reads all of its input first."""
    with made(2) as pool:
        list(pool.map(nothing, range(10)))
        yield lambda items: iter(pool.map(nothing, items, chunksize=chunk))


@contextmanager
def imap(made: Callable[..., Any], chunk: int) -> Iterator[Stream]:
    """Yield a pool's `imap`."""
    with made(2) as pool:
        pool.map(nothing, range(10))
        yield lambda items: iter(pool.imap(nothing, items, chunk))


@contextmanager
def loky(chunk: int) -> Iterator[Stream]:
    """Yield loky's `map`."""
    from loky import ProcessPoolExecutor as Loky

    with executor(Loky, chunk) as stream:
        yield stream


@contextmanager
def pebble(kind: str, chunk: int) -> Iterator[Stream]:
    """Yield Pebble's `map`."""
    from pebble import ProcessPool
    from pebble import ThreadPool as Threads

    with ProcessPool(2) if kind == "process" else Threads(2) as pool:
        yield lambda items: iter(pool.map(nothing, items, chunksize=chunk).result())


@contextmanager
def joblib(kind: str) -> Iterator[Stream]:
    """Yield joblib's generator."""
    from joblib import Parallel, delayed

    backend = "loky" if kind == "process" else "threading"

    def stream(items: Iterable[int]) -> Iterator[int]:
        parallel = Parallel(n_jobs=2, backend=backend, return_as="generator")
        return iter(parallel(delayed(nothing)(item) for item in items))

    yield stream


@contextmanager
def mpire(kind: str, chunk: int) -> Iterator[Stream]:
    """Yield mpire's `imap`."""
    from mpire.pool import WorkerPool

    with WorkerPool(2, start_method="fork" if kind == "process" else "threading", keep_alive=True) as pool:
        yield lambda items: iter(pool.imap(nothing, items, chunk_size=chunk))


@contextmanager
def streamable() -> Iterator[Stream]:
    """Yield streamable's map on threads."""
    from streamable import stream

    yield lambda items: iter(stream(items).map(nothing, concurrency=2))


def of(kind: str, made: Callable[[], Any]) -> Iterator[tuple[str, Streamer, str]]:
    """Yield name, peer and what it needs, ours first: those of processes, or those of threads."""
    yield "ours", partial(ours, made), ""
    if kind == "process":
        yield "multiprocessing.Pool.imap", partial(imap, multiprocessing.Pool, 1), ""
        yield "multiprocessing.Pool.imap, chunks of 1000", partial(imap, multiprocessing.Pool, 1000), ""
        yield "ProcessPoolExecutor, chunks of 1000", partial(executor, ProcessPoolExecutor, 1000), ""
        yield "loky, chunks of 1000", partial(loky, 1000), "loky"
    else:
        yield "multiprocessing ThreadPool.imap", partial(imap, ThreadPool, 1), ""
        yield "multiprocessing ThreadPool.imap, chunks of 1000", partial(imap, ThreadPool, 1000), ""
        yield "ThreadPoolExecutor", partial(executor, ThreadPoolExecutor, 1), ""
        yield "streamable", streamable, "streamable"
    yield "Pebble, chunks of 1000", partial(pebble, kind, 1000), "pebble"
    yield "joblib generator", partial(joblib, kind), "joblib"
    yield "mpire.imap, chunks of 1000", partial(mpire, kind, 1000), "mpire"
