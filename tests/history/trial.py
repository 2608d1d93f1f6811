"""One history from its plan to its verdict: a strategy, a run of items under a nemesis, and what the checker says."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults import marks

from concurrent_strategies import AsyncioStrategy, GreenStrategy, ProcessStrategy, ThreadStrategy
from concurrent_strategies.testing.bound import bounded

from .checker import Bounds, problems
from .logbook import Logbook, Unreadable
from .nemesis import Nemesis
from .work import Work

LEAVE = 6.0  # seconds in which all processes must have gone
INNER = {"": 1, "thread": 2, "asyncio": 4}  # by name of the inner strategy: its calls at once


@dataclass(frozen=True)
class Plan:
    """What a history is made from.

    Attributes:
        seed: of the items' times and of the nemesis.
        strategy: `process`, `process/thread`, `process/asyncio` or `green`.
        workers: `max_workers`.
        start_method: of the processes.
        items: how many.
        mixed: whether there are very short ones among them.
        awaited: whether the run is that of `aoutcomes`.
        every: seconds between two deeds of the nemesis, from and to.
        kills: the share of its deeds that are kills; the others freeze.
        everybody: whether it spares no process, nor those that are just being started, nor a fork server.
        patience: seconds after which it hangs.
    """

    seed: int
    strategy: str = "process"
    workers: int = 2
    start_method: str = "forkserver"
    items: int = 500
    mixed: bool = False
    awaited: bool = False
    every: tuple[float, float] = (0.1, 0.5)
    kills: float = 0.6
    everybody: bool = False
    patience: float = 60.0

    @property
    def inner(self) -> str:
        """The name of the inner strategy, or nothing."""
        return self.strategy.partition("/")[2]

    @property
    def at_stake(self) -> int:
        """How many calls one process may have under way."""
        return self.workers if self.strategy == "green" else INNER[self.inner]

    @property
    def at_once(self) -> int:
        """How many calls may be under way."""
        return self.workers if self.strategy == "green" else self.workers * self.at_stake

    def make(self) -> Any:
        """Make the strategy."""
        if self.strategy == "green":
            return GreenStrategy(self.workers, isolate=True)
        inner = {"": None, "thread": ThreadStrategy(2), "asyncio": AsyncioStrategy(4)}[self.inner]
        return ProcessStrategy(self.workers, start_method=self.start_method, inner=inner)


@dataclass
class Verdict:
    """What became of a history.

    Attributes:
        problems: what is wrong with it; nothing, if all is well.
        kills: how many workers were killed.
        freezes: how many were frozen.
        failures: how many items failed.
        seconds: how long the run took.
    """

    problems: list[str]
    kills: int = 0
    freezes: int = 0
    failures: int = 0
    seconds: float = 0.0


def run(plan: Plan) -> Verdict:
    """Run a history and judge it."""
    with tempfile.TemporaryDirectory(prefix="history-") as folder, marked() as mark:
        log = Logbook(folder)
        try:
            verdict = _run(plan, log, mark)
        except Exception as error:
            verdict = Verdict([f"the run ended by {type(error).__name__}: {error}"])
        finally:
            log.close()
        if left := marks.left_over(mark, LEAVE):
            verdict.problems.append(f"processes are left:\n{marks.describe(left)}")
    return verdict


def _run(plan: Plan, log: Logbook, mark: str) -> Verdict:
    work = Work(log, plan.seed, mixed=plan.mixed)
    func = work.later if plan.inner == "asyncio" else work
    with bounded(plan.patience):
        with plan.make() as strategy:
            began = time.monotonic()
            with Nemesis(log, mark, Random(plan.seed), plan.every, plan.kills, everybody=plan.everybody) as nemesis:
                outcomes = _outcomes(plan, strategy, func)
            seconds = time.monotonic() - began
            afterwards = _afterwards(strategy)
        closed = time.monotonic() - began - seconds
    try:
        found = problems(log.read(), outcomes, Bounds(plan.items, plan.at_once, plan.at_stake, work.value))
    except Unreadable as error:
        found = [str(error)]
    found += afterwards
    if closed > LEAVE:
        found.append(f"the map afterwards and closing took {closed:.1f} s")
    failures = sum(hasattr(outcome, "error") for outcome in outcomes)
    return Verdict(found, nemesis.deeds["kill"], nemesis.deeds["freeze"], failures, seconds)


def _outcomes(plan: Plan, strategy: Any, func: Any) -> list[Any]:
    if not plan.awaited:
        return list(strategy.outcomes(func, range(plan.items)))
    import anyio

    async def collect() -> list[Any]:
        async with strategy.aoutcomes(func, range(plan.items)) as stream:
            return [outcome async for outcome in stream]

    return anyio.run(collect)


def _afterwards(strategy: Any) -> list[str]:
    """Tell what is wrong with the strategy once it is left in peace."""
    values = strategy.map(abs, range(-20, 0))
    return [] if values == list(range(20, 0, -1)) else [f"the strategy afterwards gave {values}"]


@contextmanager
def marked() -> Iterator[str]:
    """Have all processes that are started meanwhile carry a mark."""
    mark, before = uuid.uuid4().hex, os.environ.get(marks.VARIABLE)
    os.environ[marks.VARIABLE] = mark
    try:
        yield mark
    finally:
        if before is None:
            del os.environ[marks.VARIABLE]
        else:
            os.environ[marks.VARIABLE] = before
