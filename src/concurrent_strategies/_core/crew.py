"""The workers that a strategy keeps warm inside `with`, and what each of them does first and last.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .pace import Pace


class Crew:
    """A set of workers that outlives a run; the base of every kind. This one has none to keep.

    `closed` says that the strategy it belongs to has been closed: runs that are still under way on it end.
    """

    closed = False
    _last: tuple[Callable[[], object], Pace] | None = None

    def expect(self, func: object, pace: Pace) -> None:
        """Begin a run with what the items of the last one took, if that was of the same function."""
        last = self._last
        if last is not None and last[0]() is func:
            pace.expected = last[1].per_item or last[1].expected
        try:
            self._last = ref(func), pace
        except TypeError:
            self._last = None

    def prepare(self, workers: int) -> None:
        """Have so many workers start, where that takes a while; nobody waits for them here."""

    def close(self, timeout: float) -> None:
        """End the workers: politely for up to `timeout` seconds, then as hard as it takes. May be called twice."""

    @property
    def stuck(self) -> int:
        """How many workers were abandoned in a call that does not end."""
        return 0


class Setup:
    """What a worker does before its first item and after its last one.

    Args:
        initializer: called once in each worker, with `initargs`.
        initargs: its arguments.
        worker_resource: called once in each worker; `worker_resource()` returns what it made, to items that run
            there. It is entered, exited and closed if it has the methods for that.
    """

    __slots__ = ("initargs", "initializer", "worker_resource")

    def __init__(
        self,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        worker_resource: Callable[[], Any] | None = None,
    ) -> None:
        self.initializer: Callable[..., object] | None = initializer
        self.initargs: tuple[Any, ...] = initargs
        self.worker_resource: Callable[[], Any] | None = worker_resource

    def begin(self) -> tuple[Any, Callable[[], object]]:
        """Prepare this worker; return its resource and what to call at the end."""
        if self.initializer is not None:
            self.initializer(*self.initargs)
        if self.worker_resource is None:
            return None, _nothing
        made = self.worker_resource()
        value = made.__enter__() if hasattr(type(made), "__enter__") else made

        def end() -> None:
            if hasattr(type(made), "__exit__"):
                made.__exit__(None, None, None)
            # A sqlite connection, for one, is a context manager that does not close.
            if hasattr(made, "close"):
                made.close()

        return value, end


def _nothing() -> None:
    return None
