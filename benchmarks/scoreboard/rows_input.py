"""Rows I and B: how far the input is read, and by whom; empty, endless, slow and failing inputs; closing early."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from functools import partial
from typing import Any

from tests.faults import cases_input, specs
from tests.faults.probe import plus_one, same

from .column import Column
from .rows import EVERY, Wait, brief, caught, row, usable, worked


@row("I1", "the input raises after five items", EVERY, 1, needs="stream")
def input_raises(column: type[Column]) -> None:
    """Five results come, then the input's own exception."""
    error = cases_input.InputBroke("x")
    got: list[Any] = []

    def consume() -> None:
        for value in pool.stream(column.of(plus_one), cases_input.five_then(error)):
            got.append(value)  # noqa: PERF402 (what has come before the error counts)

    with column() as pool:
        raised = caught(consume)
        assert isinstance(raised, cases_input.InputBroke), f"the input's error is lost: {brief(raised)}"
        assert got == [1, 2, 3, 4, 5], f"{len(got)} of 5 results before it"
        usable(column, pool)


@row("I2", "endless input, ten taken", EVERY, 1, needs="stream")
def endless_input(column: type[Column]) -> str:
    """It is read no further than a window."""
    counted = cases_input.Counted(iter(range(20_000)))  # endless enough, and not for memory
    with column() as pool:
        stream = pool.stream(column.of(same), counted)
        worked(list(itertools.islice(stream, 10)), list(range(10)))
        time.sleep(0.3)
        pulled = counted.pulled
        assert pulled < 20_000, "all of it is read"
        assert pulled <= 10 + 64, f"{pulled:,} items are read"
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    return f"{pulled} read"


@row("I3", "slow input: the first result before the third item is read", EVERY, 1.6, needs="stream")
def slow_input(column: type[Column]) -> None:
    """Results come while the input is read."""
    with column() as pool:
        usable(column, pool)
        counted = cases_input.Counted(iter(range(4)), seconds=0.3)
        stream = pool.stream(column.of(same), counted)
        worked(next(stream), 0)
        assert counted.pulled <= 2, f"{counted.pulled} of 4 are read before the first result"
        worked(list(stream), [1, 2, 3])


@row("I5", "empty input; 0 or -1 workers", EVERY, 1)
def nothing_to_do(column: type[Column]) -> None:
    """An empty list; a ValueError at once."""
    with column() as pool:
        worked(pool.map(column.of(plus_one), []), [])
        usable(column, pool)
    if not column.name.startswith(("joblib", "mpire", "gevent", "aiometer")):  # 0 and -1 mean something else there
        for wrong in (0, -1):
            raised = caught(partial(_opened, column, wrong))
            assert isinstance(raised, ValueError), f"{wrong} workers: {brief(raised) if raised else 'no error'}"


def _opened(column: type[Column], workers: int) -> None:
    column(workers).close()


@row("I6", "10,000 small items, in order", EVERY, 10)
def many_small_items(column: type[Column]) -> str:
    """All of them."""
    with column() as pool:
        since = time.monotonic()
        worked(pool.map(column.of(plus_one), range(10_000)), list(range(1, 10_001)))
        return f"{time.monotonic() - since:.2f} s"


@row("B1", "one of 20 half-second items taken, then closed", EVERY, 2, needs="stream")
def closing_early(column: type[Column]) -> str:
    """Nothing more starts, and nobody waits for what has not started."""
    pool = column()
    stream = pool.stream(column.of(Wait(0.5)), range(20))
    worked(next(stream), 0)
    since = time.monotonic()
    close = getattr(stream, "close", None)
    if close is not None:
        close()
    else:
        del stream
    pool.stop()
    took = time.monotonic() - since
    time.sleep(0.7)
    started = len(specs.logged("starts"))
    assert started <= 8, f"{started} of 20 have run, {took:.1f} s"
    assert took < 1.5, f"closing takes {took:.1f} s"
    return f"{took:.1f} s, {started} started"


@row("B2", "20 MB captured by the function, 40 items (ours 1000)", "P", 5)
def heavy_function(column: type[Column]) -> str:
    """It crosses the border once for each worker."""
    func = cases_input.Weighed()
    with column() as pool:
        pool.map(plus_one, range(8))
        since = time.monotonic()
        many = 1000 if column.name.startswith("ours") else 40
        worked(pool.map(func, range(many)), [(20 << 20) + item for item in range(many)])
        took = time.monotonic() - since
    made = specs.logged("made")
    assert len(made) <= 2 * max(1, len(set(made))), f"sent {len(made)} times for {many} items, {took:.1f} s"
    return f"sent {len(made)} times, {took:.2f} s"


@row("B3", "a database cursor as input, which only the caller's thread may read", EVERY, 2, needs="stream")
def cursor(column: type[Column]) -> None:
    """It is read there."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (n integer)")
    connection.executemany("insert into t values (?)", [(n,) for n in range(500)])
    with column() as pool:
        counted = cases_input.Counted(connection.execute("select n from t order by n"))
        raised = caught(partial(_drain, column, pool, counted))
        assert raised is None, brief(raised)
        threads = len(counted.threads - {threading.get_ident()})
        # In a patched program a greenlet counts as a thread there, and may read it all the same.
        assert not threads or column.patched, "another thread reads it"
    connection.close()


def _drain(column: type[Column], pool: Column, items: Any) -> None:
    worked([tuple(value) for value in pool.stream(column.of(same), items)], [(n,) for n in range(500)])


@row("M2", "memory: 100,000 items of 1 kB, a slow consumer", EVERY, 20, needs="stream")
def memory(column: type[Column]) -> str:
    """What is ahead of the consumer is bounded."""
    items = (bytes(1000) + n.to_bytes(4, "big") for n in range(100_000))
    with column() as pool:
        usable(column, pool)
        before = _resident()
        stream = pool.stream(column.of(same), items)
        for _ in range(1000):
            next(stream)
        time.sleep(1.0)
        grown = _resident() - before
        assert grown < 30, f"{grown:.0f} MiB"
        assert sum(1 for _ in stream) == 99_000
        grown = max(grown, _resident() - before)
        assert grown < 30, f"{grown:.0f} MiB"
    return f"{grown:.0f} MiB"


def _resident() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123 (nothing is opened that is not closed)
        return int(file.read().split()[1]) * 4096 / (1 << 20)


@row("K1", "the consumer is away for 1.5 s; results of 2 MB", "TPGA", 3, needs="stream")
def consumer_away(column: type[Column]) -> None:
    """All is done meanwhile, and nothing is stuck."""
    with column() as pool:
        stream = pool.stream(column.of(cases_two_megabytes), range(12))
        assert len(next(stream)) == 2 << 20
        time.sleep(1.5)
        done = len(specs.logged("done"))
        worked([len(value) for value in stream], [2 << 20] * 11)
        assert done == 12 or column.kind in "GA", f"{done} of 12 done meanwhile"
        usable(column, pool)


def cases_two_megabytes(item: int) -> bytes:
    """Return 2 MB, and leave a trace."""
    specs.log("done", item)
    return bytes(2 << 20)
