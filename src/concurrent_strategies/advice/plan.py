"""A strategy with its size: what is predicted, compared and recommended. Nothing else is here."""

from __future__ import annotations

from typing import Final, NamedTuple

from .._spec import Spec

#: From the simplest to the most demanding for whoever has to keep it running.
FAMILIES: Final = ("sync", "thread", "asyncio", "green", "process", "process/thread", "process/asyncio")


class Plan(NamedTuple):
    """A strategy and its size.

    Attributes:
        strategy: name of the outer strategy.
        workers: its `max_workers`.
        inner: name of the strategy inside each process, or empty.
        inner_workers: `max_workers` of the inner strategy.
    """

    strategy: str
    workers: int = 1
    inner: str = ""
    inner_workers: int = 1

    @property
    def family(self) -> str:
        """What it is without its size."""
        return f"{self.strategy}/{self.inner}" if self.inner else self.strategy

    @property
    def calls(self) -> int:
        """Calls at once, at most."""
        return self.workers * self.inner_workers

    def options(self, rate: float | None = None) -> dict[str, int | float]:
        """Return the run options of the outer strategy: `max_workers`, and the `rate` if there is one."""
        size: dict[str, int | float] = {} if self.strategy == "sync" else {"max_workers": self.workers}
        return size if rate is None else {**size, "rate": rate}

    def spec(self, rate: float | None = None) -> str:
        """Return it as a spec string."""
        inner = Spec(self.inner, (("max_workers", self.inner_workers),)) if self.inner else None
        return str(Spec(self.strategy, tuple(sorted(self.options(rate).items())), inner))
