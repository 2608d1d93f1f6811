"""`sync`: no workers, just the caller. The oracle: what this does, every other strategy does."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from .._core.base import BaseStrategy, Job
from .._core.crew import Crew, Setup
from .._core.port import Port
from .._ports.inline import InlinePort
from .._strategy import Traits

if TYPE_CHECKING:
    from .._ports.thread_crew import ThreadCrew


class SyncStrategy(BaseStrategy):
    """Calls one after the other in the caller's thread; the simplest, and the fastest for small work.

    A coroutine function runs on an event loop of its own; where a loop runs already in the caller's thread (an async
    verb, Jupyter), that one is kept alive, and the calls go to a single helper thread.

    Args:
        max_workers: is 1 here, whatever is asked for.
        options: any option of a run, as this strategy's default.
    """

    name = "sync"
    traits: Traits = Traits()

    def default_workers(self) -> int:
        """Return 1."""
        return 1

    def most(self) -> int:
        """Return 1: the caller."""
        return 1

    def hire(self, workers: int) -> Crew:
        """Keep a thread at hand for calls that would block a running event loop."""
        return _Helper()

    def open(self, job: Job) -> Port:
        """Run in the caller's thread, unless that would block an event loop."""
        if not _loop_is_running():
            return InlinePort(job.call, threading.current_thread().name)
        from .._ports.threads import ThreadsPort

        assert isinstance(job.crew, _Helper)
        return ThreadsPort(job.call, job.crew.thread())


class _Helper(Crew):
    """One thread, made when it is first needed: a strategy may be opened outside a loop and used inside one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: ThreadCrew | None = None

    def thread(self) -> ThreadCrew:
        """Return where the thread comes from."""
        from .._ports.thread_crew import ThreadCrew

        with self._lock:
            if self._threads is None:
                self._threads = ThreadCrew(Setup(), "sync")
            return self._threads

    def close(self, timeout: float) -> None:
        """End the thread."""
        if self._threads is not None:
            self._threads.close(timeout)

    @property
    def stuck(self) -> int:
        """How many threads were abandoned in a call that does not end."""
        return self._threads.stuck if self._threads is not None else 0


def _loop_is_running() -> bool:
    # Asked of asyncio only if somebody has imported it: a program without it cannot have a loop.
    asyncio = sys.modules.get("asyncio")
    trio = sys.modules.get("sniffio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return True
    return trio is not None and getattr(trio.thread_local, "name", None) is not None
