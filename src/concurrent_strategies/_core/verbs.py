"""The six verbs of a strategy, each a few lines over one prepared call; what they promise is in `Strategy`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from typing_extensions import Unpack

from .._options import RunOptions
from .._strategy import AnyItems, Async, AsyncStream, Items, Plain, Stream
from .stream import AioStream, SyncStream, results

if TYPE_CHECKING:
    from .._outcome import Outcome as Result
    from .verb import Verb

R = TypeVar("R")


class Verbs(ABC):
    """`map`, `stream`, `outcomes` and their async twins, over `prepare`."""

    @abstractmethod
    def prepare(
        self, func: Callable[..., Any], iterables: tuple[Any, ...], changes: dict[str, Any], **how: bool
    ) -> Verb:
        """Check the arguments of a verb and make its call ready, without running anything."""

    @overload
    def map(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> list[R]: ...
    @overload
    def map(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> list[R]: ...
    def map(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> list[Any]:
        """Run the function over all items and return its results as a list, in the order of the input.

        Args:
            func: a plain or a coroutine function; with several iterables it gets one argument from each.
            iterables: the items; sized ones are read as a whole, others through a window of `buffersize`.
            options: see `Options`.

        Raises:
            Exception: what the function raised, for the lowest index at which it did, with a note naming the item.
            TaskTimeout, WorkerDied, ItemExited: likewise, for an item that ended in such a way.
            RunTimeout: after `timeout` seconds.
            InvalidOption: for a bad option, before anything is run.
        """
        verb = self.prepare(func, iterables, {"ordered": True, **options}, whole=True)
        out: list[Any] = []
        stream = results(verb.begin, verb.values, verb.end_values)
        try:
            for values in stream:
                out.extend(values)
        finally:
            stream.close()
        return out

    @overload
    def stream(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[R]: ...
    @overload
    def stream(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[R]: ...
    def stream(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> SyncStream[Any]:
        """Run the function over the items and yield its results as they come, with bounded memory.

        Args and raises as for `map`; the results before a failed item are yielded first.

        Returns:
            an iterator and context manager; nothing is read or run before the first `next`.
        """
        verb = self.prepare(func, iterables, options)
        return SyncStream(results(verb.begin, verb.each_value, verb.end_values))

    @overload
    def outcomes(self, func: Async[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[Result[R]]: ...
    @overload
    def outcomes(self, func: Plain[R], /, *iterables: Items, **options: Unpack[RunOptions]) -> Stream[Result[R]]: ...
    def outcomes(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> SyncStream[Any]:
        """Run the function over the items and yield a `Success` or a `Failure` for each.

        Args as for `stream`, but for `on_error`, which is refused: errors are values here.

        Raises:
            TooManyFailures, RunTimeout, InvalidOption: what ends the run as a whole, and what the input itself raises.
        """
        verb = self.prepare(func, iterables, options, outcomes=True)
        return SyncStream(results(verb.begin, verb.outcomes, verb.end_outcomes))

    @overload
    async def amap(self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> list[R]: ...
    @overload
    async def amap(self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> list[R]: ...
    async def amap(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> list[Any]:
        """Do as `map` without blocking the event loop; the iterables may be async.

        Cancelling starts no further item, and ends, awaits or abandons what runs, as the strategy's traits say.
        """
        verb = self.prepare(func, iterables, {"ordered": True, **options}, whole=True, can_await=True)
        out: list[Any] = []
        async with AioStream(verb.begin, verb.values, verb.end_values) as stream:
            async for values in stream:
                out.extend(values)
        return out

    @overload
    def astream(self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> AsyncStream[R]: ...
    @overload
    def astream(self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]) -> AsyncStream[R]: ...
    def astream(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> AioStream[Any]:
        """Do as `stream` in an event loop: use it with `async with`, then `async for`."""
        verb = self.prepare(func, iterables, options, can_await=True)
        return AioStream(verb.begin, verb.each_value, verb.end_values)

    @overload
    def aoutcomes(
        self, func: Async[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]
    ) -> AsyncStream[Result[R]]: ...
    @overload
    def aoutcomes(
        self, func: Plain[R], /, *iterables: AnyItems, **options: Unpack[RunOptions]
    ) -> AsyncStream[Result[R]]: ...
    def aoutcomes(self, func: Callable[..., Any], /, *iterables: Any, **options: Any) -> AioStream[Any]:
        """Do as `outcomes` in an event loop: use it with `async with`, then `async for`."""
        verb = self.prepare(func, iterables, options, outcomes=True, can_await=True)
        return AioStream(verb.begin, verb.outcomes, verb.end_outcomes)
