"""That the pages say everything there is to say: no option, default, error or strategy is missing or out of date.

That their code runs is seen to elsewhere: conftest.py makes each block a test.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from docs import tables

import concurrent_strategies
from concurrent_strategies import Options

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]

# Python is run, TOML and JSON are parsed, a console is a shell to type into, and text is text.
LANGUAGES = {"python", "toml", "json", "jsonl", "console", "text"}


def test_every_option_is_explained_with_its_default() -> None:
    """`options.md` has a section for each option, and says the default that the code has."""
    explained = dict(re.findall(r"^### (\w+)\n\nDefault: `(.+?)`$", (DOCS / "options.md").read_text(), re.MULTILINE))
    assert explained == {field.name: repr(field.default) for field in fields(Options)}


def test_every_error_is_in_the_tree() -> None:
    """`errors.md` draws each of the package's errors, under the builtin that it also is."""
    drawn = dict(re.findall(r"^ *(\w+) +\((\w+)\)  ", (DOCS / "errors.md").read_text(), re.MULTILINE))
    public = {name: getattr(concurrent_strategies, name) for name in concurrent_strategies.__all__}
    errors = {name: thing for name, thing in public.items() if isinstance(thing, type) and issubclass(thing, Exception)}
    assert set(drawn) == set(errors) - {"StrategyError"}
    for name, builtin in drawn.items():
        assert builtin in {base.__name__ for base in errors[name].__mro__[1:]}, name


def test_table_of_traits_is_up_to_date() -> None:
    """`strategies.md` shows the traits that the strategies have; `python docs/tables.py` makes it so."""
    page = DOCS / "strategies.md"
    assert page.read_text() == tables.with_traits(page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_names_a_known_language(page: Path) -> None:
    """No block escapes being run by a missing or a misspelt language."""
    opened = re.findall(r"^ *```(.*)$", page.read_text(), re.MULTILINE)[::2]
    assert set(opened) <= LANGUAGES


def test_every_guarantee_names_tests_that_exist() -> None:
    """`guarantees.md` backs each promise by tests, all of which the contract has."""
    from concurrent_strategies.testing import StrategyContract

    named = set(re.findall(r"`(test_\w+)`", (DOCS / "guarantees.md").read_text()))
    assert named
    assert {name for name in named if not hasattr(StrategyContract, name)} == set()
