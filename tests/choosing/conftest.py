"""A world without outside influence: no variable, no file, and foreign strategies that are registered for the test."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from concurrent_strategies import _registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAKES = {"fake": "FakeStrategy", "other": "OtherStrategy", "strict": "StrictStrategy"}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace what installed packages register: pairs of a name and "module:Class"."""

    def set_points(*points: tuple[str, str]) -> None:
        found = [EntryPoint(name, value, _registry.GROUP) for name, value in points]
        monkeypatch.setattr(_registry, "entry_points", lambda: found)

    return set_points


@pytest.fixture(autouse=True)
def _quiet_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, register: Callable[..., None]) -> None:
    monkeypatch.delenv("CONCURRENT_STRATEGY", raising=False)
    monkeypatch.chdir(tmp_path)
    register(*((name, f"tests.choosing.fakes:{cls}") for name, cls in FAKES.items()))


@pytest.fixture
def pyproject(tmp_path: Path) -> Callable[[str], Path]:
    """Write a `pyproject.toml` into the current directory."""

    def write(text: str) -> Path:
        path = tmp_path / "pyproject.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
