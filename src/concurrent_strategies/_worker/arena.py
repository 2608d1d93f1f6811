"""Large buffers between a parent and a worker, through memory that both have mapped and that is used again and again.

    first word:  how far the reader has come, on a count of bytes that never goes back
    behind it:   a ring; each frame's buffers lie there in one piece

It has no name and ends with its users, nobody waits for anybody, and where there is no room the socket takes the
buffers. It is faster than that as its pages are there already. Both sides import this file, the worker in a fresh
interpreter: nothing heavy here.
"""

from __future__ import annotations

import mmap
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1 << 16  # where it begins in the worker's shared memory: a boundary of pages everywhere
RING = 1 << 25  # bytes for each direction, of which only those take memory that have been used
LEAST = 1 << 18  # bytes of a frame's buffers below which the socket is as fast
_WORD = 1 << 16
_WHOLE = 2 * (_WORD + RING)
SIZE = START + _WHOLE


def reserve(fd: int) -> bool:
    """Make room for an arena in a worker's shared memory, as far as the system allows it: no page is taken yet."""
    try:
        os.ftruncate(fd, SIZE)
    except OSError:
        return False
    return True


def found(fd: int, *, parent: bool) -> Arena | None:
    """Return the arena in a worker's shared memory, if there is one; the parent, who asks first, may do without it."""
    try:
        return Arena(fd, parent=parent) if os.fstat(fd).st_size >= SIZE else None
    except OSError:
        if parent:
            os.ftruncate(fd, START)
        return None


class Arena:
    """One side's view: what it puts there, and what it takes.

    Args:
        fd: the shared memory, which is mapped here; no page of it is taken before it is used.
        parent: whether this is the parent's side.

    Raises:
        OSError: if there is nothing left to map it to.
    """

    def __init__(self, fd: int, *, parent: bool) -> None:
        whole = memoryview(mmap.mmap(fd, _WHOLE, offset=START))
        sides = [whole[: _WORD + RING], whole[_WORD + RING :]]
        outward, inward = sides if parent else sides[::-1]
        self._heard, self._told = outward[:8].cast("Q"), inward[:8].cast("Q")  # how far the other has come, and we have
        self._out, self._in = outward[_WORD:], inward[_WORD:]
        self._at = self._floor = 0
        self._closed = False

    def put(self, views: Sequence[memoryview]) -> int | None:
        """Put buffers there and return where, or nothing if they are too small, too large, or there is no room now.

        Frames must be sent in the order in which this was called.
        """
        total = sum(map(len, views))
        if self._closed or not LEAST <= total <= RING // 2:
            return None
        heard = self._heard[0]
        if heard == self._at:  # all is read: the front, where the pages are warm
            self._at = self._floor = -(-self._at // RING) * RING
        at = self._at
        if at % RING + total > RING:
            at = -(-at // RING) * RING
        if at + total - max(heard, self._floor) > RING:
            return None
        offset = at % RING
        for view in views:
            self._out[offset : offset + len(view)] = view
            offset += len(view)
        self._at = at + total
        return at

    def take(self, at: int, sizes: Sequence[int]) -> list[memoryview]:
        """Return copies of the buffers that the other side has put there; their place is free again."""
        copies, offset = [], at % RING
        for size in sizes:
            copies.append(memoryview(bytearray(self._in[offset : offset + size])))
            offset += size
        self._told[0] = at + sum(sizes)
        return copies

    def close(self) -> None:
        """Give the memory back; from now on nothing is put there."""
        self._closed = True
        self._out = self._in = self._heard = self._told = memoryview(b"")
