"""`await wait`: how a task hears a bell, in whatever loop it runs."""

from __future__ import annotations

import contextlib
import threading
from time import monotonic as clock
from typing import TYPE_CHECKING

from .bell import Bell

if TYPE_CHECKING:
    from .loops import Loop


class Ear:
    """Awaits a bell in the loop it is made in: through its descriptor, or by being called from whoever rings."""

    def __init__(self, bell: Bell, loop: Loop) -> None:
        import anyio

        self._bell = bell
        self._loop = loop
        self._rung = anyio.Event()
        self._until = 0.0  # when the wait that is under way ends by itself
        self._resting = False
        self._subscribed = bell.fileno() < 0
        if self._subscribed:
            bell.subscribe(self._ring)

    def _ring(self) -> None:
        if self._resting:
            return
        if threading.get_ident() == self._loop.thread:
            self.wake()
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended, so nobody waits
            self._loop.soon(self.wake)

    def wake(self) -> None:
        """End the wait; in the loop's own thread."""
        self._rung.set()
        if not self._subscribed:
            self._bell.ring()

    def wake_in(self, seconds: float) -> None:
        """End the wait now if it would last longer than that: something is due before; in the loop's own thread."""
        if clock() + seconds < self._until:
            self.wake()

    async def heard(self, timeout: float) -> None:
        """Wait until it rings, for `timeout` seconds at most."""
        import anyio

        self._until = clock() + timeout
        with anyio.move_on_after(max(0.0, timeout)):
            if self._subscribed:
                await self._rung.wait()
            else:
                await anyio.wait_readable(self._bell.fileno())
        self._until = 0.0
        # In this order: a ring in between finds the new event, and one that is kept by the bell is forgotten only
        # after that. What it was about is polled after both.
        self._rung = anyio.Event()
        self._bell.clear()

    async def rest(self, seconds: float) -> None:
        """Wait although it may ring, unless `wake` is called; what it rings for meanwhile is to be looked at then."""
        import anyio

        self._until, self._resting = clock() + seconds, True
        try:
            with anyio.move_on_after(seconds):
                await self._rung.wait()
        finally:
            self._until, self._resting = 0.0, False
        self._rung = anyio.Event()
        self._bell.clear()

    def close(self) -> None:
        """Listen no more."""
        if self._subscribed:
            self._bell.subscribe(None)
