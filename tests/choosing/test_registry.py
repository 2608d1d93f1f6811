"""Names of strategies: which there are, and what is said about one that cannot be had."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from concurrent_strategies import _registry
from concurrent_strategies._errors import StrategyUnavailable, UnknownStrategy
from concurrent_strategies._registry import BUILT_IN, available, load

from .fakes import FakeStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Register = Callable[..., None]

NAMES = ["sync", "thread", "process", "green", "asyncio", "trio", "auto"]


def test_the_built_in_names_are_those_of_the_documentation() -> None:
    """Each built-in strategy has one name, in the order in which they are explained."""
    assert list(BUILT_IN) == NAMES


def test_a_registered_class_is_loaded_by_name() -> None:
    """What a package registers as an entry point is found under that name."""
    assert load("fake") is FakeStrategy


def test_an_unknown_name_is_an_error_with_a_suggestion() -> None:
    """The error names what exists, foreign strategies included, and what was probably meant."""
    with pytest.raises(UnknownStrategy, match=r"'thraed'.*sync, thread, .*fake.*Did you mean 'thread'\?"):
        load("thraed")
    with pytest.raises(UnknownStrategy, match=r"Did you mean 'strict'\?"):
        load("strikt")


def test_a_built_in_name_is_found_without_looking_for_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading every installed package's metadata is paid for only by names that are not built in."""
    looked: list[str] = []
    monkeypatch.setattr(_registry, "entry_points", lambda: looked.append("up") or [])
    monkeypatch.setitem(sys.modules, "trio", None)
    with pytest.raises(StrategyUnavailable):
        load("trio")
    assert looked == []


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to look up which package a strategy needs."""
    monkeypatch.setitem(sys.modules, "trio", None)
    with pytest.raises(StrategyUnavailable, match=r"pip install 'concurrent-strategies\[trio\]'") as caught:
        load("trio")
    assert isinstance(caught.value, ImportError)
    assert caught.value.strategy == "trio"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_package.deep:Class [fast]", r"'no_such_package' is missing; .*'no_such_package\[fast\]'"),
        ("tests.choosing.no_such_module:Class", r"loading .* failed \(ModuleNotFoundError"),
        ("tests.choosing.fakes:Missing", r"loading .* failed \(AttributeError"),
        ("tests.choosing.fakes:NoStrategy", r"is no strategy class; tell its authors"),
        ("tests.choosing.fakes", r"loading .* failed"),
    ],
)
def test_a_broken_registration_is_unavailable_and_says_why(register: Register, target: str, reason: str) -> None:
    """Whatever is wrong with a foreign package ends in one error class with the reason in it."""
    register(("odd", target))
    with pytest.raises(StrategyUnavailable, match=reason):
        load("odd")


def test_a_package_that_fails_on_import_is_unavailable_with_its_error_as_cause(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback of the foreign error is kept."""
    (tmp_path / "fails_on_import.py").write_text("raise RuntimeError('no display')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    register(("odd", "fails_on_import:Class"))
    with pytest.raises(StrategyUnavailable, match="RuntimeError: no display") as caught:
        load("odd")
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_foreign_package_cannot_take_a_built_in_name(register: Register) -> None:
    """Installing a package never changes what a built-in name means; the listing says what became of it."""
    register(("thread", "tests.choosing.fakes:FakeStrategy"))
    lines = [line for line in available() if line.name == "thread"]
    assert [line.origin for line in lines] == ["built in", "tests"]
    assert "has to choose another name" in lines[1].reason


def test_a_name_that_two_packages_claim_is_used_by_neither(register: Register) -> None:
    """Which of the two is found first would be chance."""
    register(("twice", "tests.choosing.fakes:FakeStrategy"), ("twice", "tests.choosing.fakes:OtherStrategy"))
    with pytest.raises(StrategyUnavailable, match="both register 'twice'; uninstall one"):
        load("twice")


def test_one_package_found_at_two_places_is_one(register: Register) -> None:
    """An editable installation beside its source folder is no conflict."""
    register(*[("once", "tests.choosing.fakes:FakeStrategy")] * 2)
    assert load("once") is FakeStrategy


def test_the_listing_tells_what_is_available_and_why_not(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name has an origin, and a reason if it cannot be used here."""
    monkeypatch.setitem(sys.modules, "trio", None)
    register(("fake", "tests.choosing.fakes:FakeStrategy"), ("gone", "no_such_package:Class"))
    listed = {line.name: line for line in available()}
    assert list(listed) == [*NAMES, "fake", "gone"]
    assert listed["thread"].available
    assert listed["fake"].available
    assert not listed["trio"].available
    assert "concurrent-strategies[trio]" in listed["trio"].reason
    assert "'no_such_package' is missing" in listed["gone"].reason


def test_the_origin_of_a_foreign_strategy_is_its_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is really installed is found by its metadata and named as its user knows it."""
    metadata = tmp_path / "acme_strategies-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-strategies\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[concurrent_strategies]\nacme = tests.choosing.fakes:FakeStrategy\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(_registry, "entry_points", lambda: entry_points(group=_registry.GROUP))
    assert ("acme", "acme-strategies") in [(line.name, line.origin) for line in available()]
    assert load("acme") is FakeStrategy


def test_listing_imports_no_strategy_and_none_of_their_packages() -> None:
    """Looking at the list costs no import of anything that is in it."""
    code = """
import sys
from concurrent_strategies._registry import available
assert available()
heavy = {"gevent", "anyio", "trio", "asyncio", "multiprocessing"} & set(sys.modules)
strategies = [name for name in sys.modules if name.startswith("concurrent_strategies._strategies.")]
assert not heavy and not strategies, (heavy, strategies)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
