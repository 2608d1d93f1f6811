"""Promises about a strategy's life: opened or not, shared, nested, closed early, closed, copied."""

from __future__ import annotations

import functools
import gc
import itertools
import pickle
import threading
import time
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from .._errors import StrategyClosed
from .._limit import Limit
from .._options import Retry
from .._strategy import Strategy, Traits
from .functions import Boom, add, deep, double, nap, nested, not_there, opened, same, where
from .noting import acount_in, busy, count_in, fail_times, note
from .promises import Promises, board, raised


class LifePromises(Promises):
    """A strategy object is configuration; workers live as long as they are needed."""

    def test_a_strategy_is_one(self) -> None:
        """It satisfies the protocol, with a name and frozen traits."""
        strategy = self.new()
        assert isinstance(strategy, Strategy)
        assert isinstance(strategy.name, str)
        assert isinstance(strategy.traits, Traits)
        raised(AttributeError, setattr, strategy.traits, "isolated", None)
        assert hash(strategy.traits) == hash(strategy.traits)

    def test_repr_shows_how_to_make_it(self) -> None:
        """The class and what was chosen, on one line."""
        text = repr(self.new(max_workers=3, retry=Retry(attempts=2)))
        assert text.startswith(type(self.new()).__name__ + "(")
        assert "max_workers=3" in text
        assert "Retry(attempts=2" in text

    def test_a_strategy_can_be_pickled(self) -> None:
        """The copy has the same configuration and works; open workers do not travel."""
        with self.new(ordered=False) as strategy:
            strategy.map(double, [1])
            copy = pickle.loads(pickle.dumps(strategy))
        assert repr(copy) == repr(strategy)
        assert copy.map(double, range(4)) == [0, 2, 4, 6]

    def test_a_strategy_works_without_being_opened(self) -> None:
        """Run after run, each with workers of its own."""
        strategy = self.new()
        assert strategy.map(double, range(4)) == strategy.map(double, range(4)) == [0, 2, 4, 6]

    def test_an_opened_strategy_serves_many_runs(self) -> None:
        """Of every kind, one after the other."""
        with self.new() as strategy:
            for x in range(10):
                assert strategy.map(add, [x], [1]) == [x + 1]
                assert list(strategy.stream(double, [x])) == [2 * x]

    def test_an_opened_strategy_keeps_its_workers(self) -> None:
        """Two runs inside one `with` block are served by the same processes."""
        with self.new(max_workers=1) as strategy:
            assert strategy.map(where, range(3)) == strategy.map(where, range(3))

    def test_a_closed_strategy_refuses_work(self) -> None:
        """At once, in each verb, with an error that says so; closing twice is allowed."""
        strategy = self.new()
        with strategy:
            strategy.map(double, [1])
        strategy.close()
        for verb in (strategy.map, strategy.stream, strategy.outcomes, strategy.astream, strategy.aoutcomes):
            assert "closed" in str(raised(StrategyClosed, verb, double, [1]))
        raised(StrategyClosed, strategy.__enter__)

    def test_a_strategy_can_be_closed_without_having_been_opened(self) -> None:
        """There is nothing to end, and nothing works afterwards."""
        strategy = self.new()
        strategy.close()
        raised(StrategyClosed, strategy.map, double, [1])

    def test_leaving_with_an_error_closes_too(self) -> None:
        """The error goes through, and the workers are gone."""
        strategy = self.new()

        def fail() -> None:
            with strategy:
                strategy.map(double, [1])
                raise LookupError

        raised(LookupError, fail)
        raised(StrategyClosed, strategy.map, double, [1])

    def test_closing_a_stream_starts_nothing_more(self, tmp_path: Path) -> None:
        """Of many items only those under way are finished."""
        notices = board(tmp_path)
        with self.new(max_workers=2) as strategy:
            stream = strategy.stream(functools.partial(busy, notices, 0.02), range(500), chunksize=1)
            next(stream)
            stream.close()
            started = notices.count("start-")
            assert started < 300
            self.sleep(0.15)
            assert notices.count("start-") <= started
            assert strategy.map(double, range(3)) == [0, 2, 4], "the workers are free again"

    def test_a_dropped_stream_is_closed(self, tmp_path: Path) -> None:
        """Nobody has to remember."""
        notices = board(tmp_path)
        with self.new(max_workers=2) as strategy:
            stream = strategy.stream(functools.partial(busy, notices, 0.02), range(500), chunksize=1)
            next(stream)
            del stream
            gc.collect()
            started = notices.count("start-")
            self.sleep(0.15)
            assert notices.count("start-") <= started < 300

    def test_a_consumer_that_fails_closes_its_stream(self, tmp_path: Path) -> None:
        """Leaving the `with` block by an error ends the run like `close`."""
        notices = board(tmp_path)

        def consumer() -> None:
            with self.new(max_workers=2).stream(functools.partial(busy, notices, 0.02), range(500)) as stream:
                next(stream)
                raise LookupError

        raised(LookupError, consumer)
        started = notices.count("start-")
        self.sleep(0.15)
        assert notices.count("start-") <= started < 300

    def test_closing_while_items_run_is_bounded(self, tmp_path: Path) -> None:
        """A stream over items that sleep long is given up within the bound, whatever becomes of the calls."""
        notices = board(tmp_path)
        strategy = self.new(max_workers=2)
        with strategy:
            naps = [0.0, 1.0, 1.0, 1.0]
            stream = strategy.stream(nap, naps, chunksize=1)
            next(stream)
            began = time.monotonic()
            stream.close()
            assert time.monotonic() - began < 8
            notices.put("closed")
        assert time.monotonic() - began < 16

    def test_two_streams_of_one_strategy_interleave(self) -> None:
        """Each has its own items, in its own order."""
        with self.new() as strategy:
            one, two = strategy.stream(double, range(200)), strategy.stream(add, range(200), [1] * 200)
            assert list(zip(one, two, strict=True)) == [(2 * x, x + 1) for x in range(200)]

    def test_a_run_inside_the_loop_over_another_works(self) -> None:
        """The consumer of a stream may map on the same strategy, however few its workers."""
        for workers in (1, 4):
            with self.new(max_workers=workers) as strategy:
                found = [strategy.map(add, [x, x], [1, 2]) for x in strategy.stream(double, range(10))]
            assert found == [[2 * x + 1, 2 * x + 2] for x in range(10)]

    def test_four_threads_share_a_strategy(self) -> None:
        """Each gets its own results, whether it is opened or not."""
        for opened_first in (True, False):
            strategy = self.new()
            if opened_first:
                strategy.__enter__()
            found: dict[int, list[int]] = {}

            def caller(number: int, strategy: Any = strategy, found: Any = found) -> None:
                found[number] = strategy.map(add, range(50), itertools.repeat(1000 * number))

            threads = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            strategy.close()
            assert found == {number: [1000 * number + x for x in range(50)] for number in range(4)}

    def test_a_map_inside_a_map_of_the_same_strategy_works(self) -> None:
        """Also with one worker that is taken: the inner run has its place."""
        for workers in (1, 2):
            strategy = self.new(max_workers=workers)
            with strategy:
                found = strategy.map(functools.partial(nested, strategy), range(4))
            assert found == [[2 * x, 2 * x + 2, 2 * x + 4] for x in range(4)]

    def test_a_strategy_opened_inside_a_strategy_works(self) -> None:
        """One of the same kind, with workers of its own."""
        found = self.new(max_workers=2).map(functools.partial(opened, self.new(max_workers=2)), range(3))
        assert found == [[2 * x, 2 * x + 2, 2 * x + 4] for x in range(3)]

    def test_workers_bound_the_calls_at_once(self, tmp_path: Path) -> None:
        """`max_workers` is how many calls are under way at most, in either colour."""
        for number, func in enumerate((count_in, acount_in)):
            folder = tmp_path / str(number)
            folder.mkdir()
            seen = self.new(max_workers=3).map(functools.partial(func, board(folder), 0.03), range(15), chunksize=1)
            assert 1 <= max(seen) <= self.at_once(3)

    def test_workers_bound_all_runs_of_an_opened_strategy(self, tmp_path: Path) -> None:
        """Three runs at a time together have no more calls under way than one would."""
        notices = board(tmp_path)
        found: list[int] = []
        with self.new(max_workers=2) as strategy:

            def caller() -> None:
                found.extend(strategy.map(functools.partial(count_in, notices, 0.03), _unique(6), chunksize=1))

            threads = [threading.Thread(target=caller) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(found) == 18
        if self.concurrent:
            assert max(found) <= self.at_once(2)

    def test_a_limit_is_shared_by_strategies(self, tmp_path: Path) -> None:
        """Two strategies with one `Limit` together have no more calls under way than it says."""
        notices, limit = board(tmp_path), Limit(2)
        found: list[int] = []

        def caller() -> None:
            strategy = self.new(max_workers=limit)
            found.extend(strategy.map(functools.partial(count_in, notices, 0.03), _unique(6), chunksize=1))

        threads = [threading.Thread(target=caller) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 12
        if self.concurrent:
            assert max(found) <= self.at_once(2)

    def test_a_run_goes_on_while_its_consumer_is_away(self, tmp_path: Path) -> None:
        """Retries that are due happen meanwhile, where anything can move then; if not, they happen afterwards."""
        notices = board(tmp_path)
        func = functools.partial(fail_times, notices, 1)
        with self.new(max_workers=2, retry=Retry(attempts=2, wait=0.1), chunksize=1).stream(func, range(6)) as stream:
            got = [next(stream)]
            if self.moves:
                self.await_note(notices, "end-1")
            got += stream
        assert got == list(range(6))

    def test_big_results_do_not_stall_behind_a_slow_consumer(self) -> None:
        """What waits for its consumer waits in memory, and no worker waits with it."""
        items = [b"x" * 2_000_000] * 12
        got: list[bytes] = []
        with self.new(max_workers=2).stream(same, items) as stream:
            for x in stream:
                if not got:
                    self.sleep(0.3)
                got.append(x)
        assert got == items

    def test_an_executor_runs_calls(self) -> None:
        """`submit` with all kinds of arguments, results, errors, `map` and `shutdown`."""
        with self.new().executor() as executor:
            assert isinstance(executor, Executor)
            assert executor.submit(add, 1, b=2).result(20) == 3
            assert isinstance(executor.submit(deep, 3).exception(20), Boom)
            assert list(executor.map(double, range(20), timeout=20)) == list(range(0, 40, 2))
            assert isinstance(executor.submit(not_there, 1).exception(20), Boom)
        raised(RuntimeError, executor.submit, add, 1)

    def test_notes_prove_that_items_run_where_they_should(self, tmp_path: Path) -> None:
        """Across the process border where `isolated` says so, else in the caller's process."""
        notices = board(tmp_path)
        self.new().map(functools.partial(note, notices), range(4))
        here = {notices.read(f"start-{x}").pid for x in range(4)} == {self._pid()}
        assert here != self.new().traits.isolated

    @staticmethod
    def _pid() -> int:
        return where(None)


def _unique(count: int) -> list[str]:
    return [f"{threading.get_ident()}-{x}" for x in range(count)]
