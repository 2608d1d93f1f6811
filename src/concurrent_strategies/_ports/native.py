"""A thread and a bell that are real in every program: where gevent has patched this one, `threading` makes greenlets.

An event loop needs a native thread of its own, as what loop is running is kept for each of those; and whoever waits
for it in a greenlet has to let the others go on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Protocol

from .._core.bell import Bell


def is_patched() -> bool:
    """Tell whether threads are greenlets in this program."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def new_bell() -> Bell:
    """Make a bell that another native thread may ring."""
    if not is_patched():
        return Bell()
    from .hub import GreenBell

    return GreenBell(sys.modules["gevent"].get_hub())


class NativeThread(Protocol):
    """A thread whose end can be waited for."""

    def join(self, timeout: float | None) -> object:
        """Wait until it has ended, for so many seconds at most."""


def start_thread(target: Callable[[], None], name: str) -> NativeThread:
    """Start a native thread that keeps no program alive; RuntimeError if the system gives no more.

    In a program that gevent has patched it should be joined, or the program may crash at its end: there Python ends all
    native threads, which unwinds their stacks, and those of gevent's greenlets cannot be.
    """
    if not is_patched():
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread
    from .hub import Latch, start_thread

    ended = Latch()

    def with_a_hub() -> None:
        try:
            target()
        finally:
            sys.modules["gevent"].get_hub().destroy(destroy_loop=True)  # what the loop has waited with
            ended.set()

    start_thread(with_a_hub, name)
    return ended
