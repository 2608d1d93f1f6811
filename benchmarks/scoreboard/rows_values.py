"""Rows V, C, L, A, N and F8 to F14: values, colours, context, what workers say, loops, and runs within runs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from tests.faults import cases_nesting, cases_values, specs
from tests.faults.probe import plus_one

from .column import Column
from .columns import COLUMNS
from .rows import EVERY, Wait, brief, caught, row, usable, worked

REQUEST: ContextVar[str] = ContextVar("request", default="nobody's")
SAFE = [item for item in cases_values.ODD if type(item) is not cases_values.Contrary]


def an_error(item: int) -> Any:
    """Return an exception."""
    return (ValueError(item), StopIteration(item), KeyboardInterrupt(), ExceptionGroup("g", [OSError()]))[item]


@row("V1", "a function returns an exception", EVERY, 1)
def errors_as_values(column: type[Column]) -> None:
    """It is a value."""
    with column() as pool:
        kinds = [type(value) for value in pool.map(column.of(an_error), range(4))]
        worked(kinds, [ValueError, StopIteration, KeyboardInterrupt, ExceptionGroup])
        usable(column, pool)


@row("V2", "odd items and results: None, tuples, dicts, StopIteration, ...", EVERY, 1)
def odd_items(column: type[Column]) -> None:
    """They pass as they are."""
    with column() as pool:
        got = pool.map(column.of(cases_values.looks_odd), list(SAFE))
        worked([repr(value) for value in got], [repr(item) for item in SAFE])
        usable(column, pool)


@row("V4", "a function of the other colour", EVERY, 2)
def other_colour(column: type[Column]) -> None:
    """It gives the same values; a coroutine never comes back as one."""
    func: Any = cases_values.plain if column.kind == "A" else cases_values.Doubler()
    warnings.simplefilter("ignore")
    with column() as pool:
        worked(pool.map(func, range(20)), list(range(0, 40, 2)))
        usable(column, pool)


def read_request(item: int) -> str:
    """Return what the context has."""
    return REQUEST.get()


@row("C1", "a context variable of the caller's", EVERY, 1)
def context(column: type[Column]) -> None:
    """The function sees it; across the process border where it was chosen."""
    with column() as pool:
        pool.map(column.of(plus_one), range(8))  # the workers are there before it is set
        REQUEST.set("mine")
        more: dict[str, Any] = {"context": [REQUEST]} if "context" in column.has else {}
        got = set(pool.map(column.of(read_request), range(20), **more))
        assert got == {"mine"}, f"the function sees {sorted(got)}"


def log_record(item: int) -> int:
    """Log."""
    logging.getLogger("scoreboard").warning("item %d", item)
    return item


@row("L1", "log records of a worker process", "P", 1)
def log_records(column: type[Column]) -> str:
    """They reach the program's handlers, once."""
    records: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    with column() as pool:
        pool.map(plus_one, range(8))
        logging.getLogger("scoreboard").addHandler(Handler())
        pool.map(log_record, range(4))
        time.sleep(0.2)
    texts = sorted(record.getMessage() for record in records if record.process != os.getpid())
    assert texts == [f"item {k}" for k in range(4)], f"{len(texts)} of 4 come"
    return "4 of 4"


def speak(item: int) -> int:
    """Print, and warn."""
    print(f"printed {item}", flush=True)
    warnings.warn(f"warned {item}", UserWarning, stacklevel=1)
    return item


@row("L2", "print and warnings of a worker process, relayed where asked for", "P", 1, needs="relay")
def relayed(column: type[Column]) -> None:
    """They come by the program's own streams."""
    import io

    text = io.StringIO()
    with warnings.catch_warnings(record=True) as seen, contextlib.redirect_stdout(text):
        warnings.simplefilter("always")
        with column(relay=["stdout", "warnings"]) as pool:
            worked(pool.map(speak, range(4)), list(range(4)))
    assert sorted(text.getvalue().split("\n")) == ["", *(f"printed {k}" for k in range(4))], text.getvalue()
    assert len([warning for warning in seen if "warned" in str(warning.message)]) == 4


def _cancelled(column: type[Column]) -> None:
    async def body() -> None:
        import anyio

        with column() as pool:
            amap: Any = getattr(pool, "amap", None) or pool.pool.amap
            with anyio.move_on_after(0.5) as scope:
                await amap(column.of(Wait(0.1)), range(200))
            assert scope.cancelled_caught
            await anyio.sleep(0.3)
            started = len(specs.logged("starts"))
            await anyio.sleep(0.3)
            assert len(specs.logged("starts")) == started, "items start after the cancellation"
            worked(await amap(column.of(plus_one), range(4)), [1, 2, 3, 4])

    _run_async(column, body)


def _run_async(column: type[Column], body: Callable[[], Any]) -> None:
    if column.name == "ours-trio":
        import trio

        trio.run(body)
    else:
        asyncio.run(body())


row("A1", "an async map is cancelled", "TPGA", 2, needs="amap")(_cancelled)


@row("A2", "the loop stays alive during an async map", "TPGA", 3, needs="amap")
def loop_stays_alive(column: type[Column]) -> str:
    """A ticker of 20 ms never waits long."""
    gaps: list[float] = []

    async def body() -> None:
        import anyio

        async def tick() -> None:
            while True:
                since = time.monotonic()
                await anyio.sleep(0.02)
                gaps.append(time.monotonic() - since)

        async with anyio.create_task_group() as group:
            group.start_soon(tick)
            with column() as pool:
                func, items = column.of(Wait(0.05)), range(20)
                amap: Any = getattr(pool, "amap", None) or pool.pool.amap
                await amap(func, items)
            group.cancel_scope.cancel()

    _run_async(column, body)
    longest = sorted(gaps)[len(gaps) * 9 // 10]
    assert longest < 0.19, f"{longest:.2f} s"
    return f"{longest * 1000:.0f} ms"


@row("F8", "a lock that another thread holds while workers start", "TP", 5)
def lock_held(column: type[Column]) -> None:
    """It is not held in them for ever."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with cases_nesting.LOCK:
            taken.set()
            done.wait(0.5 if column.kind == "T" else 60.0)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    taken.wait()
    with column() as pool:
        worked(pool.map(cases_nesting.takes_the_lock, range(8)), list(range(8)))
    done.set()


@row("F9", "the pool is used in a forked child", EVERY, 2)
def forked_child(column: type[Column]) -> None:
    """It works there, or says at once that it cannot; the parent goes on."""
    with column() as pool:
        usable(column, pool)
        child = os.fork()
        if not child:
            caught(lambda: pool.map(column.of(plus_one), range(8)))
            os._exit(0)
        deadline = time.monotonic() + 8
        while not os.waitpid(child, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(child, 9)
                os.waitpid(child, 0)
                raise AssertionError("the forked child hangs")
            time.sleep(0.02)
        usable(column, pool)


@row("F11", "a blocking call inside a running event loop", EVERY, 1, needs="blocking")
def in_a_loop(column: type[Column]) -> None:
    """It works."""

    async def body() -> None:
        with column() as pool:
            worked(pool.map(column.of(plus_one), range(20)), list(range(1, 21)))

    asyncio.run(body())


def nested(name: str, item: int) -> int:
    """Open a pool of the same kind, and add up."""
    column = COLUMNS[name]
    with column() as pool:
        return int(sum(pool.map(column.of(plus_one), range(item))))


@row("F12", "a pool within a function of a pool of the same kind", EVERY, 5, needs="nesting")
def within(column: type[Column]) -> None:
    """It works."""
    with column() as pool:
        worked(pool.map(column.of(partial(nested, column.name)), range(4)), [0, 1, 3, 6])
        usable(column, pool)


@row("F13", "a pool of one worker used by that worker", "STGA", 2, needs="nesting")
def by_its_worker(column: type[Column]) -> None:
    """It does not wait for itself."""
    with column(1) as pool:

        def again(item: int) -> int:
            return sum(pool.map(column.of(plus_one), range(item)))

        worked(pool.map(column.of(again), range(4)), [0, 1, 3, 6])


@row("F14", "four threads use one pool", "STPA", 5)
def four_threads(column: type[Column]) -> None:
    """Each gets its own results."""
    got: dict[int, Any] = {}
    with column() as pool:

        def use(number: int) -> None:
            items = range(number * 1000, number * 1000 + 50)
            got[number] = caught(lambda: worked(pool.map(column.of(cases_nesting.pause_briefly), items), list(items)))

        threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    failed = [error for error in got.values() if error is not None]
    assert not failed, f"{len(failed)} of 4 fail: {brief(failed[0])}"


@row("N1", "a map within a map within a map on two threads", "T", 1)
def nested_twice(column: type[Column]) -> None:
    """It ends."""
    with column() as pool:

        def level(depth: int, item: int) -> int:
            if not depth:
                time.sleep(0.005)
                return item
            return sum(pool.map(partial(level, depth - 1), [item, item + 1]))

        worked(pool.map(partial(level, 2), [0, 10]), [4, 44])


def spin_and_log(item: int) -> int:
    """Be busy, and say from when to when."""
    since = time.monotonic()
    while time.monotonic() < since + 0.3:
        pass
    specs.log("busy", f"{since} {time.monotonic()}")
    return item


def inner(name: str, item: int) -> int:
    """Be busy in a pool of the default size."""
    with COLUMNS[name](None) as pool:
        return len(pool.map(spin_and_log, range(4)))


@row("N2", "four pools of default size within one of default size", "P", 6)
def cores_shared(column: type[Column]) -> str:
    """There are about as many busy workers as cores."""
    with column(None) as pool:
        worked(pool.map(partial(inner, column.name), range(4)), [4] * 4)
    spans = [tuple(map(float, line.split())) for line in specs.logged("busy")]
    edges = sorted([(since, 1) for since, _ in spans] + [(until, -1) for _, until in spans])
    most = max(itertools.accumulate(step for _, step in edges))
    cores = len(os.sched_getaffinity(0))
    assert most <= cores + 1, f"{most} busy workers on {cores} cores"
    return f"{most} busy on {cores} cores"


@row("F10", "gevent has patched the program", "STPG", 5)
def patched(column: type[Column]) -> None:
    """It works; the program of this row is patched before anything else."""
    assert "gevent.monkey" in sys.modules
    with column() as pool:
        worked(pool.map(column.of(Wait(0.002)), range(40)), list(range(40)))
        usable(column, pool)
