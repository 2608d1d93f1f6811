"""An event loop that belongs to one worker thread or process, for coroutine functions on strategies that block."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import Context
from typing import Any


class LaneLoop:
    """Runs one awaitable after the other to its end, on a loop that stays open between them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._runner.get_loop()  # made now, so that no item has to wait for it

    def run(self, awaitable: Awaitable[Any], context: Context) -> Any:
        """Return what the awaitable returns; cost about 50 us."""
        outcome = _Outcome()
        self._runner.run(outcome.of(awaitable), context=context)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self) -> None:
        """Cancel what the coroutines left behind, and close the loop."""
        self._runner.close()


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
