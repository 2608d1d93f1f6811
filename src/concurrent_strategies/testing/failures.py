"""Promises about errors: each is its item's own, comes back as it was, and says where it comes from."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._errors import InvalidOption, ItemExited, RemoteError, StrategyError
from .._outcome import Failure, Success
from .board import Board
from .functions import (
    Boom,
    OwnExit,
    TwoArgumentsError,
    adeep,
    araise_on_three,
    deep,
    double,
    error_with_a_lock,
    fail_on,
    lock_on_three,
    not_there,
    raise_on_three,
    same,
    two_arguments,
)
from .noting import later_fails_first, note
from .promises import Promises, board, consume, notes, raised

EXITS: list[BaseException] = [
    SystemExit(3),
    GeneratorExit("odd"),
    OwnExit("own"),
    asyncio.CancelledError("cancelled"),
    concurrent.futures.CancelledError("cancelled"),
    StopIteration("stop"),
    StopAsyncIteration("stop"),
]


def interrupt_on_three(notices: Board, x: int) -> int:
    """Raise a KeyboardInterrupt for 3, and note where that was."""
    if x == 3:
        notices.put("interrupted")
        raise KeyboardInterrupt("item")
    return x


def raise_late(error: BaseException, x: int) -> int:
    """Raise it for 900."""
    if x == 900:
        raise error
    return x


def group_on_three(x: int) -> int:
    """Raise a group with a note for 3."""
    if x == 3:
        group = ExceptionGroup("several", [ValueError(1), Boom(2)])
        group.add_note("a note of the user")
        raise group
    return x


def chain_on_three(x: int) -> int:
    """Raise an error with a cause for 3."""
    if x == 3:
        try:
            not_there(x)
        except Boom as error:
            raise LookupError("outer") from error
    return x


class FailurePromises(Promises):
    """A failing item costs itself only."""

    def one_failure(self, func: Callable[[int], Any], **options: Any) -> Failure:
        """Run eight items of which only item 3 fails, and return its outcome."""
        outcomes = list(self.new(**options).outcomes(func, range(8)))
        assert [outcome.index for outcome in outcomes] == list(range(8))
        failure = outcomes.pop(3)
        assert isinstance(failure, Failure), failure
        assert all(isinstance(outcome, Success) for outcome in outcomes), outcomes
        return failure

    def test_an_error_comes_back_as_it_was(self) -> None:
        """Its own type, never wrapped, with its arguments."""
        for func in (deep, adeep):
            failure = self.one_failure(func)
            assert (type(failure.error), failure.error.args) == (Boom, (3,))
            error = raised(Boom, self.new().map, func, range(8))
            assert error.args == (3,)

    def test_results_before_an_error_are_yielded(self) -> None:
        """A stream gives what came before the failed item, then its error, and then nothing."""
        got: list[int] = []
        stream = self.new().stream(deep, range(8))
        raised(Boom, consume, stream, got)
        assert got == [0, 2, 4]
        assert list(stream) == []

    def test_an_error_names_its_item(self) -> None:
        """A note says which index it was, and shows the item."""
        text = notes(raised(Boom, self.new().map, fail_on, [(7,)] * 5, [5, 6, 7, 8, 9]))
        assert "item 2" in text
        assert "7" in text

    def test_a_traceback_reaches_into_the_function(self) -> None:
        """Formatting the error shows the deepest frame of the user's code, wherever that ran."""
        for func in (deep, adeep):
            error = raised(Boom, self.new().map, func, range(8))
            text = "".join(traceback.format_exception(error))
            assert "_deeper" in text
            assert "raise Boom(x)" in text

    def test_what_is_no_ordinary_error_is_kept_in_its_place(self) -> None:
        """Exits, cancellations and stops of either colour end their item and nothing else."""
        with self.new() as strategy:
            for error in EXITS:
                for func in (raise_on_three, araise_on_three):
                    if isinstance(error, StopIteration) and func is araise_on_three:
                        continue  # Python itself makes a RuntimeError of it inside a coroutine
                    outcomes = list(strategy.outcomes(functools.partial(func, error), range(8)))
                    assert [isinstance(outcome, Success) for outcome in outcomes] == [x != 3 for x in range(8)]
                    assert type(outcomes[3].error) is type(error), (func, outcomes[3])

    def test_a_stop_among_many_short_items_is_the_end_of_none_but_its_own(self) -> None:
        """Whatever loop they are run in, and whether or not they share their context."""
        with self.new() as strategy:
            for shared in (False, True):
                func = functools.partial(raise_late, StopIteration("stop"))
                outcomes = list(strategy.outcomes(func, range(1000), shared_context=shared, timeout=60))
                assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == [900]
                assert type(outcomes[900].error) is StopIteration

    def test_what_is_no_ordinary_error_is_raised_as_a_cause(self) -> None:
        """Nobody's `for` loop, task group or interpreter takes it for its own end."""
        with self.new() as strategy:
            for error in EXITS:
                got: list[int] = []
                func = functools.partial(raise_on_three, error)
                caught = raised(ItemExited, consume, strategy.stream(func, range(8)), got)
                assert type(caught.__cause__) is type(error)
                assert caught.index == 3
                assert got == [0, 1, 2]

    def test_a_stop_inside_a_coroutine_is_an_error_of_its_item(self) -> None:
        """Python makes a RuntimeError of it, and so it comes."""
        failure = self.one_failure(functools.partial(araise_on_three, StopIteration("x")))
        assert type(failure.error) is RuntimeError

    def test_a_keyboard_interrupt_belongs_to_whose_thread_it_is(self, tmp_path: Path) -> None:
        """Raised by an item in the caller's own thread it is the caller's and ends the run; elsewhere it is the
        item's."""
        notices = board(tmp_path)
        outcomes: list[Any] = []
        stream = self.new().outcomes(functools.partial(interrupt_on_three, notices), range(8))
        try:
            consume(stream, outcomes)
        except KeyboardInterrupt:
            where = notices.read("interrupted")
            assert (where.pid, where.thread) == (os.getpid(), threading.get_native_id())
        else:
            assert [isinstance(outcome, Failure) for outcome in outcomes] == [x == 3 for x in range(8)]
            assert type(outcomes[3].error) is KeyboardInterrupt

    def test_a_timeout_error_of_the_function_is_its_own(self) -> None:
        """It is not taken for a time-out of the run, also where there is one."""
        failure = self.one_failure(functools.partial(raise_on_three, TimeoutError("mine")), timeout=60, task_timeout=50)
        assert (type(failure.error), str(failure.error)) == (TimeoutError, "mine")

    def test_an_error_with_two_arguments_comes_back(self) -> None:
        """Its own type where it can be made again, or else a stand-in with type and text."""
        error = self.one_failure(two_arguments).error
        if isinstance(error, TwoArgumentsError):
            assert (error.code, error.text) == (7, "x")
        else:
            assert isinstance(error, RemoteError)
            assert "TwoArgumentsError" in error.type_name
            assert error.text == "7: x"

    def test_an_error_that_cannot_travel_is_stood_in_for(self) -> None:
        """Across a process border it becomes a `RemoteError` with type and traceback; elsewhere it is itself."""
        error = self.one_failure(error_with_a_lock).error
        if self.new().traits.isolated:
            assert isinstance(error, RemoteError)
            assert "Boom" in error.type_name
            assert "error_with_a_lock" in error.traceback_text
        else:
            assert isinstance(error, Boom)

    def test_a_result_that_cannot_travel_is_an_error_of_its_item(self) -> None:
        """Across a process border it fails alone; elsewhere it is a value like any other."""
        if self.new().traits.isolated:
            assert isinstance(self.one_failure(lock_on_three).error, Exception)
        else:
            assert [type(value) for value in self.new().map(lock_on_three, [2, 3])] == [int, type(threading.Lock())]

    def test_an_item_that_cannot_travel_is_an_error_of_its_own(self) -> None:
        """Across a process border it fails alone; elsewhere it is an item like any other."""
        items = [0, 1, 2, threading.Lock(), 4]
        outcomes = list(self.new().outcomes(same, items))
        failed = [isinstance(outcome, Failure) for outcome in outcomes]
        assert failed == [self.new().traits.isolated and x == 3 for x in range(5)]

    def test_groups_and_notes_of_the_user_stay_as_they_are(self) -> None:
        """A group is one error with its parts, and keeps the notes it had."""
        error = self.one_failure(group_on_three).error
        assert isinstance(error, ExceptionGroup)
        assert [type(part) for part in error.exceptions] == [ValueError, Boom]
        assert "a note of the user" in notes(error)

    def test_the_cause_of_an_error_is_shown_with_it(self) -> None:
        """Formatting shows both, wherever they were raised."""
        error = raised(LookupError, self.new().map, chain_on_three, range(8))
        text = "".join(traceback.format_exception(error))
        assert "Boom: always" in text
        assert "LookupError: outer" in text

    def test_the_failure_of_the_lowest_index_is_raised(self, tmp_path: Path) -> None:
        """Item 1 fails before item 0 does, and yet the error is item 0's, as it would be in a loop."""
        notices = board(tmp_path)
        if not self.concurrent:
            notices.put("failed-1")
        error = raised(Boom, self.new().map, functools.partial(later_fails_first, notices), range(6), chunksize=1)
        assert error.args == (0,)

    def test_nothing_starts_after_a_failure(self, tmp_path: Path) -> None:
        """Far fewer items start than there are, and none once the error has been raised."""
        notices = board(tmp_path)

        def func(x: int) -> Any:
            note(notices, x)
            return fail_on((5,), x)

        raised(Boom, self.new(max_workers=2).map, func, range(100_000))
        started = self.settle(notices, "start-", 0.1)
        assert started < 20_000

    def test_unordered_streams_raise_the_first_failure_to_come(self) -> None:
        """At once, without waiting for earlier items."""
        error = raised(Boom, list, self.new().stream(fail_on, [(4,)] * 9, range(9), ordered=False))
        assert error.args == (4,)

    def test_collect_runs_all_and_raises_one_group(self, tmp_path: Path) -> None:
        """All items run; the group has each failure once, in the order of the input, each with its note."""
        notices = board(tmp_path)

        def func(x: int) -> Any:
            note(notices, x)
            return fail_on((2, 5), x)

        group = raised(ExceptionGroup, self.new().map, func, range(8), on_error="collect")
        assert [error.args for error in group.exceptions] == [(2,), (5,)]
        assert "item 5" in notes(group.exceptions[1])
        assert notices.count("end-") == 8

    def test_collect_without_a_failure_is_a_plain_result(self) -> None:
        """No option changes a return type."""
        assert self.new().map(double, range(4), on_error="collect") == [0, 2, 4, 6]

    def test_skip_leaves_failed_items_out(self) -> None:
        """The others come in order, from map and stream alike."""
        with self.new() as strategy:
            for verb in (strategy.map, strategy.stream):
                assert list(verb(fail_on, [(2, 5)] * 8, range(8), on_error="skip")) == [0, 1, 3, 4, 6, 7]

    def test_outcomes_refuse_on_error(self) -> None:
        """Errors are values there, so there is nothing to choose."""
        assert raised(InvalidOption, self.new().outcomes, double, [1], on_error="skip").option == "on_error"

    def test_map_refuses_to_be_unordered(self) -> None:
        """A list in input order is what it is; `stream` can do otherwise."""
        assert raised(InvalidOption, self.new().map, double, [1], ordered=False).option == "ordered"

    def test_unknown_options_are_refused_with_a_suggestion(self) -> None:
        """In the constructor and in each verb."""
        strategy = self.new()
        for refuses in (self.new, functools.partial(strategy.map, double, [1])):
            assert "Did you mean 'chunksize'" in str(raised(InvalidOption, refuses, chunk_size=3))

    def test_a_strategy_is_usable_after_failures(self) -> None:
        """Within one `with` block, error after error."""
        with self.new() as strategy:
            for _ in range(3):
                raised(Boom, strategy.map, deep, range(8))
                assert strategy.map(double, range(8)) == list(range(0, 16, 2))

    def test_every_error_of_ours_has_one_root(self) -> None:
        """Whoever catches `StrategyError` gets all that is not the user's own."""
        for error in (InvalidOption("a", 1, "no"), ItemExited(1, SystemExit())):
            assert isinstance(error, StrategyError)
