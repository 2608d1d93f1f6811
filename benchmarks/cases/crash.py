"""One worker killed among many items: the run should hardly notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import Case, Contender, Target
from . import Size

WORKERS = 8


def cases(size: Size) -> Iterator[Case]:
    """Yield it: waiting, so that eight workers have something to do on any machine."""
    quiet = list(range(size(100_000)))
    deadly = list(quiet)
    deadly[len(deadly) // 2] = work.DEADLY
    yield Case(
        "100k x 1 ms of waiting, 8 workers, one killed",
        (
            _ours("ours", deadly, 1),
            _ours("ours, nobody killed", quiet, 0),
            Contender("Pebble", _pebble(deadly, 1), "peer", "pebble"),
            Contender("Pebble, nobody killed", _pebble(quiet, 0), "bare", "pebble"),
        ),
        None,
        (Target(1.05, "ours, nobody killed"),),
        ideal=len(quiet) / WORKERS,
        rounds=3,
        patience=75,
    )


def _ours(name: str, items: list[int], lost: int) -> Contender:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with cs.ProcessStrategy(WORKERS) as strategy:
            yield lambda: _all_but([o.value if isinstance(o, cs.Success) else None for o in run(strategy)], items, lost)

    def run(strategy: cs.ProcessStrategy) -> Any:
        return strategy.outcomes(work.rarely_deadly, items)

    return Contender(name, opens, "ours")


def _pebble(items: list[int], lost: int) -> Callable[[], Any]:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        from pebble import ProcessExpired, ProcessPool

        def run(pool: Any) -> None:
            results = pool.map(work.rarely_deadly, items).result()
            got: list[int | None] = []
            while True:
                try:
                    got.append(next(results))
                except StopIteration:
                    break
                except ProcessExpired:
                    got.append(None)
            _all_but(got, items, lost)

        with ProcessPool(WORKERS) as pool:
            yield lambda: run(pool)

    return opens


def _all_but(values: list[int | None], items: list[int], lost: int) -> None:
    assert values.count(None) == lost, f"{values.count(None)} items are lost"
    assert all(value is None or value == item for value, item in zip(values, items, strict=True))
