"""What the package offers: that each public name exists, is documented, and that there are no others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_overloads

import pytest

import concurrent_strategies

PACKAGE = "concurrent_strategies"
REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"
NAMES = sorted(concurrent_strategies.__all__)


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted, without doubles, and holds every public name that `dir()` shows."""
    assert list(concurrent_strategies.__all__) == sorted(set(concurrent_strategies.__all__))
    shown = {name for name in dir(concurrent_strategies) if not name.startswith("_")}
    modules = {name for name in shown if inspect.ismodule(getattr(concurrent_strategies, name))}
    assert shown - modules == set(concurrent_strategies.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_public_name_can_be_imported(name: str) -> None:
    """`from concurrent_strategies import NAME` works, each time with the same object."""
    first = getattr(concurrent_strategies, name)
    assert getattr(concurrent_strategies, name) is first


@pytest.mark.parametrize("name", NAMES)
def test_public_name_has_a_docstring(name: str) -> None:
    """Each public class and function says what it is, and so does each public method of a class."""
    thing = getattr(concurrent_strategies, name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return  # a type alias has no docstring of its own; the reference explains it
    assert (thing.__doc__ or "").strip(), f"{name} has no docstring"
    methods = {method: value for method, value in vars(thing).items() if not method.startswith("_")}
    bare = [
        method
        for method, value in methods.items()
        if (inspect.isroutine(value) and not get_overloads(value)) or isinstance(value, property)
        if not inspect.getdoc(getattr(thing, method))
    ]
    assert bare == []


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that the package does not have is refused as in any module."""
    with pytest.raises(AttributeError, match="no_such_name"):
        concurrent_strategies.no_such_name  # noqa: B018


def test_reference_lists_every_public_name_and_no_other() -> None:
    """`docs/reference.md` has an entry for each public name, and none for a name that is gone."""
    listed = re.findall(rf"^::: {PACKAGE}\.(\w+)$", REFERENCE.read_text(), re.MULTILINE)
    assert sorted(listed) == NAMES
