"""How many items a worker runs before its next word, from how long they take: one, until they have been shown to be
short, then as many as fill a group.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from .call import GROUP, PROOF, SHORT

RELAPSE = 4  # short items in a row after one that was not: whoever has the processor may have taken it away for once


class Stride:
    """The length of a worker's next group.

    Args:
        short: seconds below which an item is short.

    Attributes:
        size: items in it.
        left: short items in a row that are still to come before it may be more than one.
    """

    __slots__ = ("_short", "left", "size")

    def __init__(self, short: float = SHORT) -> None:
        self._short = short
        self.size: int = 1
        self.left: int = PROOF

    def reset(self) -> None:
        """Begin again with single items: somebody has asked, so that one of them may be slow."""
        self.size, self.left = 1, max(self.left, RELAPSE)

    def measured(self, count: int, took: float) -> bool:
        """Learn that so many items took so many seconds together; return whether they were short."""
        if took >= self._short * count:
            self.size, self.left = 1, max(self.left, RELAPSE)
            return False
        if self.left > 0:
            self.left -= count
        else:
            self.size = min(max(self.size, count) * 8, max(1, int(GROUP * count / max(took, 1e-9))))
        return True
