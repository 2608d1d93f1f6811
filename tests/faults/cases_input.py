"""Rows I and B: the input is read by the caller, no further than there is room, and what it raises is its own."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import concurrent_strategies as cs

from . import specs
from .catalogue import case
from .probe import Async, Probe, caught, is_a, plus_one, same

EVERY = "STPGIA"


class Counted:
    """An iterator that counts what has been taken from it, and by whom."""

    def __init__(self, items: Iterator[Any], seconds: float = 0.0) -> None:
        self.pulled = 0
        self.threads: set[int] = set()
        self._items = items
        self._seconds = seconds

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> Any:
        self.threads.add(threading.get_ident())
        if self._seconds:
            time.sleep(self._seconds)
        item = next(self._items)
        self.pulled += 1
        return item


def five_then(error: BaseException) -> Iterator[int]:
    """Yield five items, and raise."""
    yield from range(5)
    raise error


class InputBroke(Exception):
    """What an input raises."""


@case("I1", EVERY, bound=1)
def input_raises(probe: Probe) -> None:
    """The items before are run, then the input's own exception comes: that very object."""
    for func in (plus_one, Async(plus_one)):
        with probe.make(2) as strategy:
            for error in (InputBroke("x"), RuntimeError("y"), TimeoutError()):
                seen: list[int] = []

                def consume(error: Any = error, seen: list[int] = seen, func: Any = func) -> None:
                    for value in strategy.stream(func, five_then(error)):
                        seen.append(value)

                assert caught(consume) is error
                assert seen == [1, 2, 3, 4, 5]
                assert caught(lambda e=error, f=func: strategy.map(f, five_then(e))) is error
                outcomes: list[Any] = []
                assert caught(lambda e=error, f=func: outcomes.extend(strategy.outcomes(f, five_then(e)))) is error
            probe.usable(strategy)


class Exits:
    """An iterator that raises, after five items, what generators cannot."""

    def __init__(self, error: BaseException) -> None:
        self._left = 5
        self._error = error

    def __iter__(self) -> Exits:
        return self

    def __next__(self) -> int:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return 4 - self._left


@case("I1", EVERY, bound=1)
def input_raises_oddly(probe: Probe) -> None:
    """An input that raises SystemExit or KeyboardInterrupt does so in the caller's thread, to the caller."""
    with probe.make(2) as strategy:
        for kind in (SystemExit, KeyboardInterrupt, GeneratorExit):
            raised = caught(lambda k=kind: strategy.map(plus_one, Exits(k("from the input"))))
            assert isinstance(raised, kind), raised
            probe.usable(strategy)


@case("I2", EVERY, bound=1)
def endless_input(probe: Probe) -> None:
    """An endless input is read no further than the window allows."""
    for func in (same, Async(same)):
        with probe.make(2) as strategy:
            counted = Counted(itertools.count())
            stream = strategy.stream(func, counted, buffersize=20)
            assert list(itertools.islice(stream, 10)) == list(range(10))
            time.sleep(0.2)
            assert counted.pulled <= 30, counted.pulled
            assert counted.threads == {threading.get_ident()}
            stream.close()
            pulled = counted.pulled
            probe.usable(strategy)
            assert counted.pulled == pulled
            counted = Counted(itertools.count())
            with strategy.stream(func, counted) as stream:
                list(itertools.islice(stream, 10))
                time.sleep(0.05)
                assert counted.pulled <= 10 + 64, counted.pulled


@case("I3", EVERY, bound=2)
def slow_input(probe: Probe) -> None:
    """The first result comes before the third item is read."""
    for func in (same, Async(same)):
        with probe.make(2) as strategy:
            probe.usable(strategy)  # the workers are there
            counted = Counted(iter(range(4)), seconds=0.3)
            stream = strategy.stream(func, counted)
            assert next(stream) == 0
            assert counted.pulled <= 2, counted.pulled
            stream.close()


@case("I5", EVERY, bound=1)
def nothing_to_do(probe: Probe) -> None:
    """An empty input gives an empty list; a number of workers that cannot be is refused at once."""
    with probe.make(2) as strategy:
        for empty in ([], (), range(0), iter(()), {}, ""):
            assert strategy.map(plus_one, empty) == []
            assert list(strategy.stream(plus_one, empty)) == []
            assert list(strategy.outcomes(plus_one, empty)) == []
        probe.usable(strategy)
    for wrong in (0, -1, "2", 1.5, True):
        is_a(ValueError, "max_workers")(caught(lambda w=wrong: probe.make(w)) or SystemExit())


@case("I6", EVERY, bound=10)
def many_small_items(probe: Probe) -> None:
    """Ten thousand small items, in order."""
    for func in (plus_one, Async(plus_one)):
        with probe.make(2) as strategy:
            assert strategy.map(func, range(10_000)) == list(range(1, 10_001))
            assert list(strategy.stream(func, iter(range(3_000)))) == list(range(1, 3_001))
            unordered = list(strategy.stream(func, iter(range(3_000)), ordered=False))
            assert sorted(unordered) == list(range(1, 3_001))


@case("I7", EVERY, bound=3)
def list_that_changes(probe: Probe) -> None:
    """A list that the caller changes while a run reads it gives results or one clear error, and no hang."""
    items = list(range(5000))
    with probe.make(2) as strategy:
        stream = strategy.stream(same, items, buffersize=100)
        first = list(itertools.islice(stream, 10))
        del items[50:]
        raised = caught(lambda: first.extend(stream))
        assert raised is None or isinstance(raised, Exception), raised
        assert first[:10] == list(range(10))
        probe.usable(strategy)


def half_a_second(item: int) -> int:
    """Take half a second, and leave a trace."""
    specs.log("starts", item)
    time.sleep(0.5)
    return item


@case("B1", "STPHGIA", bound=2)
def closing_early(probe: Probe) -> None:
    """Closing after the first of 20 results starts nothing more, and does not wait for what has not started."""
    with probe.make(2) as strategy:
        start = time.monotonic()
        with strategy.stream(half_a_second, range(20)) as stream:
            assert next(stream) == 0
        elapsed = time.monotonic() - start
        started = len(specs.logged("starts"))
        assert started <= 8, started
        assert elapsed < 2.5, elapsed
        time.sleep(0.7)
        assert len(specs.logged("starts")) == started, "more was started after closing"
        probe.usable(strategy)


class Weighed:
    """A function of 20 MB that notes each time it is made again."""

    def __init__(self) -> None:
        self.weight = bytes(20 << 20)

    def __call__(self, item: int) -> int:
        """Use it."""
        return len(self.weight) + item

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        specs.log("made", os.getpid())


@case("B2", "PHI", bound=4)
def heavy_function(probe: Probe) -> None:
    """A function of 20 MB crosses the border once per worker, not once per item."""
    func = Weighed()
    with probe.make(2) as strategy:
        for _ in range(2):
            assert strategy.map(func, range(1000)) == [(20 << 20) + item for item in range(1000)]
        made = specs.logged("made")
        assert len(made) <= 2 * len(set(made)), made
        assert len(set(made)) <= 2
        heavy = partial(weigh, bytes(20 << 20))
        assert strategy.map(heavy, range(1000)) == [(20 << 20) + item for item in range(1000)]


def weigh(weight: bytes, item: int) -> int:
    """Use what is heavy."""
    return len(weight) + item


@case("B3", EVERY, bound=2)
def input_with_a_thread_of_its_own(probe: Probe) -> None:
    """A cursor, which must not be used in another thread, is read in the caller's only; so is a generator."""
    for buffersize in (None, 3):
        with sqlite3.connect(":memory:") as connection:
            connection.execute("create table t (n integer)")
            connection.executemany("insert into t values (?)", [(n,) for n in range(500)])
            with probe.make(2) as strategy:
                for func in (same, Async(same)):
                    cursor = connection.execute("select n from t order by n")
                    got = list(strategy.stream(func, cursor, buffersize=buffersize))
                    assert got == [(n,) for n in range(500)]
                cursor = connection.execute("select n from t order by n")
                stream = strategy.stream(same, cursor, buffersize=10)
                next(stream)
                time.sleep(0.1)  # long enough for the keeper to come
                stream.close()
        connection.close()


@case("B3", EVERY, bound=2)
def input_closed_by_the_consumer(probe: Probe) -> None:
    """A file as the input, and a generator that must be closed where it was opened."""
    path = specs.scratch() / "log.lines"
    path.write_text("".join(f"{n}\n" for n in range(1000)))
    with probe.make(2) as strategy:
        with path.open() as file:
            assert strategy.map(int, file) == list(range(1000))
        outcomes = []
        with path.open() as file, strategy.outcomes(int, file) as stream:
            outcomes += itertools.islice(stream, 5)
        assert all(isinstance(outcome, cs.Success) for outcome in outcomes)
        probe.usable(strategy)
