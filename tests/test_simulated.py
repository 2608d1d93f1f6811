"""`SimulatedStrategy` keeps the contract, and has the accidents that it is asked for."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concurrent_strategies import Failure, InvalidOption, Retry, Success, TaskTimeout, WorkerDied
from concurrent_strategies.testing import SimulatedFailure, SimulatedStrategy, StrategyContract


class TestSimulated(StrategyContract):
    """Without accidents it is a strategy like any other."""

    make = SimulatedStrategy
    concurrent = moves = False


def double(x: int) -> int:
    """Return twice the number."""
    return 2 * x


def test_completion_comes_in_an_order_that_can_be_repeated() -> None:
    """Unordered results are shuffled by the seed, and by nothing else."""
    found = [list(SimulatedStrategy(8, seed=seed, ordered=False).stream(double, range(40))) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[0] != sorted(found[0])
    assert sorted(found[0]) == sorted(found[2]) == list(range(0, 80, 2))


def test_ordered_results_stay_in_order() -> None:
    """Chance decides when items end, and never where their results come."""
    assert SimulatedStrategy(seed=3).map(double, range(40)) == list(range(0, 80, 2))


@pytest.mark.parametrize(
    ("accident", "error"), [("failing", SimulatedFailure), ("dying", WorkerDied), ("late", TaskTimeout)]
)
def test_accidents_strike_the_items_that_were_named(accident: str, error: type[Exception]) -> None:
    """Those items fail in the way asked for, and all others have their results."""
    strategy = SimulatedStrategy(**{accident: {2, 5}})
    outcomes = list(strategy.outcomes(double, range(8)))
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [x in {2, 5} for x in range(8)]
    assert all(type(outcome.error) is error for outcome in outcomes if isinstance(outcome, Failure))
    assert [outcome.value for outcome in outcomes if isinstance(outcome, Success)] == [0, 2, 6, 8, 12, 14]


@pytest.mark.parametrize("accident", ["failing", "dying", "late"])
def test_a_second_attempt_goes_well(accident: str) -> None:
    """Named items are struck once, so that a test can see its retries work."""
    strategy = SimulatedStrategy(retry=Retry(attempts=2, wait=0), **{accident: {2}})
    assert [outcome.attempts for outcome in strategy.outcomes(double, range(4))] == [1, 1, 2, 1]


@settings(max_examples=60)
@given(
    st.integers(0, 60),
    st.integers(0, 1000),
    st.integers(1, 9),
    st.sampled_from((0.0, 0.1, 0.5, 1.0)),
    st.sampled_from((0.0, 0.3)),
    st.booleans(),
)
def test_nothing_is_lost_whatever_happens(
    items: int, seed: int, workers: int, failing: float, dying: float, ordered: bool
) -> None:
    """One outcome for each item, by chance a good one; the same again with the same seed."""

    def outcomes() -> list[Any]:
        strategy = SimulatedStrategy(workers, seed=seed, failing=failing, dying=dying, late=0.1, ordered=ordered)
        return [(o.index, getattr(o, "value", None)) for o in strategy.outcomes(double, iter(range(items)))]

    found = outcomes()
    assert sorted(index for index, _ in found) == list(range(items))
    assert all(value in (None, 2 * index) for index, value in found)
    assert sorted(found, key=str) == sorted(outcomes(), key=str)
    if ordered:
        assert [index for index, _ in found] == list(range(items))


def test_time_outs_take_no_time() -> None:
    """An hour that passed is only said to have passed."""
    began = time.monotonic()
    (failure,) = SimulatedStrategy(late=1.0, task_timeout=3600).outcomes(double, [1])
    assert isinstance(failure, Failure)
    assert "3600" in str(failure.error)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("bad", [{"failing": 2}, {"late": -0.1}, {"dying": True}])
def test_what_is_no_chance_is_refused(bad: dict[str, Any]) -> None:
    """With the words for what is one."""
    with pytest.raises(InvalidOption, match="a chance from 0 to 1"):
        SimulatedStrategy(**bad)


def test_its_accidents_are_shown_and_travel() -> None:
    """They are settings like any other."""
    strategy = SimulatedStrategy(2, failing=0.5, dying=[3])
    assert repr(strategy) == "SimulatedStrategy(max_workers=2, failing=0.5, dying=frozenset({3}))"
    assert repr(pickle.loads(pickle.dumps(strategy))) == repr(strategy)
