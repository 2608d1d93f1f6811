"""Functions that are not declared, on strategies with a loop: the first item tells, and nobody waits for it long."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from concurrent_strategies._core.call import Call
from concurrent_strategies._core.job import Job
from concurrent_strategies._core.port import Chunk, Done, Report

from .loops import CALLERS, STRATEGIES, errors, outcomes

both = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)
all_callers = pytest.mark.parametrize("caller", CALLERS)


async def itself(item: int) -> int:
    """Return the item, after others have had their turn."""
    await anyio.lowlevel.checkpoint()
    return item


@both
@all_callers
def test_a_function_that_returns_coroutines_goes_to_the_loop(make: Any, caller: str) -> None:
    """Called there too, but for the first item: so its calls see the loop's thread only."""
    threads = set()

    def undeclared(item: int) -> Any:
        if item:
            threads.add(threading.get_ident())
        return itself(item)

    assert errors(outcomes(make(4), caller, undeclared, range(40))) == {}
    assert len(threads) == 1


@both
@all_callers
def test_a_function_that_blocks_gets_all_the_threads(make: Any, caller: str) -> None:
    """Although its first item has not told yet: that one may wait for the others."""
    meeting = threading.Barrier(4)

    def meet(item: int) -> int:
        meeting.wait()
        return item

    assert errors(outcomes(make(4), caller, meet, range(8))) == {}


@both
@all_callers
def test_a_coroutine_that_comes_late_is_an_error_of_its_item(make: Any, caller: str) -> None:
    """Where the first item has told that there are none, whether at once or while others had begun."""
    for slow in (False, True):
        told = threading.Event()

        def undeclared(item: int, slow: bool = slow, told: threading.Event = told) -> Any:
            if item == 1:
                told.set()
            if item == 0 and slow:
                told.wait()
            return itself(item) if item == 7 else item

        failed = errors(outcomes(make(4), caller, undeclared, range(20)))
        assert isinstance(failed.pop(7), TypeError)
        assert failed == {}


@both
@all_callers
def test_coroutines_before_the_first_item_has_told_are_awaited(make: Any, caller: str) -> None:
    """If it tells in their favour, or not at all because it fails."""
    for failure in (None, ValueError("no answer")):
        others = threading.Event()

        def undeclared(item: int, failure: Any = failure, others: threading.Event = others) -> Any:
            if item == 1:
                others.set()
            if item == 0:
                others.wait()
                if failure is not None:
                    raise failure
            return itself(item)

        failed = errors(outcomes(make(4), caller, undeclared, range(20)))
        assert failed == ({} if failure is None else {0: failure})


@both
@all_callers
def test_the_first_call_and_its_coroutine_share_a_context(make: Any, caller: str) -> None:
    """What the call sets, the coroutine sees, as it would in one task."""
    from contextvars import ContextVar

    variable: ContextVar[int] = ContextVar("variable", default=-1)

    def undeclared(item: int) -> Any:
        variable.set(item)
        return get()

    async def get() -> int:
        await anyio.lowlevel.checkpoint()
        return variable.get()

    assert errors(outcomes(make(4), caller, undeclared, range(5))) == {}


@both
def test_a_port_that_can_still_choose_says_so(make: Any) -> None:
    """Until then `poll` may call back chunks from the workers themselves, so none of them may call it."""
    with make(2) as strategy:
        crew, _ = strategy.warm()
        port = strategy.open(Job(Call(abs), crew, 2))
        port.resize(2)
        assert not port.settled
        port.start(Chunk(1, 0, 0, [-7]))
        reports: list[Report] = []
        while not any(isinstance(report, Done) for report in reports):
            assert port.bell.wait(20.0)
            reports += port.poll()
        assert port.settled
        port.close()
