"""The picture of an advice: what is drawn is what the model predicts, on any axes."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from concurrent_strategies import Machine, advise
from concurrent_strategies.advice.picture import curves

TWO = Machine(cores=2)
MIXED: dict[str, Any] = {"gil_cpu": 0.001, "wait": 0.02, "n_items": 1000, "coroutine": True}


class Axes:
    """Stands for those of matplotlib, and notes what is drawn."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[list[float], list[float]]] = {}
        self.levels: dict[str, float] = {}
        self.words: list[str] = []

    def plot(self, x: list[float], y: list[float], *, label: str, **_style: Any) -> None:
        """Draw a line."""
        self.lines[label] = (x, y)

    def axhline(self, y: float, *, label: str, **_style: Any) -> None:
        """Draw a level."""
        self.levels[label] = y

    def set_xlabel(self, text: str) -> None:
        """Name an axis."""
        self.words.append(text)

    set_ylabel = set_xlabel

    def set_xscale(self, *_scale: Any, **_how: Any) -> None:
        """Take a scale."""

    set_yscale = legend = set_xscale


def test_a_line_for_each_strategy_that_is_possible() -> None:
    """With the advised plan marked where the model sees it."""
    advice = advise({"gil_cpu": 0.1, "n_items": 1000}, TWO)
    axes = Axes()
    assert advice.plot(axes) is axes
    assert set(axes.lines) == {"thread", "process", "advised: process:2"}
    assert axes.levels["sync"] == pytest.approx(100)
    assert axes.lines["advised: process:2"] == ([2], [advice.expected_seconds])
    workers, seconds = axes.lines["process"]
    assert workers[:4] == [1, 2, 4, 8]
    assert seconds[1] == advice.expected_seconds
    assert axes.words == ["max_workers", "predicted seconds"]


def test_waiting_shows_where_more_workers_stop_helping() -> None:
    """The time falls up to the knee, and never passes a limit."""
    asyncio = dict(curves(advise(MIXED, TWO))["asyncio"])
    assert asyncio[1] > 15 * asyncio[16]
    assert asyncio[1000] == pytest.approx(asyncio[64], rel=0.05)
    few = curves(advise(MIXED | {"max_connections": 10}, TWO))
    assert max(workers for workers, _ in few["thread"]) == 10


def test_rates_are_drawn_where_the_whole_is_unknown() -> None:
    """Then the axis says that seconds are those of one item."""
    axes = Axes()
    advise({"kind": "io", "latency": "slow", "connections": "many"}, TWO).plot(axes)
    assert axes.words[1] == "predicted seconds per item"
    (label,) = (label for label in axes.lines if label.startswith("advised: asyncio:"))
    assert 0 < axes.lines[label][1][0] < 0.001


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only if there are no axes to draw on."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'concurrent-strategies\[plot\]'"):
        advise(MIXED, TWO).plot()


def test_new_axes_come_from_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its own users make them."""
    made = Axes()
    pyplot: Any = ModuleType("matplotlib.pyplot")
    pyplot.subplots = lambda: (None, made)
    monkeypatch.setitem(sys.modules, "matplotlib", ModuleType("matplotlib"))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    assert advise(MIXED, TWO).plot() is made
    assert "thread" in made.lines
