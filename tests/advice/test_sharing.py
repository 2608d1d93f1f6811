"""Which functions leave something behind in this process, as far as can be seen without running them."""

from __future__ import annotations

import functools
import operator
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies.advice.sharing import changes_here

TOTAL = 0
SEEN: list[int] = []


def adds(item: int) -> int:
    """Change a variable of the module."""
    global TOTAL  # noqa: PLW0603
    TOTAL += item
    return item


def plain(item: int) -> int:
    """Change nothing."""
    found = [item]
    found.append(item)
    return sum(found)


def closure(value: Any) -> Callable[[int], Any]:
    """Bring something along."""

    def with_value(item: int) -> Any:
        return value, item

    return with_value


def counter() -> Callable[[int], int]:
    """Count in a variable outside."""
    count = 0

    def counting(item: int) -> int:
        nonlocal count
        count += item
        return count

    return counting


def recursive() -> Callable[[int], int]:
    """Bring itself along."""

    def factorial(item: int) -> int:
        return 1 if item < 2 else item * factorial(item - 1)

    return factorial


@dataclass(frozen=True)
class Settings:
    """Cannot be changed."""

    size: int = 3

    def use(self, item: int) -> int:
        """Use it."""
        return self.size * item


class Collector:
    """Can be changed."""

    def __init__(self) -> None:
        self.items: list[int] = []

    def take(self, item: int) -> None:
        """Change it."""
        self.items.append(item)

    def __call__(self, item: int) -> None:
        """Change it, too."""
        self.items.append(item)


@pytest.mark.parametrize(
    "func",
    [
        plain,
        len,
        zlib.compress,
        int,
        str.upper,
        operator.itemgetter(1),
        lambda item: item + 1,
        closure(3),
        closure((1, "a", frozenset({2}))),
        closure(Path("a")),
        closure(plain),
        closure(Settings()),
        recursive(),
        functools.partial(pow, 2),
        functools.partial(plain),
    ],
)
def test_a_function_of_its_item_alone_may_go_anywhere(func: Callable[..., Any]) -> None:
    """It assigns to nothing outside and brings along nothing that could be changed."""
    assert changes_here(func) == ""


@pytest.mark.parametrize(
    ("func", "word"),
    [
        (adds, "TOTAL"),
        (closure([]), "value"),
        (closure({}), "value"),
        (closure(Collector()), "value"),
        (closure(adds), "value"),
        (closure(SEEN.append), "value"),
        (counter(), "count"),
        (Collector().take, "Collector"),
        (Collector(), "Collector"),
        (functools.partial(closure(1), [2]), "list"),
        (SEEN.append, "list"),
    ],
)
def test_a_function_that_changes_something_here_stays_here(func: Callable[..., Any], word: str) -> None:
    """And it is said what speaks for that."""
    assert word in changes_here(func)
