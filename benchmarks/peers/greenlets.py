"""Greenlets: the ways of gevent's pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..harness import Contender
from . import Map, does


@contextmanager
def pool(limit: int, way: str) -> Iterator[Map]:
    """Yield one way of using the pool."""
    import gevent
    from gevent.pool import Pool

    made = Pool(limit)

    def spawn(func: Callable[[Any], Any], items: Any) -> list[Any]:
        greenlets = [made.spawn(func, item) for item in items]
        gevent.joinall(greenlets)
        return [greenlet.value for greenlet in greenlets]

    ways: dict[str, Map] = {
        "map": made.map,
        "imap": lambda func, items: list(made.imap(func, items)),
        "imap_unordered": lambda func, items: sorted(made.imap_unordered(func, items)),
        "spawn": spawn,
    }
    yield ways[way]


def all_of_them(limit: int, func: Callable[[Any], Any], items: Any) -> Iterator[Contender]:
    """Yield all of them."""
    for way in ("map", "imap", "imap_unordered", "spawn"):
        yield Contender(f"gevent Pool.{way}", does(partial(pool, limit, way), func, items), "peer", "gevent")
