"""A plain loop with everything the engine promises, beside a plain loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import concurrent_strategies as cs

from .. import work
from ..harness import Case, Contender, Target
from ..peers import Map, bare, does, ours
from . import Size


@contextmanager
def joblib() -> Iterator[Map]:
    """Yield joblib in this thread."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=1) as parallel:
        yield lambda func, items: list(parallel(delayed(func)(item) for item in items))


@contextmanager
def streamable() -> Iterator[Map]:
    """Yield streamable in this thread."""
    from streamable import stream

    yield lambda func, items: list(stream(items).map(func))


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(100_000)))
    yield Case(
        "100k empty items",
        (
            ours(cs.SyncStrategy(), work.nothing, items),
            ours(cs.SyncStrategy(), work.nothing, items, "shared_context", shared_context=True),
            bare("list(map())", lambda: list(map(work.nothing, items))),
            Contender("joblib, n_jobs=1", does(joblib, work.nothing, items), "peer", "joblib"),
            Contender("streamable", does(streamable, work.nothing, items), "peer", "streamable"),
        ),
        items,
        (Target(4, "list(map())"), Target(1.2, "list(map())", "ours, shared_context")),
    )
