"""Argument over `using`, over the environment, over the file, over the default: who wins, and what is kept."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest

from concurrent_strategies._config import get_strategy, resolve, using
from concurrent_strategies._errors import InvalidOption, StrategyUnavailable, UnknownStrategy

from .fakes import FakeStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from concurrent_strategies import Strategy

    Write = Callable[[str], Path]


def told(strategy: Strategy) -> dict[str, Any]:
    """Return what a fake strategy was given."""
    assert isinstance(strategy, FakeStrategy)
    return strategy.told()


def test_each_place_wins_over_those_below_it(pyproject: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The five places in their order, each laid over the one before."""
    assert resolve().name == "thread"
    pyproject("[tool.concurrent-strategies]\nstrategy = 'fake:1'")
    assert told(get_strategy()) == {"name": "fake", "max_workers": 1}
    monkeypatch.setenv("CONCURRENT_STRATEGY", "fake:2")
    assert told(get_strategy()) == {"name": "fake", "max_workers": 2}
    with using("fake:3"):
        assert told(get_strategy()) == {"name": "fake", "max_workers": 3}
        assert told(get_strategy("fake:4")) == {"name": "fake", "max_workers": 4}
    assert told(get_strategy()) == {"name": "fake", "max_workers": 2}


def test_options_are_added_to_the_strategy_in_force(pyproject: Write) -> None:
    """Whoever names no strategy says something about the one that is in force."""
    pyproject("[tool.concurrent-strategies]\nstrategy = 'fake:1'\nrate = 5")
    assert told(get_strategy(max_workers=7)) == {"name": "fake", "max_workers": 7, "rate": 5}
    with using(loop="fast"), using(rate=9):
        assert told(get_strategy(seed=1)) == {"name": "fake", "max_workers": 1, "rate": 9, "loop": "fast", "seed": 1}


def test_options_meant_for_another_strategy_are_not_mixed_in(pyproject: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a strategy starts afresh, even with the same name: what is below was said about another choice."""
    pyproject("[tool.concurrent-strategies]\nstrategy = 'fake:500'\nloop = 'fast'")
    monkeypatch.setenv("CONCURRENT_STRATEGY", "other")
    assert told(get_strategy()) == {"name": "other"}
    assert told(get_strategy("fake")) == {"name": "fake"}


def test_a_file_may_add_options_to_the_default(pyproject: Write) -> None:
    """A table without a strategy is not an error: it says something about the default."""
    pyproject("[tool.concurrent-strategies]\nrate = 3")
    assert [(part.key, part.value) for part in resolve().settings()] == [("strategy", "thread"), ("rate", 3)]


def test_an_explicit_spec_reads_neither_environment_nor_file(pyproject: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that says what it wants is not broken by somebody's broken configuration."""
    pyproject("this is no TOML")
    monkeypatch.setenv("CONCURRENT_STRATEGY", "no spec at all")
    assert told(get_strategy("fake")) == {"name": "fake"}


def test_keywords_win_over_the_spec_beside_them() -> None:
    """`get_strategy(users_spec, max_workers=2)` bounds whatever the user chose."""
    assert told(get_strategy("fake:8?rate=1", max_workers=2)) == {"name": "fake", "max_workers": 2, "rate": 1}


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CONCURRENT_STRATEGY= program` switches the variable off, as shells and containers do it."""
    monkeypatch.setenv("CONCURRENT_STRATEGY", " ")
    assert resolve().strategy.origin.kind == "default"


def test_a_strategy_object_is_returned_as_it_is() -> None:
    """Functions may take a spec or a strategy in one parameter."""
    strategy = FakeStrategy(3)
    assert get_strategy(strategy) is strategy
    with using(strategy) as same:
        assert same is strategy
        assert get_strategy() is strategy


def test_a_finished_strategy_takes_no_more_options() -> None:
    """It may have workers already; changing a copy would lose them silently."""
    with pytest.raises(InvalidOption, match=r"rate=1 is not allowed: .*FakeStrategy.* is finished.*constructor"):
        get_strategy(FakeStrategy(), rate=1)
    with using(FakeStrategy()), pytest.raises(InvalidOption, match="is finished"):
        get_strategy(inner="fake")


def test_a_class_is_no_strategy() -> None:
    """`get_strategy(ThreadStrategy)` is a slip that is named."""
    with pytest.raises(InvalidOption, match="spec=.* a spec string such as 'process:4', a mapping"):
        get_strategy(FakeStrategy)


def test_using_gives_everyone_below_the_same_object() -> None:
    """What `using` yields is what is in force, so that opening it opens it for everyone below."""
    with using("fake:2") as strategy:
        assert get_strategy() is strategy
        assert get_strategy("fake:2") is not strategy
    assert resolve().name == "thread"


def test_using_nests_and_restores_also_after_an_error() -> None:
    """However the block is left, what was in force before it is in force after it."""
    with using("fake:1") as outer:
        with pytest.raises(KeyError), using("fake:2"):
            raise KeyError
        assert get_strategy() is outer
    assert resolve().strategy.origin.kind == "default"


def test_using_refuses_a_bad_choice_on_entry() -> None:
    """A mistake shows where it is made, not in the third-party code below."""
    with pytest.raises(UnknownStrategy), using("fak"):
        pytest.fail("the block must not be entered")
    assert resolve().name == "thread"


def test_using_holds_across_await_and_in_tasks_and_not_beside_them() -> None:
    """Two tasks at once have each their own; a task started inside the block has the block's."""

    async def ask(barrier: asyncio.Barrier, workers: int) -> list[int | None]:
        with using("fake", max_workers=workers):
            await barrier.wait()
            child = asyncio.create_task(inside())
            return [await child, told(get_strategy())["max_workers"]]

    async def inside() -> int:
        number: int = told(get_strategy())["max_workers"]
        return number

    async def main() -> list[list[int | None]]:
        barrier = asyncio.Barrier(2)
        return await asyncio.gather(ask(barrier, 1), ask(barrier, 2))

    assert asyncio.run(main()) == [[1, 1], [2, 2]]


def test_using_goes_along_in_a_copied_context_and_not_into_a_bare_thread() -> None:
    """Threads that somebody starts have a context of their own, unless they are given a copy."""
    names: list[str] = []
    with using("fake"):
        context = contextvars.copy_context()
        for target in (lambda: names.append(resolve().name), lambda: context.run(lambda: names.append(resolve().name))):
            thread = threading.Thread(target=contextvars.Context().run, args=(target,))
            thread.start()
            thread.join()
    assert names == ["thread", "fake"]


def test_using_may_be_left_in_another_context_than_it_was_entered_in() -> None:
    """Async fixtures and generators do that; nothing was set in the other context, so nothing is restored there."""
    block = using("fake")
    contextvars.copy_context().run(block.__enter__)
    block.__exit__(None, None, None)
    assert resolve().name == "thread"


def test_the_package_that_a_choice_needs_is_named_with_where_the_choice_stands(
    monkeypatch: pytest.MonkeyPatch, register: Callable[..., None]
) -> None:
    """An error from a place that the caller does not see says which place that is."""
    register(("gone", "no_such_package:Class"))
    monkeypatch.setenv("CONCURRENT_STRATEGY", "gone")
    with pytest.raises(StrategyUnavailable) as caught:
        get_strategy()
    assert caught.value.__notes__ == ["this comes from environment variable CONCURRENT_STRATEGY"]


def test_a_variable_that_cannot_be_read_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the environment does not silently choose something else."""
    monkeypatch.setenv("CONCURRENT_STRATEGY", "process:many")
    with pytest.raises(InvalidOption, match="whole number") as caught:
        get_strategy()
    assert caught.value.__notes__ == ["this comes from environment variable CONCURRENT_STRATEGY"]


def test_a_strategy_is_not_named_twice_in_one_call() -> None:
    """`get_strategy("thread", strategy="process")` has no meaning."""
    with pytest.raises(InvalidOption, match="given already"):
        get_strategy("fake", strategy="other")
    assert told(get_strategy(strategy="fake:2", rate=1)) == {"name": "fake", "max_workers": 2, "rate": 1}
