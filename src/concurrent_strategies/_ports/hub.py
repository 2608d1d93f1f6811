"""What stands between gevent's hub and the rest of the program: a bell that is rung in it and waited for anywhere, a
hub in a native thread of its own, and an event loop beside it for coroutines.

A hub runs in one native thread, and greenlets move only while somebody in that thread waits in gevent. Nothing here
depends on whether the program is patched: locks and threads are the original ones in either case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Any

from gevent import get_hub, getcurrent, joinall, sleep
from gevent.hub import Waiter
from gevent.monkey import get_original, is_module_patched

from .._core.bell import Bell
from .._core.loops import Cancellable, Function, Loop, serve_asyncio

LOOP_END = 1.0  # seconds that a loop's thread gets to cancel what coroutines have left behind

_allocate_lock: Callable[[], Any] = get_original("_thread", "allocate_lock")
_start_new_thread: Callable[..., int] = get_original("_thread", "start_new_thread")
_thread_id: Callable[[], int] = get_original("_thread", "get_ident")


def is_patched() -> bool:
    """Tell whether threads are greenlets in this program."""
    return bool(is_module_patched("threading"))


def is_here(hub: Any) -> bool:
    """Tell whether this is the hub's own native thread."""
    return bool(_thread_id() == hub.thread_ident)


def call_in(hub: Any, function: Callable[..., object], *args: Any) -> None:
    """Have the hub call something, from any thread; nothing happens if its thread has ended."""
    try:
        if is_here(hub):
            hub.loop.run_callback(function, *args)
        else:
            hub.loop.run_callback_threadsafe(function, *args)
    except (AttributeError, ValueError):
        return  # the loop has been destroyed


def hush(hub: Any) -> None:
    """Have the hub print nothing of a Ctrl-C, which the caller will hear of, until `unhush`."""
    hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)


def unhush(hub: Any) -> None:
    """Undo one `hush`."""
    kinds = list(hub.NOT_ERROR)
    kinds.remove(KeyboardInterrupt)
    hub.NOT_ERROR = tuple(kinds)


class GreenBell(Bell):
    """A bell for a hub's greenlets: in its own thread the others go on while one waits.

    Args:
        hub: the hub.
    """

    __slots__ = ("_hub", "_waiters")

    def __init__(self, hub: Any) -> None:
        self._lock = _allocate_lock()
        self._lock.acquire()
        self._listener = None
        self._hub = hub
        self._waiters: list[Any] = []

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        try:
            self._lock.release()
        except RuntimeError:  # it was rung already
            return
        for waiter in self._waiters:
            call_in(self._hub, waiter.switch, None)
        if self._listener is not None:
            self._listener()

    def wait(self, timeout: float) -> bool:
        """Wait until it rings, for `timeout` seconds at most; Ctrl-C ends the wait."""
        if timeout <= 0 or getcurrent() is self._hub:  # the hub itself cannot wait for anything
            return bool(self._lock.acquire(False))
        if not is_here(self._hub):
            return bool(self._lock.acquire(timeout=min(timeout, threading.TIMEOUT_MAX)))
        waiter = Waiter(self._hub)
        self._waiters.append(waiter)
        try:
            # Only now: a ring from another thread looks for waiters after it has released the lock.
            if not self._lock.acquire(False):
                with self._hub.loop.timer(timeout) as timer:
                    timer.start(waiter.switch, None, update=True)
                    waiter.get()
                return bool(self._lock.acquire(False))
            return True
        finally:
            self._waiters.remove(waiter)

    def pause(self, seconds: float) -> None:
        """Wait although it may ring."""
        if is_here(self._hub) and getcurrent() is not self._hub:
            sleep(seconds)
        else:
            time.sleep(seconds)


class HubThread:
    """A hub in a native thread of its own, for runs that are driven from where no hub would run."""

    def __init__(self) -> None:
        self.hub: Any = None
        self._stop: Any = None
        self._leaving: Sequence[Any] = ()
        self._patience = 0.0
        self._gone = Latch()
        ready = Latch()
        start_thread(partial(self._live, ready), "hub")
        ready.wait(None)

    def _live(self, ready: Latch) -> None:
        hub = self.hub = get_hub()
        waiter = Waiter(hub)
        self._stop = hub.loop.async_()
        self._stop.start(waiter.switch, None)
        ready.set()
        try:
            waiter.get()
            joinall(self._leaving, timeout=self._patience)
            self._stop.close()
            hub.destroy(destroy_loop=True)
        finally:
            self._gone.set()

    def close(self, greenlets: Sequence[Any], timeout: float) -> None:
        """End the thread once these greenlets have ended, or after `timeout` seconds."""
        self._leaving, self._patience = greenlets, timeout
        self._stop.send()
        self._gone.wait(timeout + 0.1)


class LoopThread:
    """An asyncio loop in a native thread of its own, on which the coroutines of all greenlets run side by side.

    A greenlet cannot have a loop of its own: what loop is running is kept for each native thread.
    """

    def __init__(self) -> None:
        self._loop: Loop
        self._stop: Function
        self._gone = Latch()
        self._ready = Latch()
        start_thread(self._live, "event-loop")
        self._ready.wait(None)

    def _live(self) -> None:
        try:
            serve_asyncio(self._arrive)
            if is_patched():
                get_hub().destroy(destroy_loop=True)  # what asyncio has waited with
        finally:
            self._gone.set()

    def _arrive(self, loop: Loop, stop: Function) -> None:
        self._loop, self._stop = loop, stop
        self._ready.set()

    def run(self, awaitable: Awaitable[Any], context: Context) -> tuple[bool, Any]:
        """Await something over there while this greenlet waits; if that is killed, cancel it and wait for its end.

        Returns:
            whether it went well, and its value or its exception. Costs about 50 us.
        """
        errand = _Errand(awaitable)
        self._loop.soon(partial(context.run, errand.begin, self._loop))
        try:
            return errand.waiter.get()  # type: ignore[no-any-return]
        except BaseException:
            self._loop.soon(errand.cancel)
            errand.waiter.get()
            raise

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        self._loop.soon(self._stop)
        self._gone.wait(LOOP_END)


class _Errand:
    """One awaitable, on its way to the loop's thread and back."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.hub = get_hub()
        self.waiter = Waiter(self.hub)
        self._awaitable = awaitable
        self._task: Cancellable | None = None
        self._begun = self._cancelled = False

    def begin(self, loop: Loop) -> None:
        self._task = loop.spawn(self._run)

    def cancel(self) -> None:
        self._cancelled = True
        if self._begun and self._task is not None:  # a task that is cancelled before its first step never takes it
            self._task.cancel()

    async def _run(self) -> None:
        self._begun = True
        result: tuple[bool, Any]
        if self._cancelled:
            result = False, None
            if hasattr(self._awaitable, "close"):
                self._awaitable.close()  # or Python complains that it was never awaited
        else:
            try:
                result = True, await self._awaitable
            except BaseException as error:
                result = False, error
        call_in(self.hub, self.waiter.switch, result)


class Latch:
    """Something that happens once, and that a native thread may wait for."""

    def __init__(self) -> None:
        self._lock = _allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Have it happen."""
        self._lock.release()

    def wait(self, timeout: float | None) -> bool:
        """Wait for it, for so many seconds at most; return whether it has happened."""
        got = self._lock.acquire(timeout=-1 if timeout is None else timeout)
        if got:
            self._lock.release()
        return bool(got)

    join = wait  # where it is the end of a thread


def start_thread(target: Callable[[], None], name: str) -> None:
    """Start a native thread that keeps no program alive, also where `threading` would make a greenlet of it."""
    if is_patched():
        _start_new_thread(target, ())
    else:
        threading.Thread(target=target, name=name, daemon=True).start()
