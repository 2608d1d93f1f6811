"""A lock that Ctrl-C cannot leave locked, also where gevent has replaced the standard library's."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any


def make_lock() -> AbstractContextManager[Any]:
    """Make a lock for `with`, of greenlets where threads are greenlets.

    What gevent puts in place of a thread's lock takes it in Python code, in which an interrupt may fall right after it
    has been taken, and then nobody gives it back. Its base class does not: there the interrupt comes before or after,
    as it does with a thread's own.
    """
    lock: Any = threading.Lock()
    kind: Any = type(lock)
    return kind.__base__(1) if kind.__module__ == "gevent.thread" else lock  # type: ignore[no-any-return]
