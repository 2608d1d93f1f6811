"""What a library is to the scoreboard: how it is opened and closed, and how it maps, streams and tells outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Self

from tests.faults.probe import Async

#: What became of an item: whether it is good, and its value or its error.
Fate = tuple[bool, Any]


def fate(get: Callable[[], Any]) -> Fate:
    """Return what became of an item; what interrupts this very program is nobody's outcome, but is told as one here."""
    try:
        return True, get()
    except BaseException as error:
        return False, error


class Coloured(Async):
    """A function as a coroutine function: awaits where the plain one would block."""

    async def __call__(self, *args: Any) -> Any:
        """Do it."""
        awaited = getattr(self.func, "awaited", None)
        return await awaited(*args) if awaited is not None else self.func(*args)


class Column:
    """One library.

    Args:
        workers: calls at once; `None` for its default.
        options: `initializer`, `task_timeout` or `method` (of starting processes), where it has such a thing.
    """

    name: ClassVar[str]
    kind: ClassVar[str]  # S sync, T thread, P process, G green, A coroutines: as in the catalogue
    needs: ClassVar[str] = ""
    has: ClassVar[frozenset[str]] = frozenset()  # initializer, task_timeout, method, amap, relay, context, nesting
    patched: ClassVar[bool] = False  # whether its programs are patched by gevent
    pool: Any

    def __init__(self, workers: int | None = 2, **options: Any) -> None:
        self.workers = workers
        self.options = options
        self.open()

    def open(self) -> None:
        """Open the library's pool."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave it as its own `with` does."""
        self.pool.__exit__(None, None, None)

    def stop(self) -> None:
        """End it at once, with what still runs: its own way, where it has one."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def map(self, func: Any, items: Iterable[Any]) -> list[Any]:
        """Return all results."""
        return list(self.stream(func, items))

    def stream(self, func: Any, items: Iterable[Any]) -> Iterator[Any]:
        """Yield results as they come, in order."""
        raise NotImplementedError

    def outcomes(self, func: Any, items: Sequence[Any]) -> list[Fate]:
        """Return what became of each item; fewer, if the library tells no more."""
        return self.until_error(self.stream(func, items))

    @staticmethod
    def until_error(stream: Iterator[Any]) -> list[Fate]:
        """Return what a stream gives until it fails."""
        got: list[Fate] = []
        while True:
            good, value = fate(lambda: next(stream))
            if not good and type(value) is StopIteration:
                return got
            got.append((good, value))
            if not good:
                return got

    @classmethod
    def of(cls, func: Any) -> Any:
        """Return a function in the colour of this library."""
        return Coloured(func) if cls.kind == "A" else func
