"""One workload, in an interpreter of its own: `python -m benchmarks.regret.measuring NAME '{...}'`.

Each thing that is compared runs in a process forked from here, with the start of its workers included, in a random
order, round after round, and its least time counts. What has fallen far behind after a round does not run again. All
modules that anybody needs are imported before: what is compared is strategies, and not the time of a first import.

Lines go to standard output: {"doing": ...} while it works, and {"record": ...} at its end.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from concurrent_strategies import WorkloadProfile, advise, get_strategy, measure
from concurrent_strategies._machine import runnable
from concurrent_strategies.advice.constants import DEFAULTS
from concurrent_strategies.advice.demands import demands
from concurrent_strategies.advice.model import Model

from ..booth import Booth
from ..corpus import function, load, opened
from ..harness import Case, Contender, Reading, Timing
from ..peers import bare
from . import truth
from .cells import AUTO, JOBLIB, Cell, auto_exists, baselines, grid, plan_of, rule, work
from .score import WAYS, Record

#: What falls behind the best by this factor in a round is not run again, unless it is compared with the advice.
BEHIND = 1.5
#: What is predicted to take so many times the best, and these seconds, is not even tried.
HOPELESS, HOPELESS_SECONDS = 8.0, 3.0
#: A baseline that takes longer than these seconds has shown in one round what there is to show.
SLOW = 5.0
#: Others that want a core, on average over some looks, from which on the next run waits.
BUSY, LOOKS, APART = 0.3, 6, 0.003
#: Keeps a core busy for as long as whoever started it is there.
BURNER = "import os; parent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


@dataclass(frozen=True)
class How:
    """How much is done.

    Args:
        rounds: of everything that is compared.
        repeats: of measuring, on a quiet machine, and beside a program that keeps one core busy.
        patience: seconds that one run may take.
        size: of the workload; 1.0 as it is told.
        waits: how often to wait for a quiet machine before a run.
    """

    rounds: int = 5
    repeats: int = 10
    patience: float = 20.0
    size: float = 1.0
    waits: int = 4


def record(name: str, how: How, say: Callable[[str], None]) -> Record:
    """Return the record of a workload."""
    module = load(name)
    func = function(module)
    with opened(module, how.size) as items:
        return _Measuring(name, module, func, items, how, say).record()


class _Measuring:
    def __init__(
        self, name: str, module: Any, func: Any, items: list[Any], how: How, say: Callable[[str], None]
    ) -> None:
        self._name, self._module, self._func, self._items = name, module, func, items
        self._how, self._say = how, say
        self._loads: list[float] = []

    def record(self) -> Record:
        say, how = self._say, self._how
        say("imports")
        _import_all(_asked(lambda: _used(self._func, self._items[0], auto=auto_exists()), how.patience) or [])
        say("truth")
        told = _asked(lambda: truth.alone(self._func, self._items), 10 * how.patience)
        if told is None:
            raise RuntimeError(f"{self._name} does not run one by one: see above")
        profile = truth.profile(self._module, self._func, len(self._items), told)
        known = {each: value for each in truth.UNMEASURABLE if (value := getattr(profile, each))}
        advice = advise(profile)
        model = Model(profile, demands(profile, advice.machine), advice.machine, advice.constants or DEFAULTS)
        measured = self._measured(how.repeats, known, "measuring")
        burner = subprocess.Popen([sys.executable, "-c", BURNER])
        try:
            burnt = self._measured(how.repeats, known, "measuring beside another program")
        finally:
            burner.kill()
            burner.wait()
        ways = {WAYS[0]: [advice.spec], WAYS[1]: [each["spec"] for each in measured]}
        against = baselines(profile, advice.machine.workers)
        wanted = {
            *against.values(),
            *(specs[0] for specs in ways.values() if specs),
            *([AUTO] if auto_exists() else []),
        }
        cells = self._timed(self._cells(model, wanted), wanted, known, told["prints"])
        return {
            "name": self._name,
            "items": len(self._items),
            "expected": sorted(self._module.EXPECTED),
            "profile": _said(profile),
            "rule": rule(profile),
            "patience": how.patience,
            "load": round(sum(self._loads) / max(1, len(self._loads)), 2),
            "advised": ways,
            "burnt": [each["spec"] for each in burnt],
            "measured": measured[:3],
            "baselines": against,
            "cells": cells,
        }

    def _measured(self, repeats: int, known: dict[str, Any], doing: str) -> list[dict[str, Any]]:
        """Return what measuring comes to, each time in a process that has never seen the function."""
        found = []
        for number in range(repeats):
            self._say(f"{doing}: {number + 1} of {repeats}")
            told = _asked(lambda: _measured(self._func, self._items, known), self._how.patience)
            if told is not None:
                found.append(told)
        return found

    def _cells(self, model: Model, wanted: set[str]) -> dict[Cell, float | None]:
        """Return what is run, with what is predicted for it."""
        predicted = {cell: model.cost(cell.plan).total for cell in grid(model, len(self._items)) if cell.plan}
        most = max(HOPELESS_SECONDS, HOPELESS * min(predicted.values()))
        cells: dict[Cell, float | None] = {cell: guess for cell, guess in predicted.items() if guess <= most}
        for key in wanted:
            if key in (AUTO, JOBLIB):
                cells[Cell(key)] = None
            else:
                cells[Cell(key, plan_of(key))] = model.cost(plan_of(key)).total
        return cells

    def _timed(
        self, cells: dict[Cell, float | None], wanted: set[str], known: dict[str, Any], prints: list[int]
    ) -> dict[str, Any]:
        timings = {cell: Timing(_contender(cell, self._func, self._items, known)) for cell in cells}
        case = Case(self._name, (), lambda results: _right(results, len(self._items), prints), unit="s")
        running = list(cells)
        for number in range(self._how.rounds):
            random.Random(number).shuffle(running)
            for place, cell in enumerate(running):
                self._say(f"round {number + 1} of {self._how.rounds}, {place + 1} of {len(running)}: {cell.key}")
                self._loads.append(_quiet(self._how.waits))
                with Booth(case, timings[cell], self._how.patience, ()) as booth:
                    booth.run(warm=True)
            running = [cell for cell, timing in timings.items() if _goes_on(cell.key, timing, timings, wanted)]
        found = {}
        for cell, timing in timings.items():
            entry = {"seconds": [round(figure, 6) for figure in timing.figures], "note": timing.note}
            found[cell.key] = entry | {"predicted": cells[cell]}
        return found


def _goes_on(key: str, timing: Timing, timings: dict[Cell, Timing], wanted: set[str]) -> bool:
    if timing.note or not timing.figures:
        return False
    if key in wanted:
        return timing.best < SLOW
    least = min(other.best for other in timings.values() if other.figures)
    return timing.best <= BEHIND * least + 0.01


def _contender(cell: Cell, func: Any, items: list[Any], known: dict[str, Any]) -> Contender:
    return bare(
        cell.key,
        work(cell, func, items, known),
        "ours",
    )


def _right(results: list[Any], count: int, prints: list[int]) -> bool:
    """Tell whether results are those of one by one, as far as that went."""
    return len(results) == count and [truth.fingerprint(value) for value in results[: len(prints)]] == prints


def _asked(work: Callable[[], Any], patience: float) -> Any:
    """Return what a function tells that runs in a process of its own; `None` if it fails, which is shown."""
    timing = Timing(bare("", lambda: Reading(0.0, None, work())))
    with Booth(Case("", ()), timing, patience, ()) as booth:
        booth.run(warm=True)
    if timing.note:
        print(timing.note, file=sys.stderr)
    return timing.told


def _measured(func: Any, items: list[Any], known: dict[str, Any]) -> dict[str, Any]:
    since = time.perf_counter()
    measurement = measure(func, items, profile=known or None)
    took = time.perf_counter() - since
    advice = advise(measurement)
    return {
        "spec": advice.spec,
        "seconds": advice.expected_seconds,
        "took": round(took, 4),
        "load": measurement.machine.load,
        "profile": _said(measurement.profile),
    }


def _said(profile: WorkloadProfile) -> dict[str, Any]:
    """Return what a profile says, as JSON can hold it."""
    declared = profile.declared()
    return {each.name: getattr(profile, each.name) for each in fields(profile) if each.name in declared}


def _used(func: Any, item: Any, *, auto: bool) -> list[str]:
    """Use everything once, and return the names of the modules that this took."""
    for spec in ("sync", "asyncio:1"):
        get_strategy(spec).map(func, [item])
    for spec in ("sync", "thread:2", "asyncio:2", "process:2", "process:2/thread:2", *([AUTO] if auto else [])):
        get_strategy(spec).map(abs, range(4))
    advise(measure(abs, range(4)))
    with suppress(ImportError):
        import_module("joblib.externals.loky")
    return sorted(sys.modules)


def _import_all(names: list[str]) -> None:
    for name in names:
        if name not in sys.modules and not name.startswith("__"):
            with suppress(Exception):  # what cannot be imported by its name was no module of its own
                import_module(name)


def _quiet(waits: int) -> float:
    """Wait a little for a quiet machine; return how many others want a core."""
    while (load := _load()) > BUSY and waits > 0:
        waits -= 1
        time.sleep(0.25)
    return load


def _load() -> float:
    looks = []
    for _ in range(LOOKS):
        time.sleep(APART)
        looks.append(max(0, (runnable() or 1) - 1))
    return sum(looks) / len(looks)


def main() -> None:
    """Measure one workload, and tell."""

    def tell(**what: Any) -> None:
        print(json.dumps(what), flush=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that booths and servers end on every way out
    name, how = sys.argv[1], How(**json.loads(sys.argv[2]))
    tell(record=record(name, how, lambda doing: tell(doing=doing)))


if __name__ == "__main__":
    main()
