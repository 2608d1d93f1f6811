"""Promises about results: one for each item, in order, whatever the function is and whatever it returns."""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path
from typing import Any

from .._errors import InvalidOption, StrategyError
from .._outcome import Failure, Success
from .functions import Adder, AsyncAdder, add, adouble, asame, both, double, nap, same
from .noting import late_first, late_last, meet, meet_if_two
from .promises import Promises, board, raised

ODD: list[Any] = [None, (), (1, 2), {}, {"a": 1}, [], ..., NotImplemented, StopIteration, "", b"", 0, False, ((),), {1}]
DOUBLES = [2 * x for x in range(20)]


class ResultPromises(Promises):
    """Values come out as they went in."""

    def test_map_returns_a_list_in_the_order_of_the_input(self) -> None:
        """The first items take longest, and still come first."""
        naps = [0.05, 0.03, 0.02, 0.01, 0.0, 0.0]
        result = self.new().map(nap, naps)
        assert type(result) is list
        assert result == naps

    def test_map_of_nothing_is_an_empty_list(self) -> None:
        """No item, no worker, no error."""
        strategy = self.new()
        assert strategy.map(double, []) == strategy.map(double, iter(())) == list(strategy.stream(double, ())) == []

    def test_map_takes_an_argument_from_each_iterable(self) -> None:
        """Several iterables are read side by side, to the end of the shortest."""
        assert self.new().map(add, [1, 2, 3], iter([10, 20])) == [11, 22]

    def test_map_takes_any_iterable(self) -> None:
        """Lists, tuples, ranges, sets, dicts, strings, generators."""
        with self.new() as strategy:
            assert strategy.map(double, (1, 2)) == strategy.map(double, range(1, 3)) == [2, 4]
            assert sorted(strategy.map(double, {1, 2})) == strategy.map(double, {1: "a", 2: "b"}) == [2, 4]
            assert strategy.map(same, "abc") == ["a", "b", "c"]
            assert strategy.map(double, (x for x in (1, 2))) == [2, 4]

    def test_ten_thousand_small_items_all_come_in_order(self) -> None:
        """Nothing is lost among many."""
        assert self.new().map(double, range(10_000)) == list(range(0, 20_000, 2))

    def test_ten_thousand_items_of_an_iterator_come_in_order(self) -> None:
        """Nor where the length is not known, and the window moves."""
        assert list(self.new().stream(double, iter(range(10_000)))) == list(range(0, 20_000, 2))

    def test_a_stream_runs_nothing_before_it_is_asked(self) -> None:
        """Nothing is read and nothing starts before the first `next`."""
        numbers = iter(range(5))
        stream = self.new().stream(double, numbers)
        assert numbers.__length_hint__() == 5  # type: ignore[attr-defined]
        assert next(stream) == 0
        stream.close()

    def test_a_stream_is_an_iterator_and_a_context_manager(self) -> None:
        """It is its own iterator, is read once, and `with` closes it."""
        with self.new().stream(double, range(5)) as stream:
            assert next(stream) == 0
            assert list(stream) == [2, 4, 6, 8]
            assert list(stream) == []
        assert next(stream, "closed") == "closed"

    def test_a_closed_stream_yields_nothing_more(self) -> None:
        """Closing is final, may be done twice, and also before the first item."""
        stream = self.new().stream(double, range(5))
        stream.close()
        stream.close()
        assert list(stream) == []

    def test_outcomes_have_one_success_for_each_item(self) -> None:
        """With index, value, the number of attempts, a worker and a time that can be."""
        outcomes = list(self.new().outcomes(double, range(20)))
        assert all(isinstance(outcome, Success) for outcome in outcomes)
        assert [outcome.index for outcome in outcomes] == list(range(20))
        assert [outcome.value for outcome in outcomes] == DOUBLES
        assert {outcome.attempts for outcome in outcomes} == {1}
        assert {outcome.key for outcome in outcomes} == {None}
        assert all(isinstance(outcome.worker, str) for outcome in outcomes)
        assert all(outcome.duration is None or outcome.duration >= 0 for outcome in outcomes)

    def test_outcomes_say_how_long_an_item_took(self) -> None:
        """What is long enough to be timed is timed beside the call, without the way there and back."""
        (outcome,) = self.new().outcomes(nap, [0.1])
        assert outcome.duration is not None
        assert outcome.duration >= 0.09

    def test_outcomes_have_failures_in_their_places(self) -> None:
        """A failed item is a value here, and costs no other item anything."""
        outcomes = list(self.new().outcomes((10).__floordiv__, [1, 0, 5]))
        match outcomes:
            case [Success(0, value=10), Failure(1, error=ZeroDivisionError()), Success(2, value=2)]:
                pass
            case _:
                raise AssertionError(outcomes)

    def test_unordered_streams_give_every_result_once(self) -> None:
        """In any order, as they come; outcomes tell which is which."""
        with self.new(ordered=False) as strategy:
            assert sorted(strategy.stream(double, range(20))) == DOUBLES
            found = {outcome.index: outcome.value for outcome in strategy.outcomes(double, range(20))}
            assert found == dict(enumerate(DOUBLES))

    def test_unordered_streams_do_not_wait_for_the_first_item(self, tmp_path: Path) -> None:
        """Item 0 ends only after the consumer has had item 1; where calls cannot overlap, it is simply first."""
        notices = board(tmp_path)
        if not self.concurrent:
            notices.put("had-1")
        with self.new().stream(functools.partial(late_first, notices), [0, 1], ordered=False) as stream:
            got = [next(stream)]
            notices.put("had-1")
            got += stream
        assert sorted(got) == [0, 1]
        assert got == [1, 0] or not self.concurrent

    def test_a_slow_item_hides_nothing_before_it(self, tmp_path: Path) -> None:
        """The last item ends only after the consumer has had those before it, although one worker has them all."""
        notices = board(tmp_path)
        with self.new(max_workers=1).stream(functools.partial(late_last, notices), range(10), chunksize=10) as stream:
            got = []
            for value in stream:
                got.append(value)
                if value == 8:
                    notices.put("had-8")
        assert got == list(range(10))

    def test_items_overlap_where_they_can(self, tmp_path: Path) -> None:
        """Two items meet, or, where there is but one place, never do."""
        bound = 10.0 if self.concurrent else 0.05
        met = self.new(max_workers=2).map(functools.partial(meet, board(tmp_path), bound), [0, 1], chunksize=1)
        assert met == [self.concurrent] * 2

    def test_items_overlap_although_the_last_ones_took_no_time(self, tmp_path: Path) -> None:
        """What earlier runs of a function took is a guess, which the next run finds out to be wrong."""
        func = functools.partial(meet_if_two, board(tmp_path), 10.0 if self.concurrent else 0.05)
        with self.new(max_workers=2) as strategy:
            for _ in range(2):
                assert strategy.map(func, [2, 3, 4]) == [False] * 3
            assert strategy.map(func, [0, 1]) == [self.concurrent] * 2

    def test_odd_items_pass_as_they_are(self) -> None:
        """None of them is a sentinel, none is unpacked, and singletons stay what they are."""
        result = self.new().map(same, ODD)
        assert result == ODD
        assert all(got is sent for got, sent in zip(result, ODD, strict=True) if sent is None or sent is ...)

    def test_odd_items_pass_through_coroutines(self) -> None:
        """The same in the other colour."""
        assert self.new().map(asame, ODD) == ODD

    def test_a_returned_exception_is_a_value(self) -> None:
        """Only what is raised is an error."""
        errors = [ValueError(1), StopIteration(2), KeyboardInterrupt(3), TimeoutError()]
        outcomes = list(self.new().outcomes(same, errors))
        assert all(isinstance(outcome, Success) for outcome in outcomes)
        assert [repr(outcome.value) for outcome in outcomes] == [repr(error) for error in errors]

    def test_a_tuple_is_one_argument(self) -> None:
        """With one iterable an item is never spread."""
        assert self.new().map(same, [(1, 2), (3,)]) == [(1, 2), (3,)]

    def test_coroutine_functions_give_the_same_values(self) -> None:
        """An `async def` runs on every strategy; a coroutine object never comes back as a value."""
        with self.new() as strategy:
            assert strategy.map(adouble, range(20)) == list(strategy.stream(adouble, range(20))) == DOUBLES

    def test_declared_colours_are_seen_through_wrappers(self) -> None:
        """Partials, bound methods and callable objects of both colours."""
        with self.new() as strategy:
            for func in (functools.partial(add, 5), Adder(5), Adder(5).plain, Adder(5).slow, AsyncAdder(5)):
                assert strategy.map(func, [1, 2]) == [6, 7], func

    def test_a_lambda_that_returns_coroutines_is_awaited(self) -> None:
        """What nobody declared is decided by what the first item returns."""
        assert self.new().map(lambda x: adouble(x), range(20)) == DOUBLES  # noqa: PLW0108  (nobody declared it)

    def test_a_late_awaitable_is_an_error_of_its_item(self) -> None:
        """After a plain first result an awaitable is that item's error, which says what to do."""
        outcomes = list(self.new().outcomes(lambda x: adouble(x) if x == 5 else 2 * x, range(20), chunksize=1))
        (failure,) = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        assert (failure.index, type(failure.error)) == (5, TypeError)
        assert "async def" in str(failure.error)
        assert [outcome.value for outcome in outcomes if outcome.index != 5] == [x for x in DOUBLES if x != 10]

    def test_coroutines_that_come_while_nothing_is_decided_are_awaited(self) -> None:
        """Several items are under way before the first of them has shown what the function returns."""

        def slow(x: int) -> Any:
            time.sleep(0.02)
            return adouble(x)

        assert self.new().map(slow, range(20), chunksize=1) == DOUBLES

    def test_a_late_awaitable_costs_no_other_item_wherever_it_runs(self) -> None:
        """Also if some worker gets it first of all, and then plain ones: only the first item of the run decides."""

        def late(x: int) -> Any:
            time.sleep(0.05 if x in {0, 2} else 0.005)
            return adouble(x) if x in {1, 3} else 2 * x

        outcomes = list(self.new().outcomes(late, range(20), chunksize=1))
        assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == [1, 3]
        values = [outcome.value for outcome in outcomes if isinstance(outcome, Success)]
        assert values == [2 * x for x in range(20) if x not in {1, 3}]

    def test_a_plain_result_after_awaitables_is_a_value(self) -> None:
        """Once results are awaited, one that needs no awaiting is simply there."""
        assert self.new().map(lambda x: adouble(x) if x < 3 else 2 * x, range(20)) == DOUBLES

    def test_a_dual_callable_runs_in_the_colour_that_suits(self) -> None:
        """Both functions do the same, so nobody can tell which one ran."""
        assert self.new().map(both, range(20)) == DOUBLES

    def test_lambdas_and_closures_run_everywhere(self) -> None:
        """Nothing has to be found again by its name."""
        factor = 3
        assert self.new().map(lambda x: factor * x, range(5)) == [0, 3, 6, 9, 12]

    def test_builtins_classes_and_bound_methods_run_everywhere(self) -> None:
        """Whatever can be called."""
        with self.new() as strategy:
            assert strategy.map(abs, [-1, 2]) == [1, 2]
            assert strategy.map(int, ["1", "2"]) == [1, 2]
            assert strategy.map("{:02d}".format, [1, 2]) == ["01", "02"]
            assert strategy.map(re.compile("b+").sub, ["x", "y"], ["abba", "b"]) == ["axa", "y"]

    def test_big_values_come_whole(self) -> None:
        """Megabytes in both directions, between small ones."""
        items = [b"a" * 3_000_000, b"", b"b" * 3_000_000, b"c"]
        assert self.new().map(same, items) == items

    def test_what_is_no_function_is_refused_at_once(self) -> None:
        """Before anything is read or run, in each verb."""
        strategy = self.new()
        for verb in (strategy.map, strategy.stream, strategy.outcomes, strategy.astream, strategy.aoutcomes):
            error = raised(InvalidOption, verb, None, [1])
            assert isinstance(error, ValueError | StrategyError)
