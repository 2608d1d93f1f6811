"""Promises about inputs and windows: what is read, when, by whom, and how far ahead."""

from __future__ import annotations

import functools
import itertools
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from .._errors import InvalidOption
from .functions import Boom, double, nap, same
from .noting import note
from .promises import Promises, board, consume, raised


class Tally:
    """Counts what is read, and what its consumer has got."""

    def __init__(self) -> None:
        self.pulled: int = 0
        self.taken: int = 0
        self.most: int = 0

    def numbers(self, count: int) -> Iterator[int]:
        """Yield numbers, and note how far ahead of the consumer they are read."""
        for x in range(count):
            self.pulled += 1
            self.most = max(self.most, self.pulled - self.taken)
            yield x


class InputPromises(Promises):
    """The input is the caller's: read in its thread, no further than asked."""

    def test_an_error_of_the_input_comes_after_its_items(self) -> None:
        """Five results, then the very error that the input raised."""
        error = Boom("input")

        def broken() -> Iterator[int]:
            yield from range(5)
            raise error

        got: list[int] = []
        assert raised(Boom, consume, self.new().stream(double, broken()), got) is error
        assert got == [0, 2, 4, 6, 8]
        assert raised(Boom, self.new().map, double, broken()) is error

    def test_an_error_of_the_input_ends_outcomes_too(self) -> None:
        """It is no item's, so it is raised."""

        def broken() -> Iterator[int]:
            yield 1
            raise LookupError("input")

        assert raised(LookupError, list, self.new().outcomes(double, broken())).args == ("input",)

    def test_endless_inputs_are_read_within_the_window(self) -> None:
        """After ten results, at most ten and the window have been read."""
        pulled = itertools.count()
        with self.new(buffersize=16).stream(double, pulled) as stream:
            assert list(itertools.islice(stream, 10)) == list(range(0, 20, 2))
            self.sleep(0.05)
            assert next(pulled) <= 10 + 16

    def test_the_default_window_is_bounded(self) -> None:
        """Nobody has to ask for endless inputs to work."""
        pulled = itertools.count()
        with self.new().stream(double, pulled) as stream:
            next(stream)
            self.sleep(0.05)
            assert next(pulled) <= 1 + max(64, 4 * self.at_once(4))

    def test_the_window_is_a_strict_bound(self) -> None:
        """At each moment at most `buffersize` items are read and not yet handed to the consumer."""
        for window in (1, 2, 5):
            tally = Tally()
            for _ in self.new(buffersize=window).stream(double, tally.numbers(60)):
                tally.taken += 1
            assert (tally.pulled, tally.taken) == (60, 60)
            assert tally.most <= window

    def test_a_slow_input_does_not_hold_results_back(self) -> None:
        """The first result is there before the third item is asked for."""
        diary: list[str] = []

        def slow() -> Iterator[int]:
            for x in range(4):
                diary.append(f"pull-{x}")
                self.sleep(0.2)
                yield x

        with self.new() as strategy:
            strategy.map(same, range(4))  # what it takes to start workers is not what this is about
            diary.extend(f"got-{x}" for x in strategy.stream(same, slow()))
        assert diary.index("got-0") < diary.index("pull-2")
        assert [entry for entry in diary if entry.startswith("got")] == [f"got-{x}" for x in range(4)]

    def test_only_the_caller_reads_the_input(self) -> None:
        """Generators are advanced in the caller's thread, also while the consumer is away."""
        threads: set[int] = set()

        def numbers() -> Iterator[int]:
            for x in range(30):
                threads.add(threading.get_ident())
                yield x

        for _ in self.new(buffersize=4).stream(nap, (x * 0.0 for x in numbers())):
            self.sleep(0.003)
        assert threads == {threading.get_ident()}

    def test_a_database_cursor_is_an_input(self) -> None:
        """An object that refuses every thread but its own works, as no other thread touches it."""
        connection = sqlite3.connect(":memory:")
        try:
            connection.execute("create table t (n integer)")
            connection.executemany("insert into t values (?)", [(n,) for n in range(200)])
            rows = connection.execute("select n from t order by n")
            assert self.new().map(same, rows, buffersize=8) == [(n,) for n in range(200)]
        finally:
            connection.close()

    def test_a_file_is_an_input(self, tmp_path: Path) -> None:
        """Line by line."""
        path = tmp_path / "lines"
        path.write_text("a\nb\nc\n")
        with path.open() as lines:
            assert self.new().map(str.strip, lines) == ["a", "b", "c"]

    def test_a_map_reads_on_behind_its_window(self) -> None:
        """Of an input of any kind, as results come in."""
        with self.new() as strategy:
            for window in (1, 3, 16):
                for items in (list(range(40)), iter(range(40))):
                    found = strategy.map(double, items, buffersize=window, timeout=30)
                    assert found == list(range(0, 80, 2)), (window, type(items))

    def test_the_order_of_one_input_is_kept_under_any_window_and_chunk(self) -> None:
        """Windows and chunks change the speed, and nothing else."""
        with self.new() as strategy:
            for window, chunk in itertools.product((1, 3, 64), (1, 7, "auto")):
                found = list(strategy.stream(double, iter(range(40)), buffersize=window, chunksize=chunk))
                assert found == list(range(0, 80, 2)), (window, chunk)

    def test_each_item_runs_once(self, tmp_path: Path) -> None:
        """However it was handed out and called back."""
        notices = board(tmp_path)
        with self.new(max_workers=2) as strategy:
            assert strategy.map(functools.partial(note, notices), range(100)) == list(range(100))
        assert notices.names("start-") == {f"start-{x}" for x in range(100)}

    def test_what_cannot_be_iterated_is_refused_at_once(self) -> None:
        """An error at the call, and not at the first result."""
        strategy = self.new()
        for arguments in ((), (3,), ([1], None)):
            raised(InvalidOption, strategy.stream, double, *arguments)
            raised(InvalidOption, strategy.map, double, *arguments)

    def test_bad_worker_counts_are_refused_at_once(self) -> None:
        """In the constructor and in the call, with the words of the standard library."""
        for bad in (0, -1, "2", 1.5, True):
            assert "max_workers" in str(raised(ValueError, self.new, max_workers=bad))
            assert "max_workers" in str(raised(ValueError, self.new().map, double, [1], max_workers=bad))
