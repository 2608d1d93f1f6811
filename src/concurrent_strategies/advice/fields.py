"""The kinds of field a profile is made of: a default, and the check that a value has to pass.

A check takes a value and gives it back as the type the model computes with, or raises `ValueError` or `TypeError`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final

_MOST: Final = 10**15  # items, bytes, connections: more is a slip of the pen, and floats would lose count
_LONGEST: Final = 1e9  # seconds, some thirty years


def seconds(default: float | None) -> Any:
    """Make a field for a time."""
    return number(default, 0, _LONGEST, "a number of seconds from 0 to 1e9")


def number(default: float | None, least: float, most: float, allowed: str = "") -> Any:
    """Make a field for a number within bounds, both included."""

    def check(value: Any) -> float:
        if isinstance(value, bool | str | bytes):
            raise TypeError
        number = float(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return _field(default, check, allowed or f"a number from {least:g} to {most:g}")


def whole(default: int | None, *, least: int = 0) -> Any:
    """Make a field for a number of things; `1e6` counts as whole, as a configuration file may say it so."""

    def check(value: Any) -> int:
        if isinstance(value, bool):
            raise TypeError
        number = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)
        if not least <= number <= _MOST:
            raise ValueError
        return number

    return _field(default, check, f"a whole number from {least} to {_MOST:.0e}")


def choice(default: Any, *allowed: object) -> Any:
    """Make a field for one of several words or values."""

    def check(value: Any) -> object:
        for word in allowed:
            if type(value) is type(word) and value == word:
                return word
        raise ValueError

    *others, last = (repr(word) for word in allowed)
    words = tuple(word for word in allowed if isinstance(word, str))
    return _field(default, check, f"{', '.join(others)} or {last}", words)


def fact(default: bool | None) -> Any:
    """Make a field for something that is so or not."""
    return choice(default, True, False)


def named_numbers() -> Any:
    """Make a field for numbers by name."""

    def check(value: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            raise TypeError
        return {str(name): float(number) for name, number in value.items()}

    return _field(None, check, "a mapping of names to numbers")


def _field(default: Any, check: Callable[[Any], Any], allowed: str, words: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"check": check, "allowed": allowed, "words": words})
