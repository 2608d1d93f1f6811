"""The one thing the engine waits on: a bell that any thread may ring, and one may wait for, blocking or in a loop.

A ring while nobody waits is kept; several are kept as one. `Bell` is a lock, for workers that are threads of this
process; `PollBell` is a descriptor that also rings when one of the registered sockets has something.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Bell:
    """A binary semaphore with a subscriber: waited for by a thread, or by a loop that `subscribe`d a callable."""

    __slots__ = ("_listener", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._listener: Callable[[], object] | None = None

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        try:
            self._lock.release()
        except RuntimeError:  # it was rung already
            return
        if self._listener is not None:
            self._listener()

    def wait(self, timeout: float) -> bool:
        """Wait until it rings, for `timeout` seconds at most; Ctrl-C ends the wait."""
        if timeout <= 0:
            return self._lock.acquire(blocking=False)
        return self._lock.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))

    def pause(self, seconds: float) -> None:
        """Wait although it may ring, as whoever rings it would."""
        time.sleep(seconds)

    def hurry(self) -> None:
        """End the pause of whoever waits, where that can be."""

    def calm(self) -> None:
        """Forget that it was to hurry."""

    def subscribe(self, listener: Callable[[], object] | None) -> None:
        """Have `listener` called, in the ringing thread, at each ring; a ring that came before counts."""
        self._listener = listener
        if listener is not None and not self._lock.locked():
            listener()

    def clear(self) -> None:
        """Forget a ring: the subscriber's way to say that it has heard."""
        self._lock.acquire(blocking=False)

    def fileno(self) -> int:
        """Return a descriptor that is readable while it rings, or -1: then `subscribe`."""
        return -1


class HastyBell(Bell):
    """A bell with a second one, for what cannot wait until the end of a pause."""

    __slots__ = ("_haste",)

    def __init__(self) -> None:
        super().__init__()
        self._haste = Bell()

    def hurry(self) -> None:
        """End the pause of whoever waits, or the next one."""
        self._haste.ring()

    def calm(self) -> None:
        """Forget that it was to hurry."""
        self._haste.clear()

    def pause(self, seconds: float) -> None:
        """Wait although it may ring, unless it is to hurry."""
        self._haste.wait(seconds)


class Alarm:
    """Rings a bell once, some seconds from now, and at once where there is no thread left to wait for that.

    Attributes:
        rang: whether it has; known before the bell rings, as whoever hears that looks here at once.
    """

    def __init__(self, bell: Bell, seconds: float) -> None:
        self.rang = False
        self._bell = bell
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        try:
            self._timer.start()
        except RuntimeError:
            self._ring()

    def _ring(self) -> None:
        self.rang = True
        self._bell.ring()

    def cancel(self) -> None:
        """Do not ring any more."""
        self._timer.cancel()


class PollBell(Bell):
    """A bell that rings by itself while a registered descriptor is ready; `poll` says which."""

    __slots__ = ("_poller", "_ringer")

    def __init__(self) -> None:
        super().__init__()
        self._poller = _epoll()
        self._ringer: _Ringer | None = _Ringer()
        self._poller.register(self._ringer.fd, select.POLLIN)

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        ringer = self._ringer  # held meanwhile, so that no `close` in another thread gives its number to a stranger
        if ringer is not None:
            os.eventfd_write(ringer.fd, 1)

    def wait(self, timeout: float) -> bool:
        """Wait until it rings, for `timeout` seconds at most; Ctrl-C ends the wait."""
        if self._ringer is None:
            return True
        # Through select.poll, which gevent makes cooperative in a patched program, and not through epoll itself.
        waiter = select.poll()
        waiter.register(self._poller.fileno(), select.POLLIN)
        return bool(waiter.poll(max(0.0, min(timeout, 1e6)) * 1000))

    def clear(self) -> None:
        """Forget the explicit rings; a descriptor that is ready rings on."""
        ringer = self._ringer
        if ringer is None:
            return
        try:
            os.eventfd_read(ringer.fd)
        except OSError:
            return  # nobody has rung

    def fileno(self) -> int:
        """Return a descriptor that is readable while it rings."""
        return self._poller.fileno()

    def register(self, fd: int, *, write: bool = False) -> None:
        """Ring while `fd` can be read, and also while it can be written if `write`."""
        mask = select.POLLIN | (select.POLLOUT if write else 0)
        try:
            self._poller.modify(fd, mask)
        except FileNotFoundError:
            self._poller.register(fd, mask)

    def unregister(self, fd: int) -> None:
        """Ring no more for `fd`."""
        try:
            self._poller.unregister(fd)
        except (OSError, ValueError):
            return  # closed meanwhile, which unregisters it

    def poll(self) -> list[tuple[int, int]]:
        """Return the ready descriptors with their event masks, without waiting, and forget explicit rings."""
        ready = self._poller.poll(0)
        ringer = -1 if self._ringer is None else self._ringer.fd
        if any(fd == ringer for fd, _ in ready):
            self.clear()
            return [event for event in ready if event[0] != ringer]
        return ready

    def close(self) -> None:
        """Give the descriptors back."""
        if self._ringer is not None:
            self._ringer = None
            self._poller.close()


class _Ringer:
    """A descriptor to ring with, which lives as long as anybody is about to."""

    __slots__ = ("fd",)

    def __init__(self) -> None:
        # Above 2 always: a program may have closed its standard streams, and what is printed must not ring.
        self.fd: int = above_two(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))

    def __del__(self) -> None:
        os.close(self.fd)


def _epoll() -> select.epoll:
    """Make a real epoll object also where gevent has hidden it: it is only asked without waiting."""
    hidden = not hasattr(select, "epoll")
    kind: Any = sys.modules["gevent.monkey"].get_original("select", "epoll") if hidden else select.epoll
    poller = kind()
    if poller.fileno() > 2:
        return poller  # type: ignore[no-any-return]
    return kind.fromfd(above_two(os.dup(poller.fileno())))  # type: ignore[no-any-return]


def above_two(fd: int) -> int:
    """Return this descriptor, moved if it is one of the standard three, which the program may have closed."""
    if fd > 2:
        return fd
    import fcntl

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved
