"""How much `measure` slows a function down: `python -m benchmarks.disturbance`.

The same items of the corpus in turn, bare and measured, in one process, and each by its own clock: what is compared is
the least time that an item took in all rounds, either way, as other programs only ever make it longer. Coroutines are
left out, as the clockwork that resumes them is part of the call.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import perf_counter as clock
from typing import Any, Final, NamedTuple

from concurrent_strategies import WorkloadProfile, measure

from .corpus import load, names, opened

#: Interleaved rounds, seconds of measuring in each, and items at most.
ROUNDS: Final = 9
BUDGET: Final = 0.5
MOST: Final = 60
#: Items run by themselves, one after the other; what is asked about besides, such as pickling, is no part of them.
DECLARED: Final = WorkloadProfile(picklable=False)


class Disturbance(NamedTuple):
    """What measuring cost one workload: seconds of an item, in the middle, and how much longer a measured one took."""

    name: str
    items: int
    seconds: float
    ratio: float


def workloads() -> list[str]:
    """Return the names of those with a function that blocks, and more than a few items."""
    return [name for name in names() if name not in {"async_blocking", "cpu_one_big", "three_items"}]


def disturbance(name: str, rounds: int = ROUNDS, budget: float = BUDGET, size: float = 1.0) -> Disturbance:
    """Measure one workload."""
    module = load(name)
    func: Callable[[Any], Any] = module.func  # of two colours, the plain one is called
    with opened(module, size) as items:
        items = items[:MOST]
        func(items[0])  # imports, connections and page faults come once
        bare, watched = [float("inf")] * len(items), [float("inf")] * len(items)
        for _ in range(rounds):
            for place, item in enumerate(items):
                since = clock()
                func(item)
                bare[place] = min(bare[place], clock() - since)
            for outcome in measure(func, items, budget=budget, profile=DECLARED).outcomes:
                if outcome.duration is not None:
                    watched[outcome.index] = min(watched[outcome.index], outcome.duration)
    pairs = [pair for pair in zip(bare, watched, strict=True) if pair[1] < float("inf")][1:]
    ratio = statistics.median(seen / alone for alone, seen in pairs)
    return Disturbance(name, len(pairs), statistics.median(alone for alone, _ in pairs), ratio)


def main() -> None:
    """Print a table."""
    out = sys.stdout.write
    out("| workload | items | ms per item | measured / bare |\n| --- | --: | --: | --: |\n")
    for name in sys.argv[1:] or workloads():
        found = disturbance(name)
        out(f"| `{found.name}` | {found.items} | {found.seconds * 1000:.3g} | {found.ratio:.3f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
