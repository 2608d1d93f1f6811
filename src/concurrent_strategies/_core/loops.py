"""What differs between asyncio and trio as far as this package needs it: the same few verbs, once for each.

anyio stands above both wherever it can. It does not do for tasks that must never hold anybody up: its task groups wait
without a bound for a coroutine that refuses to end, and its scopes cancel at every further `await`, which takes from
asyncio code the clean-up that it is used to. So the tasks here belong to the loop, not to the caller's scopes: they
are cancelled once, and whoever spawns one hears of its end from the task itself. What they run must not raise.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol

Function = Callable[[], object]
AsyncFunction = Callable[[], Awaitable[None]]


class Cancellable(Protocol):
    """A task, as whoever spawned it sees it."""

    def cancel(self) -> object:
        """Ask it to end; for its own loop's thread."""


class Loop(Protocol):
    """A running event loop, told what to do from its own thread; `soon` alone may be called from any."""

    name: str
    thread: int
    key: Any  # the same for the same loop

    def soon(self, callback: Function) -> object:
        """Have `callback` called by the loop; RuntimeError if the loop has ended."""

    def next(self, callback: Function) -> object:
        """Have `callback` called once whatever is ready now has had its turn."""

    def spawn(self, function: AsyncFunction) -> Cancellable:
        """Run a coroutine function in a task of its own, in a copy of the current context. Keep what is returned."""

    async def breathe(self) -> None:
        """Let the others have their turn; raises if this task was cancelled."""

    def cancels(self) -> Callable[[], int]:
        """Return what tells whether somebody has cancelled the current task as such, however that came out."""

    def ending(self) -> bool:
        """Tell whether the current task is cancelled from outside, so that nothing in it can go on."""


class AsyncioLoop:
    """The loop that runs in this thread, be it asyncio's own or uvloop."""

    name = "asyncio"

    def __init__(self) -> None:
        import asyncio

        self._asyncio = asyncio
        self._loop = asyncio.get_running_loop()
        self.key: Any = self._loop
        self.thread = threading.get_ident()
        self.soon = self._loop.call_soon_threadsafe
        self.next = self._loop.call_soon

    def spawn(self, function: AsyncFunction) -> Cancellable:
        """Run it in a task; not through the loop's task factory, as an eager one would run it here and now."""
        return self._asyncio.Task(function(), loop=self._loop)  # type: ignore[arg-type]

    async def breathe(self) -> None:
        """Let the others have their turn."""
        await self._asyncio.sleep(0)

    def cancels(self) -> Callable[[], int]:
        """Return the current task's own count, in which balanced uses (`timeout`, `TaskGroup`) do not show."""
        task = self._asyncio.current_task()
        assert task is not None
        return task.cancelling

    def ending(self) -> bool:
        """Tell nothing: asyncio does not say why a task is cancelled, so `cancels` has to do."""
        return False


class TrioLoop:
    """The trio run of this thread; its tasks are system tasks, which end with the main one."""

    name = "trio"

    def __init__(self) -> None:
        import trio

        self._trio = trio
        self._token = trio.lowlevel.current_trio_token()
        self.key: Any = self._token
        self.thread = threading.get_ident()
        self.soon = self._token.run_sync_soon
        self.next = self._token.run_sync_soon

    def spawn(self, function: AsyncFunction) -> Cancellable:
        """Run it in a system task, inside a cancel scope."""
        scope = self._trio.CancelScope()

        async def scoped() -> None:
            try:
                with scope:
                    await function()
            except self._trio.Cancelled:
                raise
            except BaseException:
                # A scope that the user's code entered and never left makes ours complain. Out of a system task that
                # would end the whole program, for a fault that has been this one task's.
                return

        self._trio.lowlevel.spawn_system_task(scoped, context=copy_context())
        return scope

    async def breathe(self) -> None:
        """Let the others have their turn."""
        await self._trio.lowlevel.checkpoint()

    def cancels(self) -> Callable[[], int]:
        """Return a constant 0: trio's scopes leave no trace on the task."""
        return int

    def ending(self) -> bool:
        """Tell whether a scope around this task is cancelled."""
        return self._trio.current_effective_deadline() == -math.inf


def running_loop() -> Loop:
    """Return the loop that runs in this thread; RuntimeError if there is none."""
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return TrioLoop()
    return AsyncioLoop()


def serve_asyncio(arrive: Callable[[Loop, Function], None], factory: Callable[[], Any] | None = None) -> None:
    """Run an asyncio loop in this thread until what `arrive` is given for that is called, once and in the loop.

    Args:
        arrive: called first of all, in the loop, with it and with what ends it.
        factory: makes the loop; default: what asyncio is set to make.
    """
    import asyncio

    with asyncio.Runner(loop_factory=factory) as runner:
        loop = runner.get_loop()
        over = loop.create_future()
        over.add_done_callback(lambda _: loop.stop())
        loop.call_soon(lambda: arrive(AsyncioLoop(), partial(over.set_result, None)))
        while not over.done():  # an item may have called `loop.stop()`
            try:
                loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # Raised in a task that an item has made: asyncio lets these two through the loop. Whoever awaits that
                # task gets them too; the loop itself is as good as before, and goes on where it was.
                continue


def serve_trio(arrive: Callable[[Loop, Function], None]) -> None:
    """Run trio in this thread until what `arrive` is given for that is called, once and in the loop."""
    import trio

    async def main() -> None:
        over = trio.Event()
        arrive(TrioLoop(), over.set)
        await over.wait()

    trio.run(main)
