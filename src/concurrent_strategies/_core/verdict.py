"""What may come out of a function that is not declared `async def`: what the first item returned decides for all."""

from __future__ import annotations

from .._errors import late_awaitable
from .shelf import Entry, Fault


class Verdict:
    """Whether awaitables may come: settled by the first item's outcome, until which others that were awaited wait."""

    __slots__ = ("_undecided", "allowed")

    def __init__(self) -> None:
        self.allowed: bool | None = None
        self._undecided: list[Entry] = []

    def settled(self, awaited: bool) -> bool:
        """Tell whether outcomes, `awaited` or not, pass as they are, whichever items they are of."""
        return self.allowed is not None and (self.allowed or not awaited)

    def passed(self, entry: Entry, awaited: bool) -> list[Entry]:
        """Return what may be shelved now that this outcome is known, `awaited` or not: values, or errors instead."""
        if entry.first == 0 and self.allowed is None:
            self.allowed = awaited or isinstance(entry, Fault)
            undecided, self._undecided = self._undecided, []
            return [shelved for earlier in undecided for shelved in self.passed(earlier, True)] + [entry]
        if not awaited or self.allowed:
            return [entry]
        if self.allowed is None:
            self._undecided.append(entry)
            return []
        assert isinstance(entry.worker, str)  # those of several come only where all is settled
        indexes = range(entry.first, entry.first + len(entry))
        return [Fault(index, late_awaitable(), None, entry.attempt, entry.worker) for index in indexes]
