"""The two streams that verbs return: a blocking one, driven by its caller, and an async one with a task of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

from typing_extensions import Self

from .drive import Engine, aclose, adrive, drive
from .shelf import Entry

T = TypeVar("T")


class SyncStream(Generic[T]):
    """Results as they come: an iterator, and a context manager that ends the run.

    The run begins with the first `next`. A stream that is dropped is closed.
    """

    def __init__(self, results: Generator[T, None, None]) -> None:
        self._results = results

    def __iter__(self) -> Iterator[T]:
        """Return the iterator itself: one run is read once."""
        return self._results

    def __next__(self) -> T:
        """Return the next result; raises what the run ended by."""
        return next(self._results)

    def close(self) -> None:
        """Start no further item, end or wait for what runs as the strategy's traits say, and free the workers."""
        self._results.close()

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the stream."""
        self.close()

    def __repr__(self) -> str:
        return f"<stream at {id(self):#x}>"


def results(
    begin: Callable[[Any], Engine], unpack: Callable[[list[Entry]], Iterator[T]], end: Callable[[], None]
) -> Generator[T, None, None]:
    """Drive a run in the caller's thread, and yield what `unpack` makes of each batch."""
    batches = drive(begin(None))
    try:
        for batch in batches:
            yield from unpack(batch)
    finally:
        batches.close()
    end()


class AioStream(Generic[T]):
    """Results as they come, for `async with` and `async for`.

    The run has a task of its own, which lives as long as the `async with` block: yielding out of a task group would
    break structured concurrency (PEP 789), so there is no run without the block.
    """

    def __init__(
        self,
        begin: Callable[[Any], Engine],
        unpack: Callable[[list[Entry]], Iterator[T]],
        end: Callable[[], None],
    ) -> None:
        self._begin = begin
        self._unpack = unpack
        self._end = end
        self._engine: Engine | None = None
        self._group: Any = None
        self._changed: Any = None
        self._ready: Iterator[T] = iter(())
        self._over = False
        self._crash: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Begin the run."""
        import anyio

        self._changed = anyio.Event()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        try:
            self._engine = self._begin(self._group)
        except BaseException:
            await self._group.__aexit__(None, None, None)
            raise
        self._group.start_soon(self._drive, self._engine)
        return self

    async def _drive(self, engine: Engine) -> None:
        try:
            await adrive(engine, self._announce)
        except Exception as error:  # an error of ours must reach the consumer, not end as a hang
            self._crash = error
        finally:
            self._over = True
            self._announce()

    def _announce(self) -> None:
        import anyio

        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def __aiter__(self) -> Self:
        """Return the stream itself: one run is read once."""
        return self

    async def __anext__(self) -> T:
        """Return the next result; raises what the run ended by."""
        while True:
            for result in self._ready:
                return result
            batch = await self._next_batch()
            if batch is None:
                await self.aclose()
                self._end()
                raise StopAsyncIteration
            self._ready = self._unpack(batch)

    async def _next_batch(self) -> list[Entry] | None:
        """Return what is ready, reading the input here, in the consumer's own task, as far as there is room."""
        engine = self._engine
        if engine is None:
            message = "use `async with strategy.astream(...) as stream:`; the run lives as long as that block"
            raise RuntimeError(message)
        while not engine.closed:
            changed = self._changed
            if batch := engine.take():
                return batch
            if self._crash is not None:
                raise self._crash
            if engine.run.finished:
                break
            if wanted := engine.wants:
                engine.fed(await engine.source.apull(wanted))
                engine.port.bell.ring()
            elif not self._over:
                await changed.wait()
        if (ending := engine.run.ending) is not None and not engine.closed:
            raise ending
        return None

    async def aclose(self) -> None:
        """Start no further item, end or wait for what runs as the strategy's traits say, and free the workers."""
        group, self._group = self._group, None
        if group is None:
            return
        assert self._engine is not None
        try:
            await aclose(self._engine)
        finally:
            group.cancel_scope.cancel()
            await group.__aexit__(None, None, None)

    async def __aexit__(self, *exc: object) -> None:
        """Close the stream."""
        await self.aclose()
