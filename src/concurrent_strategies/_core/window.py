"""How far the input is read ahead of the consumer: a strict bound, and how it is filled.

The same law as in `run.py`: no thread, no loop, no clock, no input and no output.
"""

from __future__ import annotations

ALL = 1 << 40  # more items than anybody has


class Window:
    """Counts what is read and what the consumer has had.

    Args:
        size: items that may be read and not yet consumed; `None`: the whole input.

    Attributes:
        size: the same.
        read: how many items have been read.
    """

    __slots__ = ("_filling", "_handed", "_handing", "read", "size")

    def __init__(self, size: int | None) -> None:
        self.size: int = ALL if size is None else size
        self.read: int = 0
        self._handed = self._handing = 0
        self._filling = True

    def room(self, *, in_turn: bool) -> int:
        """Return how many more items may be read now; unless `in_turn`, none before half of the window is free.

        Where items are hardly any work, each few of them that are read, sent and taken in by themselves cost more than
        they do.
        """
        return max(0, self.size - (self.read - self._handed)) if in_turn or self._filling else 0

    def fed(self, count: int) -> int:
        """Learn that items were read; return the index of the first."""
        first = self.read
        self.read += count
        if self.read - self._handed >= self.size:
            self._filling = False
        return first

    def hand(self, count: int) -> None:
        """Hand items to the consumer: what was handed to it before counts as consumed from here on."""
        self._handed += self._handing
        self._handing = count
        if 2 * (self.read - self._handed) <= self.size:
            self._filling = True
