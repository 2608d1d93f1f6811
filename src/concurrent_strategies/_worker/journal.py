"""What a worker process has done and not told yet, in memory that outlives it: whoever finds it dead reads it here.

    four words:  how many items are done, the chunk, the index of the first item, that behind the last one
    behind them: a pickle of each value, one after the other

A word is written in one step, so it holds what was last written, whatever ends the process. Both sides import this
file, the worker in a fresh interpreter: nothing heavy here.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle

from .arena import Arena, found, reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SIZE = 1 << 14
_WORDS = 4 * 8
_DONE, _CHUNK, _FIRST, _END = range(4)
_LARGE = 1 << 10  # characters or bytes of a value that is told at once instead

_NUMBERS = frozenset({int, float, bool, type(None), complex})
_TEXTS = frozenset({str, bytes})


def create() -> tuple[int, mmap.mmap, Arena | None]:
    """Make the memory of one worker, with room for an arena: a descriptor for it, and our own views of both.

    It has no name, and ends with its users.
    """
    held: list[int] = []
    try:
        while (fd := _memory()) <= 2:  # the program may have closed the standard three: neither this nor the views'
            held.append(fd)  # own descriptor may take their place
        try:
            if not (hasattr(os, "memfd_create") and reserve(fd)):
                os.ftruncate(fd, SIZE)
            return fd, mmap.mmap(fd, SIZE), found(fd, parent=True)
        except BaseException:
            os.close(fd)
            raise
    finally:
        for fd in held:
            os.close(fd)


def _memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("journal", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Journal:
    """The worker's side.

    Args:
        fd: the memory; closed here.
        tell: sends all that was reported, before a new group takes the place of the last one.
    """

    def __init__(self, fd: int, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._use(mmap.mmap(fd, SIZE))
        os.close(fd)

    def _use(self, memory: Any) -> None:
        self._memory = memory
        self._words: Any = memoryview(memory)[:_WORDS].cast("Q")
        self._at = _WORDS
        self._done = 0

    def leave(self) -> None:
        """Write elsewhere from now on: in a forked child of the worker, whose journal it is not."""
        self._use(bytearray(SIZE))

    def begin(self, chunk: int, first: int, count: int) -> None:
        """Write that items are begun one after the other."""
        self._tell()
        words = self._words
        words[_END] = 0  # until the rest is written this says that nothing is under way
        words[_DONE] = self._done = 0
        words[_CHUNK], words[_FIRST] = chunk, first
        words[_END] = first + count
        self._at = _WORDS

    def note(self, value: Any) -> bool:
        """Write that the item under way is done and the next one begun; return False if its value has to be told."""
        kind = type(value)
        if kind not in _NUMBERS and (kind not in _TEXTS or len(value) > _LARGE):
            return False
        data = pickle.dumps(value, 5)
        end = self._at + len(data)
        if end > SIZE:
            return False
        self._memory[self._at : end] = data
        self._at = end
        self._done += 1
        self._words[_DONE] = self._done
        return True

    def cut(self, end: int) -> None:
        """Write that nothing behind this index is begun."""
        self._words[_END] = end


def read(memory: mmap.mmap) -> tuple[int, int, list[Any], int]:
    """Return what a worker has left: its chunk, the first item, the values, and how many more had been begun."""
    done, chunk, first, end = memoryview(memory)[:_WORDS].cast("Q").tolist()
    values: list[Any] = []
    if end:
        file = io.BytesIO(memory[_WORDS:])
        try:  # noqa: SIM105  (contextlib is heavy for a worker)
            values.extend(pickle.load(file) for _ in range(done))
        except Exception:  # whatever ended the process may have written here, too
            pass
    return chunk, first, values, max(0, min(first + done + 1, end) - first - len(values))
