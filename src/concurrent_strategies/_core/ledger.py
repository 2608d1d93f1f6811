"""Who has what: for each chunk under way, which of its items are unstarted, started or settled.

This is where "no item lost, none doubled" is kept: an item is settled exactly once, whatever is reported later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .port import Chunk

UNSTARTED, STARTED, SETTLED = 0, 1, 2
_STARTING, _CUT = bytes.maketrans(b"\0", b"\1"), bytes.maketrans(b"\1", b"\0")  # faster than `replace` if all change


class Held:
    """One chunk under way.

    Attributes:
        chunk: as it was handed out.
        open: how many of its items are not settled.
        heard: when its worker last said something about it, or it was handed out.
        announced: items that its worker said it would run without another word; more than 1 is a group.
        recalled: whether it has been called back and the answer is out.
        running: start time of each item under way, oldest first; kept only where items are timed.
    """

    __slots__ = ("_marks", "announced", "chunk", "heard", "open", "recalled", "running")

    def __init__(self, chunk: Chunk, now: float) -> None:
        self.chunk = chunk
        self._marks = bytearray(len(chunk.items))
        self.open = len(chunk.items)
        self.heard = now
        self.announced = 0
        self.recalled = False
        self.running: dict[int, float] = {}

    def start(self, first: int, count: int, now: float, timed: bool) -> None:
        """Note that items are under way."""
        low = first - self.chunk.first
        marks = self._marks
        if count == 1:
            if marks[low] == UNSTARTED:
                marks[low] = STARTED
        else:
            marks[low : low + count] = marks[low : low + count].translate(_STARTING)
        self.announced = count
        self.heard = now
        if timed:
            for index in range(first, first + count):
                if marks[index - self.chunk.first] == STARTED:  # a second notice may meet the first one's time-out
                    self.running[index] = now

    def settle(self, first: int, count: int) -> list[tuple[int, int]]:
        """Settle items, and return the ranges (from, to) of those that were not settled before."""
        low = first - self.chunk.first
        high = low + count
        marks = self._marks
        if marks.find(SETTLED, low, high) < 0:
            ranges = [(first, first + count)]
        else:
            ranges = [(self.chunk.first + a, self.chunk.first + b) for a, b in _runs(marks, low, high)]
        marks[low:high] = b"\2" * count
        for a, b in ranges:
            self.open -= b - a
        if self.running:
            for index in range(first, first + count):
                self.running.pop(index, None)
        return ranges

    def settle_each(self, indices: Sequence[int]) -> bool:
        """Settle single items, if none of them was settled before; else return False."""
        first, marks = self.chunk.first, self._marks
        if self.running or SETTLED in [marks[index - first] for index in indices]:
            return False
        for index in indices:
            marks[index - first] = SETTLED
        self.open -= len(indices)
        return True

    def narrow(self) -> None:
        """Learn that of a group announced together only the first open item can be under way: the rest was cut."""
        if self.announced > 1:
            self.announced = 1
            current = self._marks.find(STARTED)
            self._marks[current + 1 :] = self._marks[current + 1 :].translate(_CUT)

    @property
    def begun(self) -> bool:
        """Whether its worker has said anything of its items."""
        return self.announced > 0 or self.open < len(self.chunk.items)

    @property
    def can_give_back(self) -> bool:
        """Whether a recall could bring items back: some are not announced, or announced only as part of a group."""
        return self.announced > 1 or self._marks.find(UNSTARTED) >= 0

    def under_way(self) -> list[int]:
        """Return the indices of the items that have been announced and not settled."""
        first = self.chunk.first
        return [first + k for k, mark in enumerate(self._marks) if mark == STARTED]

    def give_up_unstarted(self) -> list[tuple[int, Sequence[Any]]]:
        """Settle what was never announced, and return it as (first, items) to go elsewhere."""
        parts = []
        start = self._marks.find(UNSTARTED)
        while start >= 0:
            end = start
            while end < len(self._marks) and self._marks[end] == UNSTARTED:
                end += 1
            parts.append((self.chunk.first + start, self.items(self.chunk.first + start, end - start)))
            self.settle(self.chunk.first + start, end - start)
            start = self._marks.find(UNSTARTED)
        return parts

    def items(self, first: int, count: int) -> Sequence[Any]:
        """Return items by their index in the input."""
        low = first - self.chunk.first
        return self.chunk.items[low : low + count]


def _runs(marks: bytearray, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches between `low` and `high` that are not settled."""
    at = low
    while at < high:
        if marks[at] == SETTLED:
            at += 1
            continue
        end = marks.find(SETTLED, at, high)
        end = high if end < 0 else end
        yield at, end
        at = end
