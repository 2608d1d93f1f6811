"""What is left of an input after some of its items were run: what was read and given back comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

from .._core.source import Source


class Remainder(Source):
    """A source behind items of it that were read already.

    Args:
        source: of which only the caller's thread may read.
        read: how many items of it are done or under way.
        leftover: items that were read after those and not started.
    """

    def __init__(self, source: Source, read: int, leftover: Sequence[Any]) -> None:
        self._source = source
        self._leftover = list(leftover)
        self.blocks: bool = source.blocks
        self.error: BaseException | None = source.error
        self.total: int | None = None if source.total is None else max(0, source.total - read)
        self.ended: bool = source.ended and not self._leftover

    def pull(self, wanted: int) -> Sequence[Any]:
        """Return what was given back, then what comes next."""
        if self._leftover:
            got, self._leftover = self._leftover[:wanted], self._leftover[wanted:]
        else:
            got = list(self._source.pull(wanted))
            self.error = self._source.error
        self.ended = self._source.ended and not self._leftover
        return got


@final
class Rest(Iterator[Any]):
    """The items that were not run, one by one; it can be given to any verb. `len()` tells how many, where known."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = source.total

    def __iter__(self) -> Rest:
        return self

    def __next__(self) -> Any:
        source = self._source
        got = [] if source.ended else source.pull(1)
        if got:
            if self._left is not None:
                self._left -= 1
            return got[0]
        error, source.error = source.error, None
        if error is not None and not isinstance(error, StopIteration):
            raise error
        raise StopIteration

    def __len__(self) -> int:
        if self._left is None:
            raise TypeError("the input does not tell how many items there are")
        return max(0, self._left)

    def __length_hint__(self) -> int:
        return self._left or 0
