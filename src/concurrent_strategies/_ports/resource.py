"""What `worker_resource` makes for one event loop: entered, kept and left by one and the same task of that loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio

from .._core.loops import Cancellable, Function, Loop

Told = Callable[[Any, "BaseException | None"], None]


class LoopResource:
    """Made when first asked for, and given back when it is released or its loop ends.

    Args:
        factory: makes it, or an awaitable of it; what it makes is entered and exited, asynchronously or not, or
            closed, as far as it has the methods for that.
        loop: where.
        gone: called in the loop when it has been given back.
    """

    def __init__(self, factory: Callable[[], Any], loop: Loop, gone: Function) -> None:
        self._factory = factory
        self._gone = gone
        self._asking: list[Told] = []
        self._told: tuple[Any, BaseException | None] | None = None
        self._released = False
        self._leave: anyio.Event | None = None
        self._task: Cancellable = loop.spawn(self._live)

    def ask(self, told: Told) -> None:
        """Have `told` called with the resource, or with what went wrong."""
        if self._told is None:
            self._asking.append(told)
        else:
            told(*self._told)

    def release(self) -> None:
        """Give it back."""
        self._released = True
        if self._leave is not None:
            self._leave.set()

    def _tell(self, value: Any, error: BaseException | None) -> None:
        if self._told is None:
            self._told = value, error
            asking, self._asking = self._asking, []
            for told in asking:
                told(value, error)

    async def _live(self) -> None:
        end: BaseException | None = None
        try:
            async with AsyncExitStack() as stack:
                self._leave = anyio.Event()
                self._tell(await self._enter(stack), None)
                try:
                    if not self._released:
                        await self._leave.wait()
                except BaseException as error:  # the loop is ending
                    end = error
                    raise
        except BaseException as error:
            if self._told is None:
                self._tell(None, error)
            elif error is not end:
                warnings.warn(f"the worker_resource could not be given back: {error!r}", RuntimeWarning, stacklevel=1)
        self._gone()

    async def _enter(self, stack: AsyncExitStack) -> Any:
        made = self._factory()
        if hasattr(type(made), "__await__") and not hasattr(type(made), "__aenter__"):
            made = await made
        if hasattr(type(made), "__aenter__"):
            return await stack.enter_async_context(made)
        close = getattr(made, "aclose", None) or getattr(made, "close", None)
        if callable(close):
            # A sqlite connection, for one, is a context manager that does not close.
            stack.push_async_callback(_call, close)
        if hasattr(type(made), "__enter__"):
            return stack.enter_context(made)
        return made


async def _call(function: Callable[[], Any]) -> None:
    result = function()
    if hasattr(type(result), "__await__"):
        await result
