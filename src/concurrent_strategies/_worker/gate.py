"""What has become of chunks that are called back before they run: not read yet, or in the midst of being read."""

from __future__ import annotations

import threading


class Gate:
    """Chunks on their way in, by their numbers, which grow.

    Reading one is unpickling: the user's own code, which may take long or never end. A chunk that is not read yet can
    be given back at once. One that is being read cannot: it is not under way, and yet holds the worker.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0
        self._refused: set[int] = set()
        self._meanwhile: bool | None = None

    def leave(self) -> None:
        """Do without whoever held the lock when this child was forked."""
        self._lock = threading.Lock()

    def admit(self, chunk: int) -> bool:
        """Begin to read a chunk; return False if it has been given back already."""
        with self._lock:
            self._latest = chunk
            self._meanwhile = None
            if chunk in self._refused:
                self._refused.discard(chunk)
                return False
            return True

    def recall(self, chunk: int, keep: bool) -> bool:
        """Call a chunk back that does not run; return whether all of it is given back now."""
        with self._lock:
            if chunk > self._latest:
                self._refused.add(chunk)
                return True
            if chunk == self._latest:
                self._meanwhile = keep
            return False

    @property
    def recalled(self) -> bool | None:
        """Whether half of the chunk may be kept that was called back while it was read; `None` if it was not."""
        with self._lock:
            return self._meanwhile
