"""What is run on a workload: every strategy that is possible there, in a few sizes, and who is compared with advice.

A cell is a strategy with its size; its key is its spec string, so that advice which comes to the same is the same cell.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from concurrent_strategies import UnknownStrategy, WorkloadProfile, get_strategy
from concurrent_strategies._core.colour import pick
from concurrent_strategies._spec import parse_spec
from concurrent_strategies.advice.model import Model
from concurrent_strategies.advice.obstacles import obstacle
from concurrent_strategies.advice.plan import Plan

#: Calls at once, where there is waiting; threads for computing come in two sizes.
CALLS, COMPUTING = (8, 32, 128, 256), (2, 4)
INNER = (8, 32, 128)
PROCESSES = 8
AUTO, JOBLIB = "auto", "joblib"
#: The baselines: what somebody would take who asks nobody.
THREADS, TASKS = 32, 100
FEW, SLOW = 64, 0.1


@dataclass(frozen=True)
class Cell:
    """One thing to run.

    Args:
        key: its spec string, or the name of what is no strategy of ours.
        plan: what the model is asked about; `None` where it is not asked.
    """

    key: str
    plan: Plan | None = None


def family(spec: str) -> str:
    """Return the kind of strategy that a spec string names."""
    parsed = parse_spec(spec)
    return parsed.name if parsed.inner is None else f"{parsed.name}/{parsed.inner.name}"


def plan_of(spec: str) -> Plan:
    """Return what the model is asked about for a spec string."""
    parsed = parse_spec(spec)
    inner = parsed.inner
    sizes = [dict(part.options).get("max_workers", 1) if part else 1 for part in (parsed, inner)]
    return Plan(parsed.name, int(sizes[0] or 1), inner.name if inner else "", int(sizes[1] or 1))


def grid(model: Model, count: int) -> list[Cell]:
    """Return every strategy that is possible, in all sizes, none twice."""
    cells: dict[str, Cell] = {}
    for name in _specs(model, count):
        if not obstacle(family(name), model):
            cells.setdefault(name, Cell(name, plan_of(name)))
    return list(cells.values())


def _specs(model: Model, count: int) -> Iterator[str]:
    most = min(count, model.profile.max_connections or count)
    cores, waits = max(2, model.machine.workers), model.demands.wait > 0
    yield "sync"
    for calls in CALLS if waits else COMPUTING:
        yield f"thread:{min(calls, most)}"
    for calls in (*CALLS, 1000):
        yield f"asyncio:{min(calls, most)}"
        yield f"green:{min(calls, most)}"
    for processes in sorted({cores, 2 * cores, PROCESSES}):
        yield f"process:{min(processes, most)}"
    for parts in (16, 1):  # the sizes of chunks that others take by default
        if (size := math.ceil(count / (parts * cores))) > 1:
            yield f"process:{min(cores, most)}?chunksize={size}"
    if waits and most >= 2 * cores:
        for calls in INNER:
            inside = min(calls, math.ceil(most / cores)) if most == count else min(calls, most // cores)
            yield f"process:{cores}/thread:{inside}"
            yield f"process:{cores}/asyncio:{inside}"


def rule(profile: WorkloadProfile) -> str:
    """Return what the three rules say: the kind of strategy, by nothing but the kind of work."""
    computing = (profile.gil_cpu or 0.0) + profile.free_cpu
    if profile.wait <= computing:
        return "process"
    many = (profile.max_connections or profile.n_items or FEW) > FEW
    return "asyncio" if many and profile.wait >= SLOW and profile.coroutine is True else "thread"


def baselines(profile: WorkloadProfile, cores: int) -> dict[str, str]:
    """Return the cell of each baseline that is one; sizes keep to what the other side allows."""
    most = min(profile.n_items or TASKS, profile.max_connections or TASKS)
    threads = f"thread:{min(THREADS, most)}"
    waits = profile.coroutine is True and profile.wait > 0
    return {
        "always threads": threads,
        "always processes": f"process:{max(1, min(cores, most))}",
        "asyncio if possible, else threads": f"asyncio:{min(TASKS, most)}" if waits else threads,
        "joblib": JOBLIB,
    }


def auto_exists() -> bool:
    """Tell whether there is a strategy that chooses by itself."""
    try:
        get_strategy(AUTO)
    except UnknownStrategy:
        return False
    return True


def work(cell: Cell, func: Callable[..., Any], items: list[Any], known: dict[str, Any]) -> Callable[[], Any]:
    """Return what runs a cell: opening, mapping and closing, as in a program that maps once.

    Args:
        cell: what to run.
        func: the function.
        items: the items.
        known: what a user would say about the work, as no measuring finds it out.
    """
    if cell.key == JOBLIB:
        return lambda: _joblib(func, items)
    options = {"profile": known} if cell.key == AUTO and known else {}
    return lambda: get_strategy(cell.key, **options).map(func, items)


def _joblib(func: Callable[..., Any], items: list[Any]) -> list[Any]:
    from joblib import Parallel, delayed  # type: ignore[import-untyped]

    plain, declared_async = pick(func, native_async=False)
    call = delayed(awaited if declared_async else called)
    return list(Parallel(n_jobs=-1)(call(plain, item) for item in items))


def called(func: Callable[..., Any], item: Any) -> Any:
    """Call a plain function."""
    return func(item)


def awaited(func: Callable[..., Any], item: Any) -> Any:
    """Run a coroutine function to its end."""
    return asyncio.run(func(item))
