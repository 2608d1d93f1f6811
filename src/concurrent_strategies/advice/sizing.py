"""How many workers each strategy would get, within every limit. No time is predicted here, and nothing is chosen.

The number of workers comes from the knee: so many waits at once as keep the busiest station just busy, with a margin
for their variance. More would only queue there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from .demands import FEW
from .plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._machine import Machine
    from .model import Model
    from .profile import WorkloadProfile

MARGIN: Final = 1.3  # of the waiting, as not all waits are equally long
MOST_THREADS: Final = 256
MOST_TASKS: Final = 1000
MOST_PROCESSES_PER_CORE: Final = 8  # where waiting can be hidden by nothing but processes
MOST_PROCESSES_ON_WINDOWS: Final = 61  # the system waits for 63 handles at once, at most


class Limit(NamedTuple):
    """A bound on the calls at once, where it comes from, and whether this machine sets it and not the work."""

    calls: int
    origin: str
    by_machine: bool = False


def limits(model: Model) -> list[Limit]:
    """Return every bound on the calls at once; each is at least 1, and one item always may run."""
    it, profile, machine = model.demands, model.profile, model.machine
    found = [Limit(it.items, "there are no more items")] if it.finite else []
    if profile.max_connections is not None:
        found.append(Limit(profile.max_connections, "max_connections"))
    elif profile.connections == "few":
        found.append(Limit(FEW, f"few connections are at most {FEW}"))
    if profile.rate_limit is not None and it.timed:
        # Little's law: this many under way are enough to start so many per second.
        found.append(Limit(_ceil(profile.rate_limit * it.duration, 10**9), "more would only wait for rate_limit"))
    if machine.descriptors is not None:
        found.append(Limit(machine.descriptors // 2, "file descriptors, two for each call", by_machine=True))
    if (budget := memory_budget(profile, machine)) is not None and profile.memory_per_item:
        found.append(Limit(budget // profile.memory_per_item, "memory", by_machine=True))
    return [limit._replace(calls=max(1, limit.calls)) for limit in found]


def memory_budget(profile: WorkloadProfile, machine: Machine) -> int | None:
    """Return the bytes that all items under way may use together."""
    if profile.memory_budget is not None or machine.memory is None:
        return profile.memory_budget
    return machine.memory // 2


def plans(family: str, model: Model) -> Iterator[Plan]:
    """Yield plans of a family, the smallest first; there is always one."""
    most = min((limit.calls for limit in limits(model)), default=10**9)
    if family == "sync":
        yield Plan("sync")
    elif family in ("thread", "asyncio", "green"):
        cap = min(most, MOST_TASKS if family != "thread" else _most_threads(model.machine))
        worth = worth_starting(model) if family == "thread" else math.inf
        for workers in _sizes(knee(family, model), worth, cap, model):
            yield Plan(family, workers)
    else:
        yield from _process_plans(family.partition("/")[2], most, model)


def knee(family: str, model: Model) -> float:
    """Return how many calls at once keep the busiest station busy; infinite where none is."""
    it, of, cores = model.demands, model.constants, model.machine.cores
    if family == "asyncio":
        loop = it.loop_cpu + it.loop_block
        return _knee(loop, it.loop_wait, loop + of.task_item)
    if family == "green":
        return _knee(it.cpu, it.wait, it.cpu + of.greenlet_item)
    used = 1.0 if model.machine.gevent_patched else cores / it.inner_threads
    return _knee(it.cpu, it.wait, max(model.held * of.thrash, it.cpu / max(1.0, used)))


def worth_starting(model: Model, processes: int = 1) -> float:
    """Return how many threads a process may have until one more takes longer to start than it takes off n*u/(p*k)."""
    it, start = model.demands, model.thread_start
    return math.sqrt(it.items / processes * it.duration / start) if it.finite and start > 0 else math.inf


def _knee(computing: float, waiting: float, station: float) -> float:
    return (computing + MARGIN * waiting) / station if station > 0 else math.inf


def _sizes(at_knee: float, worth: float, cap: int, model: Model) -> list[int]:
    it = model.demands
    sizes = [at_knee, min(at_knee, worth)]
    if it.wait > 0.5 * it.duration:  # the model tells whether more than the knee shortens a run of few items
        sizes += [2 * at_knee, float(it.items)]
    return sorted({_ceil(size, cap) for size in sizes})


def _process_plans(inner: str, most: int, model: Model) -> Iterator[Plan]:
    cores = model.machine.cores
    cap = min(most, _most_processes(model.machine))
    sizes = {min(cap, max(1, math.floor(cores))), min(cap, max(1, math.ceil(cores)))}
    it = model.demands
    if not inner and it.wait > 0 and not inner_possible(model.profile):
        enough = cores * it.duration / it.cpu if it.cpu > 0 else math.inf
        sizes.add(_ceil(min(enough, cores * MOST_PROCESSES_PER_CORE), cap))
    for processes in sorted(sizes):
        if not inner:
            yield Plan("process", processes)
            continue
        inside = min(most // processes, MOST_TASKS if inner == "asyncio" else MOST_THREADS)
        of_this_process = _inner_knee(inner, processes, model)
        worth = worth_starting(model, processes) if inner == "thread" else math.inf
        for workers in _sizes(of_this_process, worth, max(1, inside), model):
            yield Plan("process", processes, inner, workers)


def _inner_knee(inner: str, processes: int, model: Model) -> float:
    """Return the knee of one process among several, which share the cores."""
    it, of = model.demands, model.constants
    squeeze = processes / max(1.0, model.machine.cores)  # computing on less than one core counts as longer already
    squeeze = max(1.0, squeeze)
    if inner == "asyncio":
        loop = it.loop_cpu + it.loop_block
        return _knee(loop, it.loop_wait, (loop + of.task_item) * squeeze)
    return _knee(it.cpu, it.wait, max(model.held * of.thrash, it.cpu * squeeze))


def inner_possible(profile: WorkloadProfile) -> bool:
    """Tell whether something in each process could hide the waiting."""
    return not profile.main_thread_only and (profile.thread_safe is not False or profile.coroutine is not False)


def _most_threads(machine: Machine) -> int:
    return MOST_THREADS if machine.processes is None else max(1, min(MOST_THREADS, machine.processes // 2))


def _most_processes(machine: Machine) -> int:
    most = 10**6 if machine.processes is None else max(1, machine.processes // 2)
    return min(most, MOST_PROCESSES_ON_WINDOWS) if machine.platform == "win32" else most


def _ceil(number: float, most: int) -> int:
    return most if number >= most else max(1, math.ceil(number))
