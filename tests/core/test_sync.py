"""What is special about running in the caller's thread: nothing else is there, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

from concurrent_strategies import SyncStrategy


def thread(_x: Any) -> int:
    """Return the thread that runs this."""
    return threading.get_ident()


def test_calls_run_in_the_callers_thread() -> None:
    """No worker is started, whatever is asked for."""
    before = threading.active_count()
    assert set(SyncStrategy(8).map(thread, range(20))) == {threading.get_ident()}
    assert threading.active_count() == before


def test_a_loop_costs_a_thread_that_goes_with_the_strategy() -> None:
    """Opened outside a loop and used inside one, time and again: a helper that is used again, and none afterwards."""

    async def main(strategy: SyncStrategy) -> set[int]:
        found: set[int] = set()
        for _ in range(10):
            found |= set(await strategy.amap(thread, range(3)))
        return found

    before = set(threading.enumerate())
    with SyncStrategy() as strategy:
        found = asyncio.run(main(strategy))
        assert threading.get_ident() not in found
        # The next call may come before the helper is back: then there is a second one.
        assert len([thread for thread in threading.enumerate() if thread not in before]) <= 3
    gc.collect()
    assert set(threading.enumerate()) <= before


def test_nothing_runs_after_close() -> None:
    """Closing a stream half-way runs not one more item."""
    ran: list[int] = []
    stream = SyncStrategy().stream(lambda x: ran.append(x), range(1000), chunksize=50)
    next(stream)
    before = len(ran)
    stream.close()
    assert len(ran) == before
