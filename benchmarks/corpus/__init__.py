"""The workloads on which advice is judged: a file each, found by looking into this folder; nothing else names them.

A file has these names, at its top level:

    func            what is done with one item; plain or `async def`, or both by `dual`; found again by its name
    items(size)     a list of items, or a context manager that yields one where they need a file or a server; `size`
                    is 1.0 for the measured run, which takes 0.2 to 2 s one by one, and less for a trial
    truth(cpu, wait)  what is true of one item, as fields of a profile, from its seconds of computing and waiting when
                    it runs alone: how the computing divides, and what nobody can measure, such as `max_connections`;
                    `computing`, `native` and `waiting` below are made for it
    EXPECTED        the kinds of strategy that should win, by what is known of such work
    afunc           an `async def` that does the same; only where there is one, and `func` is no `dual`

Every process that works on one imports its file: it should import no more than it uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from concurrent_strategies import dual

# One thread for each product of matrices: what is compared is who divides the work, and not numpy's own threads.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

Truth: TypeAlias = Callable[[float, float], dict[str, Any]]


def names() -> list[str]:
    """Return the names of all workloads, in the order of the alphabet."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str) -> ModuleType:
    """Import a workload; nothing but its own file, and what that imports."""
    return import_module(f".{name}", __name__)


def function(module: ModuleType) -> Any:
    """Return what strategies get: both colours in one, where there are two."""
    afunc = getattr(module, "afunc", None)
    return module.func if afunc is None else dual(sync=module.func, async_=afunc)


def opened(module: ModuleType, size: float) -> AbstractContextManager[list[Any]]:
    """Return what yields the items, whatever they need."""
    made = module.items(size)
    return nullcontext(made) if isinstance(made, list) else made


def scaled(count: int, size: float, least: int = 3) -> int:
    """Return how many items stand for so many."""
    return max(min(least, count), round(count * size))


def computing(cpu: float, _wait: float) -> dict[str, Any]:
    """Tell what is true of Python code: all of its computing holds the GIL."""
    return {"gil_cpu": cpu}


def native(held: float) -> Truth:
    """Return what is true of computing that holds the GIL for this part of it, and has released it for the rest."""
    return lambda cpu, _wait: {"gil_cpu": held * cpu, "free_cpu": (1 - held) * cpu}


def waiting(**more: Any) -> Truth:
    """Return what is true of waiting with some Python around it, and what else there is to say."""
    return lambda cpu, wait: {"gil_cpu": cpu, "wait": wait, **more}
