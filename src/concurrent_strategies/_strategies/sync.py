"""`sync`: no workers, just the caller. The oracle: what this does, every other strategy does."""

from __future__ import annotations

import sys
import threading

from .._core.base import BaseStrategy, Job
from .._core.crew import Crew, Setup
from .._core.port import Port
from .._ports.inline import InlinePort
from .._strategy import Traits


class SyncStrategy(BaseStrategy):
    """Calls one after the other in the caller's thread; the simplest, and the fastest for small work.

    A coroutine function runs on an event loop of its own; where a loop runs already in the caller's thread (an async
    verb, Jupyter), that one is kept alive, and the calls go to a single helper thread.

    Args:
        max_workers: is 1 here, whatever is asked for.
        options: any option of a run, as this strategy's default.
    """

    name = "sync"
    traits = Traits()

    def default_workers(self) -> int:
        """Return 1."""
        return 1

    def most(self) -> int:
        """Return 1: the caller."""
        return 1

    def hire(self, workers: int) -> Crew:
        """Keep a thread at hand for calls that would block a running event loop."""
        if not _loop_is_running():
            return Crew()
        from .._ports.threads import ThreadCrew

        return ThreadCrew(Setup(), f"sync-{threading.get_ident()}")

    def open(self, job: Job) -> Port:
        """Run in the caller's thread, unless that would block an event loop."""
        if not _loop_is_running():
            return InlinePort(job.call, threading.current_thread().name)
        from .._ports.threads import ThreadCrew, ThreadsPort

        crew = job.crew if isinstance(job.crew, ThreadCrew) else ThreadCrew(Setup(), "sync")
        return ThreadsPort(job.call, crew)


def _loop_is_running() -> bool:
    # Asked of asyncio only if somebody has imported it: a program without it cannot have a loop.
    asyncio = sys.modules.get("asyncio")
    trio = sys.modules.get("sniffio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return True
    return trio is not None and getattr(trio.thread_local, "name", None) is not None
