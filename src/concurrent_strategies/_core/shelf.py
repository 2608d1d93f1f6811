"""What is finished and not yet handed to the consumer: in the order of the input, or as it comes."""

from __future__ import annotations

from typing import Any, TypeAlias


class Block:
    """Consecutive items that returned: the unit in which results travel, so that a cheap item costs almost nothing.

    `seconds` is the duration of the only item, or a list with that of each, or `None` where they were not timed alone.
    """

    __slots__ = ("attempt", "first", "seconds", "values", "worker")

    def __init__(
        self, first: int, values: list[Any], seconds: float | list[float] | None, attempt: int, worker: str
    ) -> None:
        self.first = first
        self.values = values
        self.seconds = seconds
        self.attempt = attempt
        self.worker = worker

    def __len__(self) -> int:
        return len(self.values)


class Fault:
    """One item that has no result; `item` is what it was, where that is still known."""

    __slots__ = ("attempt", "error", "first", "has_item", "item", "seconds", "worker")

    def __init__(
        self, first: int, error: BaseException, seconds: float | None = None, attempt: int = 1, worker: str = ""
    ) -> None:
        self.first = first
        self.error = error
        self.seconds = seconds
        self.attempt = attempt
        self.worker = worker
        self.has_item = False
        self.item: Any = None

    def of(self, item: Any) -> Fault:
        """Remember the item."""
        self.item = item
        self.has_item = True
        return self

    def __len__(self) -> int:
        return 1


Entry: TypeAlias = Block | Fault


class Shelf:
    """Finished entries; `take` returns those whose turn it is."""

    def __init__(self, ordered: bool) -> None:
        self._ordered = ordered
        self._waiting: dict[int, Entry] = {}
        self._turn: list[Entry] = []
        self._next = 0
        self.count = 0

    def put(self, entry: Entry) -> None:
        """Add what is finished; entries never overlap."""
        self.count += len(entry)
        if not self._ordered:
            self._turn.append(entry)
            return
        self._waiting[entry.first] = entry
        while (following := self._waiting.pop(self._next, None)) is not None:
            self._turn.append(following)
            self._next += len(following)

    def take(self) -> list[Entry]:
        """Return what may go out now, and forget it."""
        batch, self._turn = self._turn, []
        for entry in batch:
            self.count -= len(entry)
        return batch

    @property
    def ready(self) -> bool:
        """Whether something may go out now."""
        return bool(self._turn)
