"""Coroutines on trio."""

from __future__ import annotations

from collections.abc import Iterator

import concurrent_strategies as cs

from .. import work
from ..harness import Case, Target
from ..peers import ours
from ..peers.trio import all_of_them
from . import Size


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(50_000)))
    yield Case(
        "50k empty coroutines, 100 at once",
        (ours(cs.TrioStrategy(100), work.anothing, items), *all_of_them(100, work.anothing, items)),
        items,
        (Target(0.1, "nursery + limiter"),),
    )
    waits = list(range(size(20_000)))
    yield Case(
        "20k x 1-10 ms of waiting, 500 at once",
        (
            ours(cs.TrioStrategy(500), work.trio_sleep_few_ms, waits),
            *all_of_them(500, work.trio_sleep_few_ms, waits),
        ),
        waits,
        (Target(0.5, "nursery + limiter"),),
        ideal=len(waits) * 5.5 / min(500, len(waits)),
        patience=60,
    )
