"""Measures what the strategies themselves cost on this machine, on the library's own engines.

Each is a minimum or a median of a few tries. What cannot be measured here, or comes out absurd, stays at its default.
Worker processes import this file for the functions at its end.
"""

from __future__ import annotations

import math
import threading
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .._errors import StrategyError
from .constants import DEFAULTS, Constants, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._machine import Machine
    from .._strategy import Strategy

#: A constant that differs from its default by more than this factor was not measured but disturbed.
ABSURD: Final = 25.0
#: Seconds for any one try: a machine on which it takes longer is not to be calibrated.
PATIENCE: Final = 20.0
#: Rounds of computing in one try, some milliseconds.
ROUNDS: Final = 100_000
THREADS, TRIPS, SHORT_ITEMS, TASKS, TRIES = 48, 300, 10_000, 1000, 3
LARGE, LARGE_ITEMS = 2_000_000, 8
#: Pairs of one worker alone and all together.
PAIRS: Final = 9
MOST_CORES: Final = 8


def gauge(machine: Machine, clock: Callable[[], float] = perf_counter) -> Constants:
    """Measure every constant; one to three seconds on an idle machine.

    Args:
        machine: this one.
        clock: in seconds.
    """
    found: dict[str, Any] = {**_threads(clock), **_loop(clock), **_greenlets(clock)}
    if not machine.daemon:
        gains = [_efficiency(machine, clock)]
        found |= _processes(clock)
        gains.append(_efficiency(machine, clock))
        found["starts"] = _starts(machine, clock)
        gains.append(_efficiency(machine, clock))
        # At three moments, as others may have a core for a while: they can only make it less.
        found["efficiency"] = max(gains)
    return Constants(**{name: value for name, value in found.items() if _credible(name, value)})


def _credible(name: str, value: Any) -> bool:
    usual = getattr(DEFAULTS, name)
    return not isinstance(value, float) or usual / ABSURD <= value <= usual * ABSURD


def _threads(clock: Callable[[], float]) -> dict[str, float]:
    from .._strategies.thread import ThreadStrategy

    meeting = threading.Barrier(THREADS)  # nobody goes on before all of them are there
    starts = []
    for _ in range(TRIES):
        with ThreadStrategy(THREADS, chunksize=1) as strategy:
            cold, warm = (_time(strategy, lambda _: meeting.wait(PATIENCE), range(THREADS), clock) for _ in range(2))
            starts.append((cold - warm) / THREADS)
    with ThreadStrategy(1) as strategy:
        items = range(SHORT_ITEMS)
        each = _least(strategy, nothing, items, clock)
        since = clock()
        for item in items:
            nothing(item)
        item_cost = max(1e-7, (each - (clock() - since)) / SHORT_ITEMS)
    with ThreadStrategy(2, chunksize=1) as strategy:
        strategy.map(nothing, range(2))
        ratios = []
        for _ in range(2 * TRIES):
            alone = sum(_time(strategy, spin, [ROUNDS], clock) for _ in range(2))
            ratios.append(_time(strategy, spin, [ROUNDS] * 2, clock) / alone)
    return {
        "thread_start": max(1e-6, min(starts)),
        "thread_item": item_cost,
        "thrash": min(2.0, max(1.0, median(ratios))),
    }


def _loop(clock: Callable[[], float]) -> dict[str, float]:
    from .._strategies.anyio import AsyncioStrategy

    cold = min(_time(AsyncioStrategy(1), anothing, [0], clock) for _ in range(TRIES))
    with AsyncioStrategy(100) as strategy:
        strategy.map(anothing, [0])
        task = _least(strategy, anothing, range(TASKS), clock) / TASKS
    return {"loop_start": cold, "task_item": task}


def _greenlets(clock: Callable[[], float]) -> dict[str, float]:
    from .._strategies.green import GreenStrategy

    try:
        with GreenStrategy(100) as strategy:
            strategy.map(give_way, range(100), timeout=PATIENCE)
            return {"greenlet_item": _least(strategy, give_way, range(TASKS), clock) / TASKS}
    except StrategyError:  # no gevent here
        return {}


def _processes(clock: Callable[[], float]) -> dict[str, float]:
    from .._strategies.process import ProcessStrategy

    with ProcessStrategy(1) as strategy:
        strategy.map(nothing, [0])
        trip = _least(strategy, nothing, range(TRIPS), clock, chunksize=1) / TRIPS
        item = _least(strategy, nothing, range(SHORT_ITEMS), clock) / SHORT_ITEMS
        blocks = [bytes([number]) * LARGE for number in range(LARGE_ITEMS)]  # the same one again would go only once
        large = _least(strategy, nothing, blocks, clock) / LARGE_ITEMS
    return {"chunk_trip": trip, "pickle_item": item, "pickle_rate": 2 * 2 * LARGE / large}


def _efficiency(machine: Machine, clock: Callable[[], float]) -> float:
    """Return what each further core adds, of one: the median of pairs, each of which meets the same weather."""
    from .._strategies.process import ProcessStrategy

    cores = min(MOST_CORES, math.floor(machine.cores))
    if cores < 2:
        return DEFAULTS.efficiency
    gains = []
    with ProcessStrategy(cores, chunksize=1) as strategy:
        strategy.map(spin, [1000] * cores)
        for _ in range(PAIRS):
            alone = _time(strategy, spin, [2 * ROUNDS], clock)
            together = _time(strategy, spin, [2 * ROUNDS] * cores, clock)
            gains.append((cores * alone / together - 1) / (cores - 1))
    return min(1.0, max(0.05, median(gains)))


def _starts(machine: Machine, clock: Callable[[], float]) -> Mapping[str, Start]:
    starts = dict(DEFAULTS.starts)
    for method in starts:
        if method == "fork" and threading.active_count() > 1:
            continue  # a lock that another thread holds would stay closed in the child
        try:
            one, four = (_start(method, workers, clock) for workers in (1, 4))
        except (StrategyError, OSError):
            continue
        launch = max(1e-4, (four - one) / 3)
        if method == "spawn":  # one = launch + boot, four = 4 * launch + max(1, 4 / P) * boot
            crowd = max(1.0, 4 / machine.cores)
            launch = max(1e-4, (four - crowd * one) / (4 - crowd)) if crowd < 4 else 1e-4
            starts[method] = Start(0.0, min(launch, one), max(0.0, one - launch), imports=True)
        else:
            starts[method] = Start(max(0.0, one - launch), launch, 0.0, imports=method != "fork")
    return MappingProxyType(starts)


def _start(method: str, workers: int, clock: Callable[[], float]) -> float:
    """Return the seconds until so many new processes have each answered."""
    from .._strategies.process import ProcessStrategy

    def once() -> float:
        strategy = ProcessStrategy(workers, start_method=method, chunksize=1)
        return _time(strategy, nothing, range(workers), clock)

    return min(once(), once())


def _time(
    strategy: Strategy, func: Callable[[Any], Any], items: Any, clock: Callable[[], float], **options: Any
) -> float:
    since = clock()
    strategy.map(func, items, timeout=PATIENCE, **options)
    return max(1e-9, clock() - since)


def _least(
    strategy: Strategy, func: Callable[[Any], Any], items: Any, clock: Callable[[], float], **options: Any
) -> float:
    return min(_time(strategy, func, items, clock, **options) for _ in range(TRIES))


# ------------------------------------------------------------------------------------------------ what workers run


def nothing(item: Any) -> Any:
    """Give back what came."""
    return item


async def anothing(item: Any) -> Any:
    """Let others go on, once."""
    import asyncio

    await asyncio.sleep(0)
    return item


def give_way(item: Any) -> Any:
    """Let other greenlets go on, once, where the program was patched."""
    import time

    time.sleep(0)
    return item


def spin(rounds: int) -> int:
    """Compute in Python."""
    total = 0
    for number in range(rounds):
        total += number * number
    return total
