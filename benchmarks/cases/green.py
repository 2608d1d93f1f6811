"""Greenlets: in place, with code written for gevent, as its pool runs; and plain blocking code in a patched child."""

from __future__ import annotations

from collections.abc import Iterator

import concurrent_strategies as cs

from .. import work
from ..harness import BEST, Case, Target
from ..peers import ours
from ..peers.greenlets import all_of_them
from . import Size


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(100_000)))
    yield Case(
        "100k empty items, 100 at once",
        (
            ours(cs.GreenStrategy(100, isolate=False), work.nothing, items),
            ours(cs.GreenStrategy(100), work.nothing, items, "isolated"),
            *all_of_them(100, work.nothing, items),
        ),
        items,
        (Target(0.03, BEST), Target(0.03, BEST, "ours, isolated")),
    )
    waits = list(range(size(20_000)))
    yield Case(
        "20k x 1-10 ms of waiting, 500 at once",
        (
            ours(cs.GreenStrategy(500, isolate=False), work.gevent_sleep_few_ms, waits),
            ours(cs.GreenStrategy(500), work.sleep_few_ms, waits, "isolated"),
            *all_of_them(500, work.gevent_sleep_few_ms, waits),
        ),
        waits,
        (Target(0.7, BEST), Target(0.7, BEST, "ours, isolated")),
        ideal=len(waits) * 5.5 / min(500, len(waits)),
    )
