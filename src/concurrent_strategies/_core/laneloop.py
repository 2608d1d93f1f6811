"""An event loop that belongs to one worker thread or process, for coroutine functions on strategies that block."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextvars import Context
from typing import Any


class LaneLoop:
    """Runs one awaitable after the other to its end, on a loop that stays open between them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, awaitable: Awaitable[Any], context: Context) -> Any:
        """Return what the awaitable returns; cost about 50 us."""
        coroutine = awaitable if isinstance(awaitable, Coroutine) else _outer(awaitable)
        return self._runner.run(coroutine, context=context)

    def close(self) -> None:
        """Cancel what the coroutines left behind, and close the loop."""
        self._runner.close()


async def _outer(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
