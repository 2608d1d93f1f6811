"""Threads, with nothing to do, with something to wait for, and with work that releases the GIL."""

from __future__ import annotations

from collections.abc import Iterator

import concurrent_strategies as cs

from .. import work
from ..harness import BEST_TUNED, IDEAL, Case, Target
from ..peers import bare, ours
from ..peers.threads import by_default, tuned
from . import Size


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(100_000)))
    yield Case(
        "100k empty items, 6 workers",
        (
            ours(cs.ThreadStrategy(6), work.nothing, items),
            ours(cs.ThreadStrategy(6), work.nothing, items, "shared_context", shared_context=True),
            bare("list(map())", lambda: list(map(work.nothing, items))),
            *by_default(6, work.nothing, items),
            *tuned(6, work.nothing, items, 1000),
        ),
        items,
        (
            Target(0.02, "ThreadPoolExecutor"),
            Target(1.5, "multiprocessing ThreadPool"),
            Target(0.95, "multiprocessing ThreadPool", "ours, shared_context"),
        ),
    )
    waits = list(range(size(2000)))
    yield Case(
        "2000 x 1 ms of waiting, 32 workers",
        (
            ours(cs.ThreadStrategy(32), work.sleep_1ms, waits),
            *by_default(32, work.sleep_1ms, waits),
            *tuned(32, work.sleep_1ms, waits, 1),
        ),
        waits,
        (Target(1.0, BEST_TUNED), Target(1.15, IDEAL)),
        ideal=len(waits) / 32,
    )
    yield Case(
        "2000 x sha256 of 64 KiB, 2 workers",
        (
            ours(cs.ThreadStrategy(2), work.digest, waits),
            bare("list(map())", lambda: list(map(work.digest, waits))),
            *by_default(2, work.digest, waits),
            *tuned(2, work.digest, waits, 100),
        ),
        waits,
        (Target(0.9, BEST_TUNED),),
    )
    few = list(range(10))
    yield Case(
        "a map of 10 empty items, 6 workers, warm",
        (ours(cs.ThreadStrategy(6), work.nothing, few), *by_default(6, work.nothing, few)),
        few,
        unit="us",
    )
