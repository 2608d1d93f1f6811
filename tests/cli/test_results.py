"""Results as JSON lines."""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import dataclass
from typing import Any

import pytest

from concurrent_strategies.cli.results import ResultLines


@dataclass
class Point:
    """Something to write."""

    x: int
    y: bytes


def line_of(value: Any, **how: bool) -> str:
    """Write one result, and return the line."""
    file = io.StringIO()
    ResultLines(file, **how).write(4, value)
    return file.getvalue()


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "é\n", [1, [2]], {"a": {"b": None}}])
def test_what_json_knows_comes_back_as_it_was(value: Any) -> None:
    """One line each, whatever is inside."""
    assert line_of(value).count("\n") == 1
    assert json.loads(line_of(value)) == value


def test_the_index_comes_along_if_asked_for() -> None:
    """For results that come in another order than the items."""
    assert line_of("x", with_index=True) == '{"index": 4, "value": "x"}\n'


@pytest.mark.parametrize(
    ("value", "kin"),
    [
        (b"text", "text"),
        (b"\xff\x00", {"base64": "/wA="}),
        ((1, 2), [1, 2]),
        ({7}, [7]),
        (Point(1, b"a"), {"x": 1, "y": "a"}),
        (dt.date(2020, 1, 2), "2020-01-02"),
    ],
)
def test_what_json_does_not_know_is_written_as_its_nearest_kin(value: Any, kin: Any) -> None:
    """The pairs that the documentation promises."""
    assert json.loads(line_of(value)) == kin


@pytest.mark.parametrize("value", [object(), float("nan"), float("inf"), Point, {(1, 2): 3}])
def test_what_has_no_kin_is_refused(value: Any) -> None:
    """Nothing is written that a reader could not read."""
    file = io.StringIO()
    with pytest.raises((TypeError, ValueError)):
        ResultLines(file).write(0, value)
    assert file.getvalue() == ""


def test_each_line_is_flushed() -> None:
    """A reader sees results as they come."""
    flushed: list[str] = []

    class File(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    lines = ResultLines(File())
    lines.write(0, "a")
    lines.write(1, "b")
    assert flushed == ['"a"\n', '"a"\n"b"\n']
