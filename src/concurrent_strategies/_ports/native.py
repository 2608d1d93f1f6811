"""A thread and a bell that are real in every program: where gevent has patched this one, `threading` makes greenlets.

An event loop needs a native thread of its own, as what loop is running is kept for each of those; and whoever waits
for it in a greenlet has to let the others go on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

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


def start_thread(target: Callable[[], None], name: str) -> threading.Thread | None:
    """Start a native thread that keeps no program alive; RuntimeError if the system gives no more.

    Returns:
        the thread, where it can be joined.
    """
    if not is_patched():
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread
    from .hub import start_thread

    def with_a_hub() -> None:
        try:
            target()
        finally:
            sys.modules["gevent"].get_hub().destroy(destroy_loop=True)  # what the loop has waited with

    start_thread(with_a_hub, name)
    return None
