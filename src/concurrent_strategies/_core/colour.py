"""The colour of a function: whether it returns values or awaitables, as far as its declaration says."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Dual(Generic[P, R]):
    """One callable that has both colours; strategies take the one that suits them, everybody else the plain one.

    Attributes:
        sync: the plain function.
        async_: the coroutine function.
    """

    def __init__(self, sync: Callable[P, R], async_: Callable[P, Awaitable[R]]) -> None:
        self.sync = sync
        self.async_ = async_
        functools.update_wrapper(self, sync)
        self.__qualname__: str = sync.__qualname__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function."""
        return self.sync(*args, **kwargs)

    def __reduce__(self) -> Any:
        # Found again by its name, like a function, where it stands at the top level of a module under it.
        if getattr(inspect.getmodule(self.sync), self.__qualname__, None) is self:
            return self.__qualname__
        return Dual, (self.sync, self.async_)

    def __repr__(self) -> str:
        return f"dual(sync={self.sync!r}, async_={self.async_!r})"


def dual(*, sync: Callable[P, R], async_: Callable[P, Awaitable[R]]) -> Dual[P, R]:
    """Make one callable of a plain function and a coroutine function that do the same.

    Args:
        sync: the plain function, which every strategy of blocking workers takes.
        async_: the coroutine function, which asyncio and trio take.

    Returns:
        a callable; calling it calls `sync`.
    """
    return Dual(sync, async_)


def is_async(func: Callable[..., Any]) -> bool:
    """Tell whether a function is declared `async def`, also through partial, `__call__` and bound methods."""
    while isinstance(func, functools.partial):
        func = func.func
    if inspect.iscoroutinefunction(func):
        return True
    call = getattr(type(func), "__call__", None)  # noqa: B004  (the question is how it is declared)
    return not inspect.isclass(func) and inspect.iscoroutinefunction(call)


def pick(func: Callable[..., Any], *, native_async: bool) -> tuple[Callable[..., Any], bool]:
    """Return the function a strategy should run, and whether it is declared `async def`."""
    if isinstance(func, Dual):
        return (func.async_, True) if native_async else (func.sync, False)
    if isinstance(func, functools.partial) and isinstance(func.func, Dual):
        inner, declared = pick(func.func, native_async=native_async)
        return functools.partial(inner, *func.args, **func.keywords), declared
    return func, is_async(func)
