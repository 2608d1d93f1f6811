"""Strategies as a stranger's package would bring them, as small as can be: they remember what they were given."""

from __future__ import annotations

from typing import Any

from concurrent_strategies._options import Options


class FakeStrategy:
    """Takes a bound, one setting of its own and an inner strategy; refuses a negative bound."""

    name = "fake"

    def __init__(
        self, max_workers: int | None = None, *, loop: str = "plain", note: str = "", inner: Any = None, **options: Any
    ) -> None:
        Options().merged({**options, "max_workers": max_workers})  # refuses what a real one would refuse
        self.max_workers = max_workers
        self.note = note
        self.loop = loop
        self.inner = inner
        self.options = options

    def outcomes(self, *_: Any) -> None:
        """Stand for the verb by which a strategy is known."""

    def told(self) -> dict[str, Any]:
        """Return all that was given, for comparisons."""
        inner = {} if self.inner is None else {"inner": self.inner.told()}
        bound = {} if self.max_workers is None else {"max_workers": self.max_workers}
        loop = {} if self.loop == "plain" else {"loop": self.loop}
        return {"name": self.name, **bound, **loop, **inner, **self.options}


class OtherStrategy(FakeStrategy):
    """The same under another name."""

    name = "other"


class StrictStrategy:
    """Has no catch-all, as a stranger may write it, and says so with a plain TypeError."""

    name = "strict"

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def outcomes(self, *_: Any) -> None:
        """Stand for the verb by which a strategy is known."""


class NoStrategy:
    """Something else that a package might register by mistake."""
