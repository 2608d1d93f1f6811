"""What the kernel tells of one thread: its CPU clock, how long it had to queue for a core, whether it is asleep; and of
the memory of its process.

The thread that is looked at makes its `ThreadFacts`; from then on anybody may ask, as long as that thread lives. Where
the system has no such files or clocks, the thread itself can still read its CPU time, and nobody sees it asleep.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, Final

_NANO: Final = 1e-9
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FOLDER: Final = "/proc/thread-self/"  # while it is opened, that is the thread that asks; the file stays that thread's


class ThreadFacts:
    """Facts about the thread that makes this.

    Attributes:
        observable: whether other threads may read its clock and its state while it runs.
    """

    __slots__ = ("_clock", "_memory", "_owner", "_schedule", "_state", "observable")

    def __init__(self) -> None:
        monkey = sys.modules.get("gevent.monkey")
        native = monkey is None or not monkey.is_module_patched("threading")  # else an ident is that of a greenlet
        clock_of: Any = getattr(time, "pthread_getcpuclockid", None) if native else None
        self._owner = threading.get_ident()
        self._clock: Any = None if clock_of is None else clock_of(self._owner)
        self._schedule = _open(_FOLDER + "schedstat")
        self._state = _open(_FOLDER + "stat") if native else -1
        self._memory = _open("/proc/self/statm")
        self.observable: bool = self._clock is not None and self._state >= 0

    def cpu(self) -> float:
        """Return the seconds for which the thread has had a core."""
        return time.thread_time() if self._clock is None else time.clock_gettime(self._clock)

    def mine(self) -> bool:
        """Tell whether they are about the thread that asks."""
        return threading.get_ident() == self._owner

    def readable(self) -> bool:
        """Tell whether `cpu` speaks of the right thread: asked by another one, it may not."""
        return self._clock is not None or self.mine()

    def queued(self) -> float:
        """Return the seconds for which the thread could have run but had no core; 0 where nobody counts them."""
        if self._schedule < 0:
            return 0.0
        words = os.pread(self._schedule, 80, 0).split()
        return int(words[1]) * _NANO if len(words) > 1 else 0.0

    def asleep(self) -> bool:
        """Tell whether the thread waits for something, and be it a disk."""
        if self._state < 0:
            return False
        text = os.pread(self._state, 512, 0)
        place = text.rfind(b")") + 2  # the name before it is in brackets, and may hold some itself
        return text[place : place + 1] in (b"S", b"D")

    def resident(self) -> int:
        """Return the bytes of memory that the whole process has; 0 where the system does not tell."""
        return int(os.pread(self._memory, 80, 0).split()[1]) * _PAGE if self._memory >= 0 else 0

    def close(self) -> None:
        """Close the files; the last that is done with it."""
        for descriptor in (self._schedule, self._state, self._memory):
            if descriptor >= 0:
                os.close(descriptor)
        self._schedule = self._state = self._memory = -1


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return -1
