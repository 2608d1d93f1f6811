"""Streams: what an item costs, when the first result comes, how far the input is read ahead, and the memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import concurrent_strategies as cs

from .. import work
from ..harness import ITSELF, Case, Contender, Kind, Reading, Target
from ..peers import streams
from ..peers.coroutines import gather, workers
from . import Size

Measure: TypeAlias = Callable[[Callable[[Iterable[int]], Iterator[int]], int], Any]


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    for kind, made in (("thread", cs.ThreadStrategy), ("process", cs.ProcessStrategy)):
        n = size(1_000_000)
        for name, measure, most, limit, more in (
            ("a stream of 1M empty items, for each item", _whole, n, 0.6, {"unit": "us", "per": n}),
            ("the first result of a stream", _first, n, 10, {"unit": "ms"}),
            ("items read ahead of a consumer that waits", _ahead, n, 64 + 1, {"unit": "items", "rounds": 1}),
            ("memory of a stream of 2M items", _memory, 2 * n, 10, {"unit": "MiB", "rounds": 1, "patience": 60}),
        ):
            contenders = [
                _contender(each, peer, needs, measure, most) for each, peer, needs in streams.of(kind, partial(made, 2))
            ]
            yield Case(f"{kind}: {name}", contenders, None, (Target(limit, ITSELF),), **more)
    n = size(1_000_000)
    yield Case(
        "asyncio: memory of a map of 1M coroutines, beyond the results",
        (
            _grown("ours", "ours", lambda: cs.AsyncioStrategy(100).map(work.anothing, range(n)), n),
            _grown("queue + workers", "tuned", lambda: asyncio.run(workers(work.anothing, range(n), 100)), n),
            _grown("gather + semaphore", "peer", lambda: asyncio.run(gather(work.anothing, range(n), 100)), n),
        ),
        None,
        (Target(5, ITSELF),),
        unit="MiB",
        rounds=1,
        patience=90,
    )


def _contender(name: str, peer: streams.Streamer, needs: str, measure: Measure, n: int) -> Contender:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with peer() as stream:
            yield lambda: measure(stream, n)

    return Contender(name, opens, "ours" if name == "ours" else "peer", needs)


def _counted(n: int, pulled: list[int]) -> Iterator[int]:
    """Yield numbers, and say how far it has come: an input that is no list."""
    for k in range(n):
        pulled[0] = k + 1
        yield k


def _whole(stream: Callable[[Iterable[int]], Iterator[int]], n: int) -> None:
    assert sum(stream(iter(range(n)))) == n * (n - 1) // 2


def _first(stream: Callable[[Iterable[int]], Iterator[int]], n: int) -> Reading:
    since = time.perf_counter()
    results = stream(iter(range(n)))
    first = next(results)
    took = time.perf_counter() - since
    assert first == 0
    assert sum(results) == n * (n - 1) // 2
    return Reading(took * 1000)


def _ahead(stream: Callable[[Iterable[int]], Iterator[int]], n: int) -> Reading:
    pulled = [0]
    results = stream(_counted(n, pulled))
    assert next(results) == 0
    time.sleep(min(0.5, n / 1000))
    ahead = pulled[0] - 1
    assert sum(results) == n * (n - 1) // 2
    return Reading(float(ahead))


def _memory(stream: Callable[[Iterable[int]], Iterator[int]], n: int) -> Reading:
    before = _reset_peak()
    pulled = [0]
    results = stream(_counted(n, pulled))
    total = sum(islice(results, 1000))
    time.sleep(min(0.2, n / 1000))  # a consumer that is away for a moment
    assert total + sum(results) == n * (n - 1) // 2
    return Reading(_peak() - before)


def _grown(name: str, kind: Kind, run: Callable[[], list[int]], n: int) -> Contender:
    """Return a contender whose figure is what it needs at most, less what its results take."""

    def work() -> Reading:
        before = _reset_peak()
        results = run()
        peak = _peak()
        assert results == list(range(n))
        del results
        kept = list(range(n))
        mine = n * 8 + sum(number.__sizeof__() for number in kept[::1000]) * 1000
        return Reading(peak - before - mine / (1 << 20))

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        yield work

    return Contender(name, opens, kind)


def _status(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def _reset_peak() -> float:
    """Have the kernel forget the most memory this process has had; return what it has now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")
