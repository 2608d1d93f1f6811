"""Start, one small map, and the end; and small maps by workers that are there already."""

from __future__ import annotations

import multiprocessing.forkserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import BEST_TUNED, Case, Contender, Kind, Target
from ..peers import Peer, ours, strategy
from ..peers.processes import by_default, executor, joblib, loky, mpire, pebble, pool
from . import Size

FEW = list(range(10))


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    warm = 100 if not size.quick else 2
    contenders = (ours(cs.ProcessStrategy(2), work.nothing, FEW), *by_default(2, work.nothing, FEW))
    yield Case(
        "a map of 10 empty items, warm",
        [_often(contender, warm) for contender in contenders],
        FEW,
        (Target(0.4, "multiprocessing.Pool.map"),),
        unit="us",
        per=warm,
    )
    yield Case(
        "start, a map of 10, end: fork",
        (_cold("ours", _ours("fork"), "ours"), *_peers("fork")),
        FEW,
        (Target(1.0, "ProcessPoolExecutor"),),
    )
    yield Case(
        "start, a map of 10, end: fork server",
        (
            _cold("ours", _ours("forkserver"), "ours"),
            *_peers("forkserver"),
            _cold("ProcessPoolExecutor, its server running", partial(executor, 2, None, "forkserver"), "bare"),
        ),
        FEW,
        (Target(0.8, BEST_TUNED),),
    )
    yield Case(
        "start, a map of 10, end: spawn",
        (
            _cold("ours", _ours("spawn"), "ours"),
            *_peers("spawn"),
            _cold("mpire", partial(mpire, 2, None, "spawn"), needs="mpire"),
            _cold("loky, its own way", partial(loky, 2), needs="loky"),
            _cold("joblib, loky's way", partial(joblib, 2), needs="joblib"),
        ),
        FEW,
        (Target(0.8, BEST_TUNED),),
    )


def _often(contender: Contender, times: int) -> Contender:
    """Return a contender that does its work so many times over."""

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with contender.opens() as run:

            def over_and_over() -> Any:
                for _ in range(times - 1):
                    run()
                return run()

            yield over_and_over

    return Contender(contender.name, opens, contender.kind, contender.needs)


def _ours(method: str) -> Peer:
    # A new one each time: one that has been closed is not opened again.
    return lambda: strategy(cs.ProcessStrategy(2, start_method=method))()  # noqa: PLW0108


def _peers(method: str) -> Iterator[Contender]:
    fresh = method == "forkserver"
    yield _cold("ProcessPoolExecutor", partial(executor, 2, None, method), fresh=fresh)
    yield _cold("multiprocessing.Pool.map", partial(pool, 2, None, method), fresh=fresh)
    yield _cold("Pebble", partial(pebble, 2, None, method), needs="pebble", fresh=fresh)
    if method == "fork":
        yield _cold("mpire", partial(mpire, 2), needs="mpire")


def _cold(name: str, peer: Peer, kind: Kind = "peer", needs: str = "", fresh: bool = False) -> Contender:
    """Return a contender that opens its pool, maps and closes it each time; `fresh`: with no server left over."""

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        yield once

    def once() -> list[int]:
        if fresh:
            # Else the first one's server would serve all that follow, as it does in the contender that says so.
            multiprocessing.forkserver._forkserver._stop()  # type: ignore[attr-defined]
        with peer() as map_:
            return map_(work.nothing, FEW)

    return Contender(name, opens, kind, needs)
