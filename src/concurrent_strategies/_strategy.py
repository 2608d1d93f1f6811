"""What a strategy is: the protocol that callers type against, and the traits that say how one differs from another.

A newcomer's first page. Everything in `_strategies/` is one of these; anyone may write another.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias, TypeVar, overload, runtime_checkable

from typing_extensions import Unpack

from ._options import RunOptions

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ._outcome import Outcome

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Colour: TypeAlias = Literal["plain", "async"]
Plain: TypeAlias = Callable[..., R]
Async: TypeAlias = Callable[..., Awaitable[R]]
Items: TypeAlias = Iterable[Any]
AnyItems: TypeAlias = Iterable[Any] | AsyncIterable[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a strategy is, as far as a caller can tell.

    Args:
        parallel_cpu: Python code runs on several cores at once.
        isolated: items and results cross a process border, so they are pickled, and the function's changes to global
            state stay there.
        native_async: coroutines run as tasks of one event loop.
        interrupts: the colours of function for which an overdue call is really ended: killed or cancelled. The others
            are abandoned, or judged when they return.
        owns_workers: workers are started and ended by us; on foreign clusters and executors the guarantees about
            deaths, hangs and left-overs hold only as far as the foreign system allows.
    """

    parallel_cpu: bool = False
    isolated: bool = False
    native_async: bool = False
    interrupts: frozenset[Colour] = frozenset()
    owns_workers: bool = True


class Stream(Protocol[R_co]):
    """Results as they come: an iterator, and a context manager that ends the run."""

    def __iter__(self) -> Iterator[R_co]: ...
    def __next__(self) -> R_co: ...
    def close(self) -> None:
        """Start no further item, end or wait for what runs, and free the workers."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


class AsyncStream(Protocol[R_co]):
    """Results as they come, for `async with` and `async for`; the run lives as long as the `async with` block."""

    def __aiter__(self) -> AsyncIterator[R_co]: ...
    async def __anext__(self) -> R_co: ...
    async def aclose(self) -> None:
        """Start no further item, end or wait for what runs, and free the workers."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...


@runtime_checkable
class Strategy(Protocol):
    """A way to run a function over items. `outcomes` is the primitive; the other verbs are a few lines over it.

    Attributes:
        name: the word for it in configuration.
        traits: what it is.
    """

    name: str
    traits: Traits

    @overload
    def map(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> list[R]: ...
    @overload
    def map(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> list[R]: ...

    @overload
    def stream(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[R]: ...
    @overload
    def stream(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[R]: ...

    @overload
    def outcomes(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[Outcome[R]]: ...
    @overload
    def outcomes(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[Outcome[R]]: ...

    @overload
    async def amap(self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> list[R]: ...
    @overload
    async def amap(self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> list[R]: ...

    @overload
    def astream(self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> AsyncStream[R]: ...
    @overload
    def astream(self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> AsyncStream[R]: ...

    @overload
    def aoutcomes(
        self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]
    ) -> AsyncStream[Outcome[R]]: ...
    @overload
    def aoutcomes(
        self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]
    ) -> AsyncStream[Outcome[R]]: ...

    def executor(self) -> Executor:
        """Return a `concurrent.futures.Executor` over this strategy."""

    def close(self, timeout: float = ...) -> None:
        """End the workers; bounded."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
