"""Who is judged. Each library is used in the way that serves it best here: outcomes by the item, if it has them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from tests.faults import specs

from .column import Column, Fate, fate


class Ours(Column):
    """One of ours."""

    has = frozenset({"initializer", "task_timeout", "amap", "relay", "context", "nesting", "stream", "blocking"})

    def open(self) -> None:
        """Open it."""
        options = dict(self.options)
        spec = "-".join(filter(None, (self.name.removeprefix("ours-"), options.pop("method", None))))
        self.pool = specs.make(spec, self.workers, **options)
        self.pool.__enter__()

    def close(self) -> None:
        """Close it."""
        self.pool.__exit__(None, None, None)

    def stop(self) -> None:
        """Close it, in a second."""
        self.pool.close(timeout=1.0)

    def map(self, func: Any, items: Iterable[Any], **options: Any) -> list[Any]:
        """Map."""
        return list(self.pool.map(func, items, **options))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Stream."""
        return iter(self.pool.stream(func, items))

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Return the outcomes."""
        import concurrent_strategies as cs

        return [
            (True, o.value) if isinstance(o, cs.Success) else (False, o.error) for o in self.pool.outcomes(func, items)
        ]


class _Executor(Column):
    """What all executors share: futures are outcomes."""

    has = frozenset({"initializer", "nesting", "stream", "blocking"})

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Submit each."""
        futures = [fate(partial(self.pool.submit, func, item)) for item in items]
        return [fate(future.result) if good else (False, future) for good, future in futures]

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Map."""
        return iter(self.pool.map(func, items))


class ProcessPoolExecutor(_Executor):
    """The standard library's executor of processes."""

    name, kind, has = "ProcessPoolExecutor", "P", _Executor.has | {"method"}

    def open(self) -> None:
        """Open it."""
        from concurrent.futures import ProcessPoolExecutor as Pool

        context = multiprocessing.get_context(self.options.get("method"))
        self.pool = Pool(self.workers, context, initializer=self.options.get("initializer"))

    def stop(self) -> None:
        """Shut it down, and wait for nothing."""
        self.pool.shutdown(wait=False, cancel_futures=True)


class Loky(_Executor):
    """loky's executor of processes."""

    name, kind, needs = "loky", "P", "loky"

    def open(self) -> None:
        """Open it."""
        from loky import ProcessPoolExecutor as Pool

        self.pool = Pool(self.workers, initializer=self.options.get("initializer"))

    def stop(self) -> None:
        """Kill its workers."""
        self.pool.shutdown(kill_workers=True)


class ThreadPoolExecutor(_Executor):
    """The standard library's executor of threads."""

    name, kind = "ThreadPoolExecutor", "T"

    def open(self) -> None:
        """Open it."""
        from concurrent.futures import ThreadPoolExecutor as Pool

        self.pool = Pool(self.workers, initializer=self.options.get("initializer"))

    def stop(self) -> None:
        """Shut it down, and wait for nothing."""
        self.pool.shutdown(wait=False, cancel_futures=True)


class MultiprocessingPool(Column):
    """The standard library's pool."""

    name, kind, has = "multiprocessing.Pool", "P", frozenset({"initializer", "method", "stream", "blocking", "nesting"})

    def open(self) -> None:
        """Open it."""
        context = multiprocessing.get_context(self.options.get("method"))
        self.pool = context.Pool(self.workers, initializer=self.options.get("initializer"))

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Map."""
        return list(self.pool.map(func, items))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Map lazily."""
        return iter(self.pool.imap(func, items))

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Apply to each."""
        results = [self.pool.apply_async(func, (item,)) for item in items]
        return [fate(result.get) for result in results]


class Joblib(Column):
    """joblib over its loky."""

    name, kind, needs, has = "joblib", "P", "joblib", frozenset({"stream", "blocking", "nesting"})

    def open(self) -> None:
        """Open it."""
        from joblib import Parallel

        self.pool = Parallel(n_jobs=self.workers or -1)
        self.pool.__enter__()

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Map."""
        from joblib import delayed

        return list(self.pool(delayed(func)(item) for item in items))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Return its generator, which is another `Parallel`."""
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=self.workers or -1, return_as="generator")
        return iter(parallel(delayed(func)(item) for item in items))


class Mpire(Column):
    """mpire's pool."""

    name, kind, needs = "mpire", "P", "mpire"
    has = frozenset({"initializer", "task_timeout", "method", "stream", "blocking", "nesting"})

    def open(self) -> None:
        """Open it."""
        from mpire.pool import WorkerPool

        self.pool = WorkerPool(self.workers, start_method=self.options.get("method", "fork"), keep_alive=True)
        self.pool.__enter__()
        self._more: dict[str, Any] = {}
        if "initializer" in self.options:
            self._more["worker_init"] = self.options["initializer"]
        if "task_timeout" in self.options:
            self._more["task_timeout"] = self.options["task_timeout"]

    def stop(self) -> None:
        """Terminate it."""
        self.pool.terminate()

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Map; what could be taken for several arguments is one, as `(item,)`."""
        return list(self.pool.map(func, [(item,) for item in items], **self._more))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Map lazily."""
        return iter(self.pool.imap(func, ((item,) for item in items), **self._more))

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Apply to each."""
        results = [self.pool.apply_async(func, (item,), **self._more) for item in items]
        return [fate(result.get) for result in results]


class Pebble(Column):
    """Pebble's pool of processes."""

    name, kind, needs = "Pebble", "P", "pebble"
    has = frozenset({"initializer", "task_timeout", "method", "stream", "blocking", "nesting"})

    def open(self) -> None:
        """Open it."""
        from pebble import ProcessPool

        context = multiprocessing.get_context(self.options.get("method"))
        many = self.workers or multiprocessing.cpu_count()
        self.pool = ProcessPool(many, initializer=self.options.get("initializer"), context=context)

    def stop(self) -> None:
        """Stop it."""
        self.pool.stop()
        self.pool.join(1.0)

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Map."""
        return iter(self.pool.map(func, items, timeout=self.options.get("task_timeout")).result())

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Schedule each."""
        limit = self.options.get("task_timeout")
        futures = [fate(partial(self.pool.schedule, func, (item,), timeout=limit)) for item in items]
        return [fate(future.result) if good else (False, future) for good, future in futures]


class GeventPool(Column):
    """gevent's pool, in a program that gevent has patched, as it is meant to be."""

    name, kind, needs, patched = "gevent.pool", "G", "gevent", True
    has = frozenset({"stream", "blocking", "nesting"})

    def open(self) -> None:
        """Open it."""
        from gevent.pool import Pool

        self.pool = Pool(self.workers)

    def close(self) -> None:
        """Wait for what runs."""
        self.pool.join()

    def stop(self) -> None:
        """Kill what runs."""
        self.pool.kill(timeout=1.0)

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Map."""
        return list(self.pool.map(func, items))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Map lazily, bounded as far as it can be."""
        return iter(self.pool.imap(func, items, maxsize=4))

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Spawn each."""
        greenlets = [self.pool.spawn(func, item) for item in items]
        return [fate(greenlet.get) for greenlet in greenlets]


class Aiometer(Column):
    """aiometer on asyncio."""

    name, kind, needs, has = "aiometer", "A", "aiometer", frozenset({"amap"})

    def open(self) -> None:
        """Have nothing to open."""

    def close(self) -> None:
        """Have nothing to close."""

    async def amap(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Run all."""
        from aiometer import run_all

        return list(await run_all([partial(func, item) for item in items], max_at_once=self.workers))

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Run all, on a loop."""
        import asyncio

        return asyncio.run(self.amap(func, items))

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Return what has come when the first fails, as there is no more."""
        import asyncio

        from aiometer import amap

        got: list[Any] = []

        async def main() -> None:
            async with amap(func, items, max_at_once=self.workers) as results:
                async for value in results:
                    got.append(value)  # noqa: PERF401 (what has come before an error counts)

        good, error = fate(lambda: asyncio.run(main()))
        return [(True, value) for value in got] + ([] if good else [(False, error)])


_OURS = (("sync", "S"), ("thread", "T"), ("process", "P"), ("green", "G"), ("asyncio", "A"), ("trio", "A"))


def _ours(spec: str, kind: str) -> type[Column]:
    more = {"method"} if kind == "P" else set[str]()
    return type(f"Ours_{spec}", (Ours,), {"name": f"ours-{spec}", "kind": kind, "has": Ours.has | more})


_CLASSES: list[type[Column]] = [
    *(_ours(spec, kind) for spec, kind in _OURS),
    *(ProcessPoolExecutor, MultiprocessingPool, Joblib, Loky, Mpire, Pebble, ThreadPoolExecutor, GeventPool, Aiometer),
]
COLUMNS = {column.name: column for column in _CLASSES if not column.needs or find_spec(column.needs)}
MISSING = [column.name for column in _CLASSES if column.needs and not find_spec(column.needs)]
