"""Rows D, E and P: an item that kills its worker, raises something, or cannot cross a border costs itself only."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from functools import partial
from typing import Any

from tests.faults import cases_death, cases_errors, cases_pickle, marks, specs
from tests.faults.probe import same

from .column import Column
from .rows import EVERY, Row, add, brief, caught, item_error, row, told, usable, worked

_LOCKED: list[Any] = [0, 1, 2, threading.Lock(), 4, 5, 6, 7]
_FAILS_ON_LOAD: list[Any] = [0, 1, 2, cases_pickle.FailsOnLoad(), 4, 5, 6, 7]


def _fails(key: str, title: str, kinds: str, bound: float, func: Any, items: Any = range(8), says: str = "") -> None:
    add(Row(key, title, kinds, bound, lambda column: item_error(column, func, items, says)))


_fails("D1", "a worker is killed by SIGKILL", "P", 2, partial(cases_death.killed_at, 3))
_fails("D2", "a worker ends by os._exit", "P", 2, cases_death.exits_at_3)
_fails("D3", "a worker ends by a segmentation fault", "P", 2, cases_death.crashes_at_3)


@row("D4", "idle workers are killed between two maps", "P", 2)
def idle_workers_killed(column: type[Column]) -> None:
    """The next map misses nothing."""
    with column() as pool:
        worked(pool.map(cases_death.nap, range(20)), list(range(20)))
        for pid in _workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        error = caught(lambda: worked(pool.map(cases_death.nap, range(20)), list(range(20))))
        assert error is None, f"the next map fails: {brief(error)}"
        usable(column, pool)


def _workers() -> list[int]:
    """Return the processes that have come from this one, those that only help aside."""
    pids = marks.marked(os.environ[marks.VARIABLE])
    return [pid for pid in pids if "resource_tracker" not in marks.describe([pid])]


@row("D5", "random workers are killed over 400 items", "P", 6)
def kill_storm(column: type[Column]) -> str:
    """At most one error for each kill, nothing run twice or dropped."""

    class Victims:
        workers = staticmethod(_workers)

    with column() as pool:
        with cases_death.nemesis(Victims(), seed=5) as victims:  # type: ignore[arg-type]
            got = pool.outcomes(cases_death.storm_item, range(400))
        lost = [value for good, value in got if not good]
        assert len(got) == 400, f"{len(got)} of 400 outcomes"
        assert len(lost) <= len(victims), f"{len(lost)} items lost by {len(victims)} kills: {brief(lost[0])}"
        started = [line.split()[0] for line in specs.logged("starts")]
        assert len(started) == len(set(started)), "items were run twice"
        usable(column, pool)
    return f"{len(lost)} lost by {len(victims)} kills"


@row("D8", "a death among very short items (20,000; ours 200,000)", "P", 3)
def among_short_items(column: type[Column]) -> str:
    """It costs the last 2 ms."""
    # Chunks would be lost whole elsewhere, and without them so many items take half a minute.
    many, at = (200_000, 70_000) if column.name.startswith("ours") else (20_000, 7_000)
    with column() as pool:
        got = pool.outcomes(partial(cases_death.killed_at, at), range(many))
        lost = [value for good, value in got if not good]
        assert len(got) == many, f"{len(got)} of {many} outcomes: {brief(lost[0]) if lost else 'no error'}"
        assert 0 < len(lost) < 50_000, f"{len(lost)} items lost"
        usable(column, pool)
    return f"{len(lost)} lost"


for _key, (_kind, _arguments) in cases_errors.RAISED.items():
    _function = partial(cases_errors.raise_at_3, _kind, _arguments)
    # In its own thread an interrupt is the caller's, and a coroutine cannot raise StopIteration.
    _kinds = "TP" if _key == "E2" else EVERY
    _says = "" if _key in ("E7", "E7b") else _kind.__name__
    _fails(_key, f"a function raises {_kind.__name__}", _kinds, 1, _function, says=_says)


@row("E10", "the traceback shows where in the worker it was raised", EVERY, 2)
def remote_traceback(column: type[Column]) -> None:
    """The lines that raised are in what Python prints."""
    with column() as pool:
        raised = caught(lambda: pool.map(column.of(cases_errors.deep), range(8)))
        assert raised is not None
        for part in ("in _deeper", "the reason", "the error"):
            assert part in told(raised), f"without {part!r}"


_fails("P1", "a result cannot be pickled", "P", 1, cases_pickle.locked_at_3)
_fails("P2", "a result fails on load", "P", 1, partial(cases_pickle.fails_on_load_at_3, (cases_pickle.refuse,)))
_fails("P3", "an exception cannot be pickled", "P", 1, cases_pickle.raise_locked, says="HoldsLock")
_fails(
    *("P4", "an exception cannot be made again from its args", "P", 1),
    partial(cases_pickle.raise_made, cases_pickle._two),
    says="TwoArgError",
)
_fails("P5", "an item cannot be pickled", "P", 1, same, _LOCKED)
_fails("P6", "an item fails on load in the worker", "P", 1, same, _FAILS_ON_LOAD)
_fails("P8", "a result nests too deeply to be pickled", "P", 2, partial(cases_pickle.deep_at_3, 200_000))


@row("P9", "lambdas and closures", "P", 1)
def lambdas(column: type[Column]) -> None:
    """They work."""
    factor = 3
    with column() as pool:
        worked(pool.map(lambda item: item * factor, range(4)), [0, 3, 6, 9])


def _large(column: type[Column], size: int) -> None:
    with column(1) as pool:
        got = pool.map(column.of(partial(cases_pickle.keep_last, size)), [bytes(size)])
        assert len(got) == 1
        assert len(got[0]) == size


add(Row("P10", "an item and a result of 256 MB", "STP", 20, lambda column: _large(column, 256 << 20)))


@row("P11", "an item and a result of 2.2 GB", "P", 30)
def very_large(column: type[Column]) -> None:
    """They arrive; a small machine gets what it can hold."""
    _large(column, min(2_200_000_000, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 6))
