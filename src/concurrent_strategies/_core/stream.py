"""The two streams that verbs return: a blocking one, driven by its caller, and an async one with a task of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .drive import Engine, aclose, adrive, drive
from .ear import Ear
from .shelf import Entry

if TYPE_CHECKING:
    import anyio

    from .loops import Cancellable

T = TypeVar("T")

PATIENCE = 1.0  # seconds that an async input may take to end when it is cancelled


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

    The run has a task of its own, which lives as long as the `async with` block: there is no run without the block. No
    task group and no cancel scope stays open between two results, so that results may be yielded on from an async
    generator, and the stream be closed from wherever it is held.
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
        self._ready: deque[Iterator[T]] = deque()  # several consumers may have taken a batch each
        self._changed: anyio.Event | None = None  # there while somebody waits for it; the same holds for `_room`
        self._room: anyio.Event | None = None
        self._over = self._hurry = self._driven = False
        self._crash: BaseException | None = None
        self._reader: Cancellable | None = None
        self._reading = False

    async def __aenter__(self) -> Self:
        """Begin the run; nothing is read before the first `anext`."""
        import anyio

        from .loops import running_loop

        if self._engine is not None or self._over:
            raise RuntimeError("this stream has been used before; one run is read once, so ask for another stream")
        self._loop = running_loop()
        engine = self._begin(self._loop)
        self._engine, self._ear = engine, Ear(engine.port.bell, self._loop)
        self._closed, self._read = anyio.Event(), anyio.Event()
        self._driver = self._loop.spawn(partial(self._drive, engine))
        return self

    # ----------------------------------------------------------------------------------- in tasks of their own

    async def _drive(self, engine: Engine) -> None:
        """Make the run move until it has ended or is to end, then close it."""
        if self._driven:
            return
        self._driven = True
        try:
            await adrive(engine, self._ear, self._announce, lambda: self._over)
        except GeneratorExit:  # the loop was closed under us
            raise
        except BaseException as error:  # there is nobody else whom it could reach but the consumer
            self._crash = error
        try:
            await aclose(engine, self._ear, hurry=self._hurry or self._crash is not None)
        except Exception as error:
            self._crash = self._crash or error
        self._ear.close()
        self._closed.set()
        self._announce()

    async def _feed(self, engine: Engine) -> None:
        """Read an async input: in one task from first to last, and without keeping what is ready from the consumer."""
        import anyio

        self._reading = True
        source = engine.source
        try:
            while not (source.ended or self._over):
                if wanted := engine.wants:
                    engine.fed(await source.apull(wanted))
                    self._ear.wake()
                else:
                    self._room = anyio.Event()
                    await self._room.wait()
        except BaseException as error:
            if not self._over:  # else it was cancelled by us, and why is known
                self._crash = self._crash or error
            self._announce()
        self._reading = False
        self._read.set()

    def _announce(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    # -------------------------------------------------------------------------------------- in the consumer's

    def __aiter__(self) -> Self:
        """Return the stream itself: one run is read once."""
        return self

    async def __anext__(self) -> T:
        """Return the next result; raises what the run ended by. It may be cancelled, and then called again."""
        engine = self._engine
        if engine is None:
            message = "use `async with strategy.astream(...) as stream:`; the run lives as long as that block"
            raise RuntimeError(message)
        try:
            while True:
                while self._ready:
                    for result in self._ready[0]:
                        return result
                    self._ready.popleft()
                batch = await self._next_batch(engine)
                if batch is not None:
                    self._ready.append(self._unpack(batch))
                elif not self._ready:
                    break
        except Exception:
            await self.aclose()
            raise
        if self._over:
            raise StopAsyncIteration
        await self.aclose()
        if (ending := self._crash or engine.run.ending) is not None:
            raise ending
        self._end()
        raise StopAsyncIteration

    async def _next_batch(self, engine: Engine) -> list[Entry] | None:
        """Return what is ready; read an input that is not async here, in the consumer's own task."""
        import anyio
        from anyio.lowlevel import checkpoint

        while not self._over:
            if batch := engine.take():
                return batch
            if self._crash is not None:
                raise self._crash
            if engine.run.finished:
                break
            wanted = engine.wants
            if wanted and not engine.source.awaits:
                engine.fed(await engine.source.apull(wanted))
                self._ear.wake_in(engine.turn())  # the driver knows nothing of what became due by that
                if engine.source.blocks:
                    await checkpoint()
                continue
            if wanted:
                self._read_on(engine)
            self._changed = self._changed or anyio.Event()
            await self._changed.wait()
        return None

    def _read_on(self, engine: Engine) -> None:
        """Have the reader go on, now that there is room."""
        if self._reader is None:
            self._reader = self._loop.spawn(partial(self._feed, engine))
        room, self._room = self._room, None
        if room is not None:
            room.set()

    async def aclose(self) -> None:
        """Start no further item, end or wait for what runs as the strategy's traits say, and free the workers."""
        import anyio

        self._over = True
        self._ready.clear()
        if self._engine is None:
            return
        self._ear.wake()
        self._announce()
        if self._reader is not None and self._reading:
            self._reader.cancel()
        interrupted: BaseException | None = None
        with anyio.CancelScope(shield=True):
            await self._drive(
                self._engine
            )  # if its task was cancelled before its first step, which it never takes then
            while not self._closed.is_set():
                try:
                    await self._closed.wait()
                except anyio.get_cancelled_exc_class() as error:  # of the task itself, which no scope shields from
                    interrupted = error
            if self._reader is not None:
                with anyio.move_on_after(PATIENCE):
                    await self._read.wait()
        if interrupted is not None:
            raise interrupted

    async def __aexit__(self, *exc: object) -> None:
        """Close the stream; at once, if it is Ctrl-C that ends the block."""
        self._hurry = isinstance(exc[1], KeyboardInterrupt) or _interrupted()
        await self.aclose()


def _interrupted() -> bool:
    """Tell whether Ctrl-C is why asyncio cancels tasks: it cancels the main one, and raises only afterwards."""
    import signal

    handler = signal.getsignal(signal.SIGINT)
    runner = getattr(getattr(handler, "func", None), "__self__", None)  # of a handler that asyncio.Runner has set
    return bool(getattr(runner, "_interrupt_count", 0))
