"""`await wait`: how a task hears a bell, in whatever loop it runs."""

from __future__ import annotations

import contextlib
import threading
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
        self._subscribed = bell.fileno() < 0
        if self._subscribed:
            bell.subscribe(self._ring)

    def _ring(self) -> None:
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

    async def heard(self, timeout: float) -> None:
        """Wait until it rings, for `timeout` seconds at most."""
        import anyio

        with anyio.move_on_after(max(0.0, timeout)):
            if self._subscribed:
                await self._rung.wait()
            else:
                await anyio.wait_readable(self._bell.fileno())
        # In this order: a ring in between finds the new event, and one that is kept by the bell is forgotten only
        # after that. What it was about is polled after both.
        self._rung = anyio.Event()
        self._bell.clear()

    def close(self) -> None:
        """Listen no more."""
        if self._subscribed:
            self._bell.subscribe(None)
