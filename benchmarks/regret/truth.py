"""What one item of a workload really costs: all of them run one by one, with nobody else about, and are timed.

`alone` runs in a process of its own, and `profile` makes a profile of what it tells and of what the workload knows
about itself. Nothing is sampled or guessed here as `measure` has to.
"""

from __future__ import annotations

import asyncio
import pickle
import resource
import statistics
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from time import perf_counter as clock
from types import ModuleType
from typing import Any, NamedTuple

from concurrent_strategies import WorkloadProfile
from concurrent_strategies._core.colour import is_async, pick
from concurrent_strategies.advice.crossing import crossing, import_seconds
from concurrent_strategies.advice.thread_facts import ThreadFacts

#: Seconds after which no further item is begun: what is alike is known by then.
LONG = 4.0
#: How many coroutines are a crowd; no server of the corpus refuses so many.
CROWD = 8
#: How often all is run: the pass that was disturbed least counts.
PASSES = 2
#: Items of which the size is taken.
EXAMPLES = 5
#: What a workload knows and `measure` cannot find out; it is told to whoever measures.
UNMEASURABLE = ("max_connections", "rate_limit", "thread_safe", "main_thread_only", "shared_state")


class Clocks(NamedTuple):
    """Seconds of this thread: on the wall, computing with all child processes, and queueing for a core."""

    wall: float
    cpu: float
    queued: float

    @classmethod
    def of(cls, facts: ThreadFacts) -> Clocks:
        """Read them."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(clock(), facts.cpu() + children.ru_utime + children.ru_stime, facts.queued())

    def since(self, before: Clocks) -> tuple[float, float]:
        """Return the seconds of computing and of waiting since then; what other programs took is neither."""
        wall, cpu, queued = (now - then for now, then in zip(self, before, strict=True))
        return cpu, max(0.0, wall - queued - cpu)


def fingerprint(value: object) -> int:
    """Return a number that tells results apart."""
    return zlib.crc32(pickle.dumps(value, protocol=5))


def alone(func: Callable[..., Any], items: list[Any]) -> dict[str, Any]:
    """Run items one by one, and tell seconds, sizes and fingerprints; such as JSON can hold."""
    plain, only_async = pick(func, native_async=False)
    coroutine, has_async = pick(func, native_async=True)
    told: dict[str, Any] = {}
    if has_async:
        times, values = min((asyncio.run(_await_all(coroutine, items)) for _ in range(PASSES)), key=_computing)
        told = {"async_cpu": _computing((times, [])), "async_wait": _settled(wait for _, wait in times)}
        crowds = (asyncio.run(_crowd(coroutine, items[: len(times)])) for _ in range(PASSES))
        told["async_cpu"] = min(told["async_cpu"], *crowds)
    if not only_async:
        times, values = min((_call_all(plain, items) for _ in range(PASSES)), key=_computing)
    told |= {"cpu": _computing((times, [])), "wait": _settled(wait for _, wait in times)}
    if not only_async and len(times) == len(items) and told["cpu"] + told["wait"] < 1e-3:
        told |= _without_marks(plain, items)
    durations = [sum(time) for time in times]
    if len(durations) > 2:
        told["duration_cv"] = statistics.stdev(durations) / max(1e-9, statistics.fmean(durations))
    told["duration_max"] = max(durations)
    found = crossing(func, list(zip(items[:EXAMPLES], values, strict=False)))
    told |= {"arg_bytes": found.arg_bytes, "result_bytes": found.result_bytes, "pickle_seconds": found.seconds}
    told |= {"import_seconds": import_seconds(func), "prints": [fingerprint(value) for value in values]}
    return told


def _computing(found: tuple[list[tuple[float, float]], list[Any]]) -> float:
    """Return the seconds of computing of an item; other programs can only make them longer."""
    return _settled(cpu for cpu, _ in found[0])


def _settled(seconds: Iterable[float]) -> float:
    """Return the mean, without the first if there is another: it carries imports and connections."""
    first, *others = seconds
    return statistics.fmean(others or [first])


def _call_all(func: Callable[..., Any], items: list[Any]) -> tuple[list[tuple[float, float]], list[Any]]:
    times, values, until = [], [], clock() + LONG
    with closing(ThreadFacts()) as facts:
        for item in items:
            before = Clocks.of(facts)
            values.append(func(item))
            times.append(Clocks.of(facts).since(before))
            if clock() > until:
                break
    return times, values


async def _await_all(func: Callable[..., Any], items: list[Any]) -> tuple[list[tuple[float, float]], list[Any]]:
    times, values, until = [], [], clock() + LONG
    with closing(ThreadFacts()) as facts:
        for item in items:
            before = Clocks.of(facts)
            values.append(await func(item))
            times.append(Clocks.of(facts).since(before))
            if clock() > until:
                break
    return times, values


async def _crowd(func: Callable[..., Any], items: list[Any]) -> float:
    """Return the seconds of computing of an item among others, several at once: then the loop does less for each."""
    await func(items[0])
    with closing(ThreadFacts()) as facts:
        before = Clocks.of(facts)
        for first in range(0, len(items), CROWD):
            await asyncio.gather(*map(func, items[first : first + CROWD]))
        return Clocks.of(facts).since(before)[0] / len(items)


def _without_marks(func: Callable[..., Any], items: list[Any]) -> dict[str, float]:
    """Time all of them together: to read the clocks takes a part of so short an item."""
    with closing(ThreadFacts()) as facts:
        before = Clocks.of(facts)
        for item in items:
            func(item)
        cpu, wait = Clocks.of(facts).since(before)
    return {"cpu": cpu / len(items), "wait": wait / len(items)}


def profile(module: ModuleType, func: Callable[..., Any], count: int, told: dict[str, Any]) -> WorkloadProfile:
    """Return the true profile."""
    fields = {name: value for name, value in told.items() if name not in ("cpu", "wait", "prints") and value}
    has_async = pick(func, native_async=True)[1]
    fields |= module.truth(told["cpu"], told["wait"])
    fields |= {"n_items": count, "coroutine": has_async}
    if is_async(func) or not fields.get("wait"):  # what is async alone, or does not wait, needs no other times
        fields = {name: value for name, value in fields.items() if name not in ("async_cpu", "async_wait")}
    if fields["duration_max"] < sum(fields.get(name, 0.0) for name in ("gil_cpu", "free_cpu", "wait")):
        del fields["duration_max"]
    return WorkloadProfile.of(fields)
