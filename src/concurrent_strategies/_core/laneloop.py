"""An event loop that belongs to one worker thread or process, for coroutine functions on strategies that block."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any


class LaneLoop:
    """Runs one awaitable after the other to its end, on a loop that stays open between them.

    What loop is running is kept for each native thread. Where gevent has patched the program, workers are greenlets of
    one; then the loop gets a native thread of its own, and the greenlet waits for that cooperatively.
    """

    def __init__(self) -> None:
        monkey = sys.modules.get("gevent.monkey")
        patched = monkey is not None and monkey.is_module_patched("threading")
        self._native: Any = sys.modules["gevent"].get_hub().threadpool_class(1) if patched else None
        self._runner: asyncio.Runner = self._there(asyncio.Runner)
        self._loop = self._there(self._runner.get_loop)  # made now, so that no item has to wait for it

    def run(self, awaitable: Awaitable[Any], context: Context) -> Any:
        """Return what the awaitable returns; cost about 50 us."""
        outcome = _Outcome()
        self._there(self._runner.run, outcome.of(awaitable), context=context)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self) -> None:
        """Cancel what the coroutines left behind, and close the loop."""
        self._there(self._runner.close)
        if self._native is not None:
            self._native.kill()

    def _there(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call something in the thread that the loop runs in."""
        if self._native is None:
            return function(*args, **kwargs)
        result = self._native.spawn(function, *args, **kwargs)
        try:
            return result.get()
        except BaseException:
            if not result.ready():  # this greenlet was interrupted, and not the loop
                self._loop.call_soon_threadsafe(self._cancel)
                result.wait()
            raise

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


class _Outcome:
    """What an awaitable came to.

    A task that has failed is printed by asyncio, with its error, when it looks after Ctrl-C; and an error may be such
    that printing it fails, which would leave a handler behind that nobody can remove. So the task never fails.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None

    async def of(self, awaitable: Awaitable[Any]) -> None:
        try:
            self.value = await awaitable
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # by Ctrl-C
            self.error = _without_us(error)
        except BaseException as error:
            self.error = _without_us(error)


def _without_us(error: BaseException) -> BaseException:
    trace = error.__traceback__
    return error.with_traceback(trace.tb_next if trace is not None else None)
