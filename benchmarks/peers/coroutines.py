"""Coroutines on asyncio: what people write by hand, and the libraries. Each is an async function of work and limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from ..harness import Contender, Kind
from . import Map, does

Work: TypeAlias = Callable[[Any], Awaitable[Any]]


async def gather(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it as most do: all tasks at once, held back by a semaphore."""
    semaphore = asyncio.Semaphore(limit)

    async def one(item: Any) -> Any:
        async with semaphore:
            return await func(item)

    return await asyncio.gather(*map(one, items))


async def workers(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it as the careful do: a queue, and workers that take from it."""
    todo: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()
    out = [None] * len(items)
    for pair in enumerate(items):
        todo.put_nowait(pair)

    async def work() -> None:
        while True:
            try:
                index, item = todo.get_nowait()
            except asyncio.QueueEmpty:
                return
            out[index] = await func(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(work())
    return out


async def task_group(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it with a task group and a semaphore."""
    semaphore = asyncio.Semaphore(limit)

    async def one(item: Any) -> Any:
        async with semaphore:
            return await func(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


async def as_completed(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it in the order of completion, and sort afterwards."""
    semaphore = asyncio.Semaphore(limit)

    async def one(index: int, item: Any) -> tuple[int, Any]:
        async with semaphore:
            return index, await func(item)

    out = [None] * len(items)
    for earliest in asyncio.as_completed([one(*pair) for pair in enumerate(items)]):
        index, value = await earliest
        out[index] = value
    return out


async def anyio(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it with anyio's task group and limiter; on trio too."""
    from anyio import CapacityLimiter, create_task_group

    limiter, out = CapacityLimiter(limit), [None] * len(items)

    async def one(index: int, item: Any) -> None:
        async with limiter:
            out[index] = await func(item)

    async with create_task_group() as group:
        for index, item in enumerate(items):
            group.start_soon(one, index, item)
    return out


async def aiometer(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it with aiometer; on trio too."""
    from aiometer import run_all

    return list(await run_all([partial(func, item) for item in items], max_at_once=limit))


async def streamable(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it with streamable."""
    from streamable import stream

    return [value async for value in stream(items).map(func, concurrency=limit)]


@contextmanager
def on_asyncio(
    run: Callable[[Work, Any, int], Awaitable[list[Any]]], limit: int, uvloop: bool = False
) -> Iterator[Map]:
    """Yield one of these, on a loop that stays open."""
    factory: Any = None
    if uvloop:
        from uvloop import new_event_loop as factory
    with asyncio.Runner(loop_factory=factory) as runner:
        yield lambda func, items: runner.run(run(func, items, limit))  # type: ignore[arg-type]


#: What all of them are called, and what they need.
PEERS: dict[str, tuple[Any, str]] = {
    "gather + semaphore": (gather, ""),
    "queue + workers": (workers, ""),
    "TaskGroup + semaphore": (task_group, ""),
    "as_completed + semaphore": (as_completed, ""),
    "streamable": (streamable, "streamable"),
    "aiometer": (aiometer, "aiometer"),
    "anyio + limiter": (anyio, "anyio"),
}


def contender(name: str, limit: int, func: Work, items: Any, uvloop: bool = False) -> Contender:
    """Return one of them; queue and workers count as tuned: it is the best that is known to be written by hand."""
    run, needs = PEERS[name]
    kind: Kind = "tuned" if run is workers else "peer"
    opens = does(partial(on_asyncio, run, limit, uvloop), func, items)
    return Contender(f"{name}, uvloop" if uvloop else name, opens, kind, "uvloop" if uvloop else needs)


def all_of_them(limit: int, func: Work, items: Any) -> Iterator[Contender]:
    """Yield all of them on asyncio, and the two that are written by hand on uvloop."""
    for name in PEERS:
        yield contender(name, limit, func, items)
    for name in ("gather + semaphore", "queue + workers"):
        yield contender(name, limit, func, items, uvloop=True)
