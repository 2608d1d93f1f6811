"""How numbers are said to people: times, ratios, counts."""

from __future__ import annotations

import math

_UNITS = ((1e-6, 1e-9, "ns"), (1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (120.0, 1.0, "s"), (7200.0, 60.0, "min"))


def say_seconds(seconds: float) -> str:
    """Say a time with two or three digits, in the unit that suits it."""
    if seconds == 0:
        return "0 s"
    for below, unit, name in _UNITS:
        if seconds < below:
            return f"{_digits(seconds / unit)} {name}"
    return f"{_digits(seconds / 3600)} h"


def say_size(size: float) -> str:
    """Say a number of bytes with two or three digits."""
    for below, unit, name in ((1e3, 1, "B"), (1e6, 1e3, "kB"), (1e9, 1e6, "MB")):
        if size < below:
            return f"{_digits(size / unit)} {name}"
    return f"{_digits(size / 1e9)} GB"


def say_ratio(ratio: float) -> str:
    """Say how many times as long something takes."""
    if ratio < 1.01:
        return "as long"
    return f"{_digits(ratio)} times as long" if ratio < 1000 else "more than 1000 times as long"


def say_count(number: int, noun: str) -> str:
    """Say how many there are: `1 item`, `10,000 items`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _digits(number: float) -> str:
    if number >= 100 or not math.isfinite(number):
        return f"{number:.0f}"
    return f"{number:.2g}" if number < 10 else f"{number:.3g}"
