"""What a worker process has done and not told yet, in memory that outlives it: whoever finds it dead reads it here.

    five words:  how many items are done, the chunk, the index of the first item, that behind the last one, and how
                 many behind those that are done are begun together
    behind them: pickles of what was returned: a list of one value each, or of a group's

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
_WORDS = 5 * 8
_DONE, _CHUNK, _FIRST, _END, _BEGUN = range(5)
_LARGE = 1 << 10  # characters or bytes of a value that is told at once instead

_ROW = 16  # elements of a row that is written down
_FEW = 64  # values of a group that are looked at one by one

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
        words[_CHUNK], words[_FIRST], words[_BEGUN] = chunk, first, 1
        words[_END] = first + count
        self._at = _WORDS

    def note(self, value: Any) -> bool:
        """Write that the item under way is done and the next one begun; return False if its value has to be told."""
        return _is_small(value) and self._write([value])

    def begin_group(self, count: int) -> None:
        """Write that so many items are begun together, behind what is done."""
        self._words[_BEGUN] = count

    def note_group(self, out: list[Any], count: int) -> bool:
        """Write that the last values in `out` are what the first of them returned; False if they have to be told."""
        if 2 * count > SIZE - self._at:  # no pickle is so small
            return False
        values = out[-count:]
        if not _NUMBERS.issuperset(map(type, values)) and (len(values) > _FEW or not all(map(_is_small, values))):
            return False
        return self._write(values)

    def _write(self, values: list[Any]) -> bool:
        data = pickle.dumps(values, 5)
        end = self._at + len(data)
        if end > SIZE:
            return False
        self._memory[self._at : end] = data
        self._at = end
        self._done += len(values)
        words = self._words
        words[_DONE] = self._done  # in this order: whoever reads in between takes too many for begun, and none for not
        words[_BEGUN] = 1
        return True

    def cut(self, end: int) -> None:
        """Write that nothing behind this index is begun."""
        self._words[_END] = end


def _is_small(value: Any) -> bool:
    """Tell whether this is a number, a short text or a few of them: what is pickled twice without anybody's code."""
    kind = type(value)
    if kind in _NUMBERS:
        return True
    if kind in _TEXTS:
        return len(value) <= _LARGE
    parts = _parts(kind, value)
    return parts is not None and all(
        type(part) in _NUMBERS or (type(part) in _TEXTS and len(part) <= _FEW) for part in parts
    )


def _parts(kind: type, value: Any) -> Any:
    if kind not in (tuple, list, dict) or len(value) > _ROW:
        return None
    return [*value, *value.values()] if kind is dict else value


def read(memory: mmap.mmap) -> tuple[int, int, list[Any], int]:
    """Return what a worker has left: its chunk, the first item, the values, and how many more had been begun."""
    done, chunk, first, end, together = memoryview(memory)[:_WORDS].cast("Q").tolist()
    values: list[Any] = []
    if end:
        file = io.BytesIO(memory[_WORDS:])
        try:
            while len(values) < done:
                values += pickle.load(file)
        except Exception:  # whatever ended the process may have written here, too
            pass
    return chunk, first, values, max(0, min(first + done + together, end) - first - len(values))
