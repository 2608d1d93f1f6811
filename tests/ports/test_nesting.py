"""Strategies within workers: they share the machine, and a recursion that nobody noticed ends with one clear error."""

from __future__ import annotations

import os

import pytest

from concurrent_strategies import GreenStrategy, ProcessStrategy, StrategyUnavailable
from concurrent_strategies._machine import CORES_VARIABLE, DEPTH_VARIABLE, usable_cores
from concurrent_strategies._ports.nesting import DEEPEST, THREADS_VARIABLES, environment


def variable(name: str) -> str | None:
    """Return an environment variable of the worker."""
    return os.environ.get(name)


def deeper(level: int) -> int:
    """Start a worker within the worker, and so on."""
    with ProcessStrategy(1) as strategy:
        return strategy.map(deeper, [level + 1])[0]


def test_numerical_libraries_get_the_share_of_their_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores for one worker alone, half of them for each of two. What somebody has set stays."""
    for name in THREADS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    names = (CORES_VARIABLE, *THREADS_VARIABLES)
    for workers in (1, 2):
        share = str(max(1, int(usable_cores()) // workers))
        with ProcessStrategy(workers) as strategy:
            assert strategy.map(variable, names) == ["7" if name == "MKL_NUM_THREADS" else share for name in names]


def test_what_we_have_set_ourselves_is_divided_again() -> None:
    """A worker within a worker has a share of that one's share."""
    outer = {"MKL_NUM_THREADS": "7"} | environment("process", 4, {"MKL_NUM_THREADS": "7"})
    assert outer["OMP_NUM_THREADS"] == "4"
    inner = outer | environment("process", 2, outer)
    assert (inner["OMP_NUM_THREADS"], inner["MKL_NUM_THREADS"], inner[DEPTH_VARIABLE]) == ("2", "7", "2")


def test_a_single_child_for_greenlets_has_all_that_we_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is only one, and it waits: nothing is limited."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with GreenStrategy(4, isolate=True) as strategy:
        assert strategy.map(variable, ["OMP_NUM_THREADS", DEPTH_VARIABLE]) == [None, "1"]


def test_a_function_that_starts_itself_ends_with_one_clear_error() -> None:
    """It comes out through all levels, and says how deep it is."""
    with pytest.raises(StrategyUnavailable, match=f"nested {DEEPEST} deep"):
        deeper(0)
