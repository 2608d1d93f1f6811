"""The greenlets of a strategy: new ones for each run, or kept if they have something worth keeping.

Each hub has its own. Beside them there may be two native threads: one with a hub, where nobody else would run one, and
one with an event loop, for coroutines.
"""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

from gevent import getcurrent, joinall
from gevent.hub import Hub

from .._core.crew import Crew, Setup
from .green_worker import GreenWorker
from .hub import HubThread, LoopThread, is_here

if TYPE_CHECKING:
    from .greenlets import GreenletsPort


class GreenCrew(Crew):
    """Greenlets that serve one port after the other, if they have something to keep; each hub has its own.

    Args:
        setup: what each greenlet does first and last.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._keeps = setup.initializer is not None or setup.worker_resource is not None
        self._numbers = itertools.count()
        self._idle: dict[Any, list[GreenWorker]] = {}
        self._stuck: set[GreenWorker] = set()
        self._ports: weakref.WeakSet[GreenletsPort] = weakref.WeakSet()
        self._loop: LoopThread | None = None
        self._thread: HubThread | None = None
        self._closed = False

    def hire(self, port: GreenletsPort) -> GreenWorker:
        """Have an idle greenlet, or a new one, serve the port; in the port's hub."""
        idle = self._idle.get(port.hub)
        if idle:
            worker = idle.pop()
            worker.wake(port)
            return worker
        return GreenWorker(self, f"green-{next(self._numbers)}", port)

    def parks(self, worker: GreenWorker) -> bool:
        """Tell whether a greenlet without work should stay; it is idle from now on."""
        if self._closed or worker.doomed or not self._keeps:
            return False
        self._idle.setdefault(worker.greenlet.parent, []).append(worker)
        return True

    def open(self, port: GreenletsPort) -> None:
        """Know a port, to end it with the crew."""
        self._ports.add(port)

    def loop(self) -> LoopThread:
        """Return the event loop for coroutines."""
        if self._loop is None:
            self._loop = LoopThread()
        return self._loop

    def own_hub(self) -> Any:
        """Return a hub that runs by itself, in a native thread of its own."""
        if self._thread is None:
            self._thread = HubThread()
        return self._thread.hub

    def abandon(self, worker: GreenWorker) -> None:
        """Count a greenlet as stuck until its call ends after all."""
        self._stuck = {other for other in self._stuck if not other.greenlet.dead} | {worker}

    @property
    def stuck(self) -> int:
        """How many greenlets were killed in a call that has not ended."""
        return sum(not worker.greenlet.dead for worker in list(self._stuck))

    def close(self, timeout: float) -> None:
        """End the greenlets: those at work get `timeout` seconds, as far as this thread can wait for them.

        Those that were killed count as at work: a coroutine that is being cancelled would be cut off with its loop.
        """
        self._closed = True
        here: list[Any] = []
        there: list[Any] = []
        for port in list(self._ports):
            (here if is_here(port.hub) else there).extend(port.at_work())
        for worker in self._stuck:
            if not worker.greenlet.dead and worker.greenlet is not getcurrent():
                (here if is_here(worker.greenlet.parent) else there).append(worker.greenlet)
        for home, idle in list(self._idle.items()):
            while idle:
                worker = idle.pop()
                worker.wake(None)
                (here if is_here(home) else there).append(worker.greenlet)
        thread, self._thread = self._thread, None
        loop, self._loop = self._loop, None
        if here and not isinstance(getcurrent(), Hub):
            joinall(here, timeout=timeout)
        if thread is not None:
            thread.close([greenlet for greenlet in there if greenlet.parent is thread.hub], timeout)
        for port in list(self._ports):
            port.kill_all()
        if loop is not None:
            loop.close()
