"""What greenlets claim from: the items of a port's chunks, one by one, or in groups once they are known to be short.

A greenlet cannot know whether an item will wait. So the group that was claimed last stays open: whoever runs next in
the same thread takes back what its worker has not begun. All this is for one thread alone, and needs no lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from time import perf_counter as clock
from typing import Any

from .._core.port import Chunk
from .._core.stride import Stride


class Block:
    """One chunk: its items from `at` up to `stop` are for whoever comes."""

    __slots__ = ("at", "chunk", "first", "items", "stop")

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk.id
        self.first = chunk.first
        self.items = chunk.items
        self.at = 0
        self.stop = len(chunk.items)


class Group:
    """Consecutive items that one worker has claimed; `end` falls when the rest is taken back.

    Attributes:
        base: index of the first item that is not reported.
        end: index behind the last item.
        block: where it comes from.
        worker: the name of whoever has claimed it.
        iterator: the items that are not started.
        out: the values that are not reported.
        awaited: whether the last value of an item that was run alone was awaited.
        since: when the work on what is not reported began.
        tick: how often the hub had had control by then.
    """

    __slots__ = ("awaited", "base", "block", "end", "iterator", "out", "since", "tick", "worker")

    def __init__(self, block: Block, worker: str, first: int, items: Sequence[Any]) -> None:
        self.block = block
        self.worker = worker
        self.base = first
        self.end = first + len(items)
        self.iterator: Iterator[Any] = iter(items)
        self.out: list[Any] = []
        self.awaited = False
        self.since = clock()
        self.tick = 0


class Claims:
    """The blocks of a port, oldest first.

    Attributes:
        last: the group that was claimed last, as long as something of it may be taken back.
    """

    def __init__(self) -> None:
        self.last: Group | None = None
        self._stride = Stride()
        self._blocks: deque[Block] = deque()

    def __bool__(self) -> bool:
        """Tell whether anything is left to claim."""
        while self._blocks and self._blocks[0].at >= self._blocks[0].stop:
            if self.last is not None:  # something of this may come back
                return len(self._blocks) > 1
            self._blocks.popleft()
        return bool(self._blocks)

    def add(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        self._blocks.append(Block(chunk))

    def take(self, worker: str) -> Group | None:
        """Claim the next items for a worker; what was claimed last must have been taken back, or be done."""
        if not self:
            return None
        block = self._blocks[0]
        low = block.at
        block.at = high = min(low + self._stride.size, block.stop)
        group = Group(block, worker, block.first + low, block.items[low:high])
        if high - low > 1:
            self.last = group
        return group

    def reopen(self) -> Group | None:
        """Take back what is left of the group that was claimed last, and return that group."""
        group, self.last = self.last, None
        if group is not None and (rest := len(list(group.iterator))):  # its worker finds nothing more
            group.block.at -= rest
            group.end -= rest
            self._stride.reset()
        return group

    def measured(self, count: int, took: float) -> None:
        """Learn that so many items took so many seconds together; that sizes the next group."""
        self._stride.measured(count, took)

    def cut(self, chunk: Chunk, keep: bool) -> tuple[int, int]:
        """Take out what nobody has claimed of a chunk, or half of it: index of the first item, and their number."""
        for block in self._blocks:
            if block.chunk == chunk.id:
                left = block.stop - block.at
                kept = left // 2 if keep else 0
                block.stop = block.at + kept
                return block.first + block.stop, left - kept
        return chunk.first, 0

    def clear(self) -> list[tuple[int, int, int]]:
        """Take out everything: chunk, index of the first item and number of items, for each block."""
        blocks, self._blocks = self._blocks, deque()
        return [(block.chunk, block.first + block.at, block.stop - block.at) for block in blocks]
