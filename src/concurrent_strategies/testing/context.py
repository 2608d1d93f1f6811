"""Promises about what goes along with an item: variables, its own dice, its label; and what is told while it runs."""

from __future__ import annotations

import contextvars
import functools
import random
import threading
from pathlib import Path
from typing import Any

from .._core.item import item_random
from .._errors import InvalidOption
from .._outcome import Failure
from .._strategies.sync import SyncStrategy
from .functions import (
    NUMBER,
    WORD,
    Boom,
    achange,
    adice,
    adouble,
    avariables,
    change,
    dice,
    double,
    fail_on,
    global_dice,
    variables,
)
from .noting import note
from .promises import Promises, board, notes, raised


class Total:
    """A bar that only counts."""

    def __init__(self) -> None:
        self.count: int = 0
        self.threads: set[int] = set()

    def update(self, count: int) -> None:
        """Count."""
        self.count += count
        self.threads.add(threading.get_ident())


class ContextPromises(Promises):
    """Items run as the caller would, and see nothing of each other."""

    def in_context(self, call: Any, *args: Any, **options: Any) -> Any:
        """Make a call where the two variables are set."""

        def inside() -> Any:
            NUMBER.set(7)
            WORD.set("caller")
            return call(*args, **options)

        return contextvars.copy_context().run(inside)

    def test_variables_go_along_by_default_within_the_process(self) -> None:
        """Across the process border nothing goes along that was not chosen."""
        expected = (0, "none") if self.new().traits.isolated else (7, "caller")
        for func in (variables, avariables):
            assert self.in_context(self.new().map, func, range(4)) == [expected] * 4

    def test_chosen_variables_go_along_everywhere(self) -> None:
        """And only those."""
        for func in (variables, avariables):
            assert self.in_context(self.new().map, func, range(4), context=[NUMBER]) == [(7, "none")] * 4
            assert self.in_context(self.new(context=[NUMBER, WORD]).map, func, range(4)) == [(7, "caller")] * 4

    def test_no_variables_go_along_if_none_are_wanted(self) -> None:
        """`context=False` is the same on every strategy."""
        for func in (variables, avariables):
            assert self.in_context(self.new().map, func, range(4), context=False) == [(0, "none")] * 4

    def test_the_context_is_the_callers_at_the_call(self) -> None:
        """A stream's items see what was set when the verb was called."""

        def inside() -> Any:
            NUMBER.set(1)
            stream = self.new().stream(variables, range(3), context=[NUMBER])
            NUMBER.set(2)
            return list(stream)

        assert contextvars.copy_context().run(inside) == [(1, "none")] * 3

    def test_items_do_not_see_each_others_variables(self) -> None:
        """Each runs in a copy, many on one worker or not."""
        for func in (change, achange):
            assert self.in_context(self.new(max_workers=1).map, func, range(50), context=[NUMBER]) == [7] * 50

    def test_the_caller_does_not_see_the_items_variables(self) -> None:
        """Also where items run in its own thread, and where they share a context."""
        for shared in (False, True):
            NUMBER.set(3)
            self.new(shared_context=shared).map(change, range(5))
            assert NUMBER.get() == 3
            NUMBER.set(0)

    def test_a_seed_gives_the_same_numbers_everywhere(self) -> None:
        """What `item_random` gives depends on seed and index alone, as the simplest strategy shows."""
        expected = SyncStrategy().map(dice, range(30), seed=5)
        with self.new(seed=5) as strategy:
            for func in (dice, adice):
                assert strategy.map(func, range(30)) == expected
            assert list(strategy.stream(dice, iter(range(30)), chunksize=7)) == expected
        assert len({tuple(numbers) for numbers in expected}) == 30
        assert self.new(seed=6).map(dice, range(3)) != expected[:3]

    def test_the_global_generator_is_never_touched(self) -> None:
        """Neither the caller's nor the item's."""
        before = random.getstate()
        assert all(self.new(seed=1).map(global_dice, range(4)))
        assert random.getstate() == before

    def test_dice_need_a_seed(self) -> None:
        """Without one the item's error says how to give it; outside an item likewise."""
        (failure,) = self.new().outcomes(dice, [1])
        assert isinstance(failure, Failure)
        assert "seed" in str(failure.error)
        assert isinstance(failure.error, InvalidOption)
        raised(InvalidOption, item_random)

    def test_a_key_labels_outcomes_and_errors(self) -> None:
        """Made from the item by the caller, and shown in the note."""
        outcomes = list(self.new().outcomes(double, ["a", "b"], key=str.upper))
        assert [outcome.key for outcome in outcomes] == ["A", "B"]
        error = raised(Boom, self.new().map, functools.partial(fail_on, (2,)), range(4), key=lambda x: f"row-{x}")
        assert "row-2" in notes(error)

    def test_a_key_is_made_in_the_callers_thread(self) -> None:
        """It may look at what only the caller may touch."""
        threads: set[int] = set()
        self.new().map(double, range(10), key=lambda x: threads.add(threading.get_ident()))
        assert threads == {threading.get_ident()}

    def test_progress_counts_every_item(self) -> None:
        """A callable gets done and total, an object with `update` the increments; both in a thread of the driver."""
        told: list[tuple[int, int | None]] = []
        with self.new() as strategy:
            strategy.map(double, list(range(30)), progress=lambda done, total: told.append((done, total)))
            assert told[-1] == (30, 30)
            assert [done for done, _ in told] == sorted(done for done, _ in told)
            list(strategy.stream(double, iter(range(30)), progress=lambda *counts: told.append(counts)))
            assert told[-1:] == [(30, None)]
            bar = Total()
            strategy.map(fail_on, [(2,)] * 30, range(30), progress=bar, on_error="skip")
            assert bar.count == 30
            assert bar.threads == {threading.get_ident()}

    def test_finished_items_are_not_run_again_after_a_crash(self, tmp_path: Path) -> None:
        """With a checkpoint the second run has the first one's results, and runs only what is missing."""
        notices, file = board(tmp_path), tmp_path / "done.jsonl"
        bad = [3]

        def func(x: int) -> int:
            note(notices, x)
            return int(fail_on(tuple(bad), x))

        strategy = self.new(max_workers=1, checkpoint=file, chunksize=1)
        raised(Boom, strategy.map, func, range(6))
        bad.clear()
        assert strategy.map(func, range(6)) == [0, 1, 2, 3, 4, 5]
        assert notices.names("start-0") == {"start-0"}
        assert notices.names("start-3") == {"start-3", "start-3.2"}

    def test_a_checkpoint_goes_with_either_colour(self, tmp_path: Path) -> None:
        """Also where the colour shows only in what the first item returned, which is not run again."""
        file = tmp_path / "done.jsonl"
        for func in (adouble, lambda x: adouble(x)):  # noqa: PLW0108  (nobody declared it)
            assert self.new(checkpoint=file).map(func, range(3)) == [0, 2, 4]
            assert self.new(checkpoint=file).map(func, range(6)) == [0, 2, 4, 6, 8, 10]
            file.unlink()

    def test_a_shared_context_changes_no_result(self) -> None:
        """It saves a copy for each item, and that is all that a function without variables can tell."""
        with self.new(shared_context=True) as strategy:
            assert strategy.map(double, range(50)) == strategy.map(adouble, range(50)) == list(range(0, 100, 2))
