"""`worker_resource` of the loop strategies: one for each loop, at home in it, and there for all colours."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from concurrent_strategies import WorkerStartError, worker_resource

from .loops import CALLERS, STRATEGIES, outcomes

both = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
all_callers = pytest.mark.parametrize("caller", CALLERS)


async def use(item: int) -> int:
    """Return what tells resources apart."""
    await anyio.lowlevel.checkpoint()
    return id(worker_resource())


def use_plainly(item: int) -> int:
    """Do the same in a thread."""
    return id(worker_resource())


class Log:
    """Makes resources of every kind, and notes what becomes of them, in which thread."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.threads: set[int] = set()

    def note(self, event: str) -> None:
        """Remember an event."""
        self.events.append(event)
        self.threads.add(threading.get_ident())

    @contextlib.asynccontextmanager
    async def entered(self) -> AsyncIterator[object]:
        """Make one that is entered asynchronously; its task group wants to be left by the task that entered it."""
        try:
            async with anyio.create_task_group():
                self.note("entered")
                yield object()
        finally:
            self.note("left")

    @contextlib.contextmanager
    def plainly_entered(self) -> Iterator[object]:
        """Make one that is entered like a file."""
        self.note("entered")
        yield object()
        self.note("left")

    async def awaited(self) -> Closable:
        """Make one that is awaited, and closed by a coroutine."""
        self.note("entered")
        return Closable(self)


class Closable:
    """Has nothing but a `close` to await."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def close(self) -> None:
        """Close."""
        await anyio.lowlevel.checkpoint()
        self._log.note("left")


@both
@all_callers
@pytest.mark.parametrize("kind", ["entered", "plainly_entered", "awaited"])
def test_a_run_has_one_and_gives_it_back(make: Any, caller: str, kind: str) -> None:
    """Made and given back by the loop, whatever it has for that; all items get the same."""
    log = Log()
    strategy = make(4, worker_resource=getattr(log, kind))
    assert len({outcome.value for outcome in outcomes(strategy, caller, use, range(20))}) == 1
    assert log.events == ["entered", "left"]
    assert len(log.threads) == 1


@both
def test_it_is_kept_inside_with_for_functions_of_all_colours(make: Any) -> None:
    """Coroutines on the loop, plain functions in threads, and what is not declared."""
    log = Log()
    with make(4, worker_resource=log.entered) as strategy:
        seen = {*strategy.map(use, range(9)), *strategy.map(use_plainly, range(9))}
        seen |= {*strategy.map(lambda item: use(item), range(9))}
        assert len(seen) == 1
        assert log.events == ["entered"]
    assert log.events == ["entered", "left"]


@both
def test_the_callers_loop_has_its_own(make: Any) -> None:
    """It lives as long as the `async with` block, whatever runs in between."""
    log = Log()

    async def main() -> None:
        async with make(4, worker_resource=log.entered) as strategy:
            seen = {*await strategy.amap(use, range(9)), *await strategy.amap(use_plainly, range(9))}
            assert len(seen | set(await strategy.amap(use, range(9)))) == 1
            assert log.events == ["entered"]
        assert log.events == ["entered", "left"]
        assert log.threads == {threading.get_ident()}

    anyio.run(main, backend=make.name)


@both
def test_a_loop_that_ends_gives_it_back(make: Any) -> None:
    """Also where the strategy stays open: it is of no use to another loop."""
    log = Log()
    with make(4, worker_resource=log.entered) as strategy:
        for _ in range(2):
            anyio.run(strategy.amap, use, range(9), backend=make.name)
        assert log.events == ["entered", "left"] * 2


@both
@all_callers
@pytest.mark.parametrize("func", [use, use_plainly])
def test_one_that_cannot_be_made_fails_the_items(make: Any, caller: str, func: Any) -> None:
    """With the factory's error as the cause; nothing hangs, and nothing is run without it."""
    failure = ValueError("out of order")

    def factory() -> None:
        raise failure

    found = [outcome.error for outcome in outcomes(make(2, worker_resource=factory), caller, func, range(9))]
    assert [(type(error), error.__cause__) for error in found] == [(WorkerStartError, failure)] * 9
