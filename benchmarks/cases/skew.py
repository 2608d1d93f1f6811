"""Items that are not alike: where heavy ones stand must not matter, and slow ones may hide among empty ones."""

from __future__ import annotations

from collections.abc import Iterator

import concurrent_strategies as cs

from .. import work
from ..harness import BEST_TUNED, IDEAL, Case, Target
from ..peers import bare, ours
from ..peers.processes import by_default, tuned
from . import Size

LIGHT, HEAVY, HEAVIEST = 400, 40_000, 200_000  # about 20 us, 2 ms and 10 ms


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    many, few = size(9900), size(20, least=2)
    light = [LIGHT if not size.quick else 10] * many
    heaviest = [HEAVIEST if not size.quick else 100] * few
    spread = list(light)
    spread[50::100] = [HEAVY if not size.quick else 100] * len(spread[50::100])
    yield _work("1 of 100 items is 100 x heavier", spread)
    yield _work("20 x 10 ms behind 9900 x 20 us", light + heaviest)
    yield _work("20 x 10 ms before 9900 x 20 us", heaviest + light)
    empty, slow = size(200_000), 100 if not size.quick else 2
    for where, place in (("at the end of", empty), ("in the middle of", empty // 2)):
        items = list(range(place)) + [work.SLOW] * slow + list(range(place, empty))
        yield _hidden(f"100 x 20 ms {where} 200k empty items", items, slow)
    items = list(range(empty))
    items[7 :: empty // slow] = [work.SLOW] * len(items[7 :: empty // slow])
    yield _hidden("100 x 20 ms scattered among 200k empty items", items, items.count(work.SLOW))


def _work(name: str, items: list[int]) -> Case:
    expected = [work.spin(item) for item in items]
    chunks = dict.fromkeys(("multiprocessing.Pool.map", "ProcessPoolExecutor", "loky", "mpire", "Pebble"), 50)
    return Case(
        name,
        (
            ours(cs.ProcessStrategy(2), work.spin, items),
            bare("list(map())", lambda: list(map(work.spin, items))),
            *by_default(2, work.spin, items),
            *tuned(2, work.spin, items, chunks),
            *tuned(2, work.spin, items, {"multiprocessing.Pool.map": 10}),
        ),
        expected,
        (Target(1.05, BEST_TUNED),),
    )


def _hidden(name: str, items: list[int], slow: int) -> Case:
    return Case(
        name,
        (
            ours(cs.ProcessStrategy(2), work.rarely_slow, items),
            *by_default(2, work.rarely_slow, items),
            *tuned(2, work.rarely_slow, items, {"multiprocessing.Pool.map": 50, "ProcessPoolExecutor": 50}),
        ),
        items,
        (Target(1.15, IDEAL),),
        ideal=slow * 20 / 2,
    )
