"""Warm processes: nothing to do, and even work from 20 us to 5 ms for each item."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import concurrent_strategies as cs

from .. import work
from ..harness import BEST_TUNED, Case, Contender, Target
from ..peers import bare, does, ours
from ..peers.processes import by_default, trio_parallel, tuned
from . import Size


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = list(range(size(200_000)))
    yield Case(
        "200k empty items",
        (
            ours(cs.ProcessStrategy(2), work.nothing, items),
            ours(cs.ProcessStrategy(2), work.nothing, items, "shared_context", shared_context=True),
            bare("list(map())", lambda: list(map(work.nothing, items))),
            *by_default(2, work.nothing, items),
            *tuned(2, work.nothing, items, {"ProcessPoolExecutor": 5000, "loky": 25_000, "joblib": 25_000}),
            *tuned(2, work.nothing, items, {"multiprocessing.Pool.imap": 5000, "mpire": 5000, "Pebble": 5000}),
        ),
        items,
        (Target(1.0, "multiprocessing.Pool.map"), Target(0.45, "ProcessPoolExecutor, chunks of 5000")),
    )
    for name, count, spins, chunk in (
        ("20 us", 20_000, 400, 500),
        ("200 us", 2000, 4000, 50),
        ("5 ms", 100, 100_000, 5),
    ):
        yield _even(name, [spins if not size.quick else 40] * size(count), chunk)


def _even(name: str, items: list[int], chunk: int) -> Case:
    total = work.spin(items[0])
    chunks = dict.fromkeys(("multiprocessing.Pool.map", "ProcessPoolExecutor", "loky", "mpire", "Pebble"), chunk)
    one_by_one = does(partial(trio_parallel, 2), work.spin, items)
    return Case(
        f"{len(items)} x {name} of Python",
        (
            ours(cs.ProcessStrategy(2), work.spin, items),
            bare("list(map())", lambda: list(map(work.spin, items))),
            *by_default(2, work.spin, items),
            Contender("trio-parallel", one_by_one, "peer", "trio_parallel"),
            *tuned(2, work.spin, items, chunks),
        ),
        [total] * len(items),
        (Target(1.03, BEST_TUNED),),
    )
