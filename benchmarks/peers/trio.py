"""Coroutines on trio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..harness import Contender
from . import Map, does
from .coroutines import Work, aiometer, anyio


async def nursery(func: Work, items: Any, limit: int) -> list[Any]:
    """Do it with trio's own: a nursery and a limiter."""
    import trio

    limiter, out = trio.CapacityLimiter(limit), [None] * len(items)

    async def one(index: int, item: Any) -> None:
        async with limiter:
            out[index] = await func(item)

    async with trio.open_nursery() as group:
        for index, item in enumerate(items):
            group.start_soon(one, index, item)
    return out


@contextmanager
def on_trio(run: Callable[..., Any], limit: int) -> Iterator[Map]:
    """Yield one of these; trio has no loop that could stay open."""
    import trio

    yield lambda func, items: trio.run(run, func, items, limit)


def all_of_them(limit: int, func: Work, items: Any) -> Iterator[Contender]:
    """Yield all of them."""
    for name, run, needs in (
        ("nursery + limiter", nursery, "trio"),
        ("aiometer", aiometer, "aiometer"),
        ("anyio + limiter", anyio, "trio"),
    ):
        yield Contender(name, does(partial(on_trio, run, limit), func, items), "peer", needs)
