"""What is finished and not yet handed to the consumer: in the order of the input, or as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from .port import Scattered


class Block:
    """Consecutive items that returned: the unit in which results travel, so that a cheap item costs almost nothing.

    `seconds` is the duration of the only item, or those of each, or `None` where they were not timed alone; `worker` is
    who ran all of them, or each.
    """

    __slots__ = ("attempt", "first", "seconds", "values", "worker")

    def __init__(
        self,
        first: int,
        values: list[Any],
        seconds: float | Sequence[float] | None,
        attempt: int,
        worker: str | Sequence[str],
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
_NONE = object()


class Shelf:
    """Finished entries; `take` returns those whose turn it is."""

    def __init__(self, ordered: bool) -> None:
        self._ordered = ordered
        self._waiting: dict[int, Entry] = {}
        self._values: dict[int, Any] = {}  # of single items; as many seconds and workers go with them
        self._seconds: dict[int, float] = {}
        self._workers: dict[int, str] = {}
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
        self._move_on()

    def put_each(self, ended: Scattered) -> None:
        """Add single items that returned in their first attempt, where the order is kept."""
        self.count += len(ended.indices)
        self._values.update(zip(ended.indices, ended.values, strict=True))
        self._seconds.update(zip(ended.indices, ended.seconds, strict=True))
        self._workers.update(zip(ended.indices, ended.workers, strict=True))
        self._move_on()

    def _move_on(self) -> None:
        """Let go out what follows on what has gone out."""
        while True:
            if self._next in self._values:
                following: Entry | None = self._row(self._next)
            else:
                following = self._waiting.pop(self._next, None)
            if following is None:
                return
            self._turn.append(following)
            self._next += len(following)

    def _row(self, first: int) -> Block:
        """Return single items in a row as one block."""
        pop, end, values = self._values.pop, first, []
        while (value := pop(end, _NONE)) is not _NONE:
            values.append(value)
            end += 1
        row = range(first, end)
        return Block(first, values, list(map(self._seconds.pop, row)), 1, list(map(self._workers.pop, row)))

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
