"""Rows F1 to F7: workers that cannot be started, and machines that lack something."""

from __future__ import annotations

import os
import sys

from tests.faults import cases_start, specs
from tests.faults.probe import plus_one

from .column import Column
from .rows import EVERY, brief, caught, row, usable, worked


def _kills() -> None:
    cases_start.broken_initializer("exit")


@row("F1", "the initializer raises", "TP", 2, needs="initializer")
def initializer_raises(column: type[Column]) -> str:
    """It is an error, and nothing is started for ever."""
    return _start_fails(column, cases_start.broken_initializer)


@row("F2", "the initializer ends its process", "P", 5, needs="initializer")
def initializer_kills(column: type[Column]) -> str:
    """Likewise."""
    return _start_fails(column, _kills)


def _start_fails(column: type[Column], initializer: object) -> str:
    pool = column(2, initializer=initializer)
    raised = caught(lambda: pool.map(plus_one, range(8)))
    assert isinstance(raised, Exception), "no error"
    starts = len(specs.logged("starts"))
    caught(pool.close)
    assert starts <= 20, f"{starts} starts"
    return f"{starts} starts"


def _works_or_says(column: type[Column]) -> str | None:
    with column(3) as pool:
        raised = caught(lambda: worked(pool.map(cases_start.nap, range(30)), list(range(30))))
        if raised is not None:
            assert isinstance(raised, Exception) and not isinstance(raised, AssertionError), brief(raised)  # noqa: PT018
    return brief(raised) if raised is not None else None


row("F4", "only one process can be started", "P", 3, environment=(("FAULTS_FORKS", "1"),))(_works_or_says)


@row("F6", "the machine has no semaphores", EVERY, 2, environment=(("FAULTS_NO_SEMAPHORES", "1"),))
def no_semaphores(column: type[Column]) -> None:
    """It works."""
    _plainly(column)


@row("F7", "descriptors 0 to 2 are closed", EVERY, 3, shell='exec "$@" <&- >&- 2>&-')
def no_standard_descriptors(column: type[Column]) -> None:
    """It works, and what is printed hits nothing."""
    os.environ["FAULTS_HOME"] = str(os.getpid())
    with column() as pool:
        worked(pool.map(column.of(cases_start.noisy), range(20)), list(range(20)))
        usable(column, pool)


def _plainly(column: type[Column]) -> None:
    with column() as pool:
        worked(pool.map(column.of(cases_start.nap), range(20)), list(range(20)))
        usable(column, pool)


def flood(item: int) -> int:
    """Write a megabyte to each stream, and read what there is."""
    if item < 2:
        for fd in (1, 2):
            for _ in range(1024):
                os.write(fd, b"x" * 1023 + b"\n")
    print("y" * 1000, flush=True)
    print("z" * 1000, file=sys.stderr, flush=True)
    assert os.read(0, 10) == b""
    return item


@row("F16", "a function floods both streams and reads stdin", EVERY, 2)
def floods(column: type[Column]) -> None:
    """It works."""
    with column() as pool:
        worked(pool.map(column.of(flood), range(8)), list(range(8)))
