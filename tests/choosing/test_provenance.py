"""`resolve`: what would be built, and where each part of it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from concurrent_strategies._config import get_strategy, resolve, using

from .fakes import FakeStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from concurrent_strategies._provenance import Resolution


def parts(resolution: Resolution) -> list[tuple[str, Any, str]]:
    """Return all settings with their places, as a listing shows them."""
    return [(setting.key, setting.value, str(setting.origin)) for setting in resolution.settings()]


def test_each_part_says_where_it_comes_from(pyproject: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of one choice may come from several places, and each is named so that it can be found."""
    path = pyproject("[tool.concurrent-strategies]\nstrategy = 'fake:8/other:2'\nrate = 5\nseed = 1")
    with using(rate=6):
        assert parts(resolve(loop="fast")) == [
            ("strategy", "fake", f"{path} [tool.concurrent-strategies]"),
            ("loop", "fast", "argument"),
            ("max_workers", 8, f"{path} [tool.concurrent-strategies]"),
            ("rate", 6, "using()"),
            ("seed", 1, f"{path} [tool.concurrent-strategies]"),
            ("inner", "other", f"{path} [tool.concurrent-strategies]"),
            ("inner.max_workers", 2, f"{path} [tool.concurrent-strategies]"),
        ]
    monkeypatch.setenv("CONCURRENT_STRATEGY", "other")
    assert parts(resolve()) == [("strategy", "other", "environment variable CONCURRENT_STRATEGY")]


def test_the_default_is_a_place_too() -> None:
    """Nobody chose anything: that is said as well."""
    assert parts(resolve()) == [("strategy", "thread", "default")]


def test_a_profile_says_its_table_and_who_chose_it(
    pyproject: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both the table to edit and the variable to unset can be seen."""
    path = pyproject("[tool.concurrent-strategies.profiles.nightly]\nstrategy = 'fake'")
    monkeypatch.setenv("CONCURRENT_STRATEGY", "@nightly:4")
    table = f"{path} [tool.concurrent-strategies.profiles.nightly]"
    assert parts(resolve()) == [
        ("strategy", "fake", f"{table}, chosen by environment variable CONCURRENT_STRATEGY"),
        ("max_workers", 4, "environment variable CONCURRENT_STRATEGY"),
    ]


@pytest.mark.parametrize("spec", ["fake", "fake:4?loop=fast&rate=0.5", "fake:4/other:250?note=%34"])
def test_a_resolution_can_be_said_as_a_spec_string(spec: str) -> None:
    """The spec string of a resolution resolves to the same again."""
    resolution = resolve(spec)
    assert resolution.spec == spec
    assert resolve(resolution.spec) == resolution


def test_what_no_text_can_stand_for_has_no_spec_string() -> None:
    """Objects among the options, at any depth, and finished strategies are not printed as if they were texts."""
    assert resolve("fake", key=len).spec is None
    assert resolve("fake", inner={"strategy": "other", "key": len}).spec is None
    assert resolve(FakeStrategy()).spec is None


def test_a_finished_strategy_has_a_name_and_a_place() -> None:
    """An object put in force by `using` is shown like everything else."""
    strategy = FakeStrategy()
    with using(strategy):
        assert resolve().name == "fake"
        assert parts(resolve()) == [("strategy", strategy, "using()")]


def test_resolving_loads_and_builds_nothing() -> None:
    """What is shown may be something that cannot be built here; building says so."""
    assert resolve("no-such-strategy:3?no_such_option=1").name == "no-such-strategy"
    with pytest.raises(LookupError):
        get_strategy("no-such-strategy")
