"""A port that has to look at something itself is asked when it said, although nobody else needs to look."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from concurrent_strategies import AsyncioStrategy, ThreadStrategy
from concurrent_strategies._core.bell import Bell, HastyBell
from concurrent_strategies._core.port import Port


async def wait(item: int) -> int:
    """Wait a moment."""
    await asyncio.sleep(0.001)
    return item


def spin(item: int) -> int:
    """Compute a little."""
    return sum(range(2000)) * 0 + item


@pytest.mark.parametrize(("kind", "func"), [(AsyncioStrategy, wait), (ThreadStrategy, spin)])
def test_nobody_looks_away_for_longer(kind: Any, func: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that is always due leaves no room for any pause; without one there are some."""
    noted: list[float] = []
    for bell in (Bell, HastyBell):
        monkeypatch.setattr(bell, "pause", lambda _bell, seconds: noted.append(seconds))
    for deadline, pauses in ((math.inf, True), (0.0, False)):
        noted.clear()
        monkeypatch.setattr(Port, "deadline", deadline)
        assert kind(4).map(func, range(2000)) == list(range(2000))
        assert bool(noted) is pauses
