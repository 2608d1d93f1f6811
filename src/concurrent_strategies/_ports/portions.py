"""How much of a chunk goes to a worker in one message: by the weight of the items, which the rules know nothing of.

What takes long to send cannot be called back while it is on its way, and would only have to be sent again. So of heavy
items a few go at a time; the rest stays here, where giving it back costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST = 1 << 20  # bytes in one message, if that is more than one item
LOOK_INTO = 8  # elements of a row that are weighed


class Portions:
    """Weighs the items of one run."""

    def __init__(self) -> None:
        self._learned = 0.0  # bytes per item of the last message

    def size(self, items: Sequence[Any]) -> int:
        """Return how many items, from the first on, should go together."""
        count = len(items)
        if count < 2:
            return count
        heaviest = max(weight(items[0]), weight(items[count // 2]), weight(items[-1]), self._learned)
        return count if heaviest * count <= MOST else max(1, int(MOST / heaviest))

    def learn(self, size: int, count: int) -> None:
        """Learn how many bytes these items took together."""
        self._learned = size / count


def weight(item: Any) -> int:
    """Return about how many bytes an item has, as far as that can be seen at a glance; 0 if it cannot."""
    if type(item) in (tuple, list):
        return sum(map(_of_one, item[:LOOK_INTO]))
    return _of_one(item)


def _of_one(thing: Any) -> int:
    kind = type(thing)
    if kind in (bytes, bytearray, str):
        return len(thing)
    if hasattr(kind, "nbytes"):  # arrays of all libraries, which say so at once
        try:
            size = thing.nbytes
        except Exception:
            return 0
        return size if isinstance(size, int) else 0
    return 0
