"""`BaseStrategy`: every verb, derived once from the port that a strategy opens. For authors, too.

A strategy of one's own is a class with a `name`, its `traits`, a default for `max_workers` and `open`:

    class MyStrategy(BaseStrategy):
        name = "mine"
        traits = Traits(interrupts=frozenset({"plain"}))

        def default_workers(self) -> int: ...
        def open(self, job: Job) -> Port: ...

and, if workers are worth keeping between runs, `hire`, which makes the crew that `open` then finds in `job.crew`.
"""

from __future__ import annotations

import os
import threading
import weakref
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from typing_extensions import Unpack

from .._errors import InvalidOption, StrategyClosed
from .._limit import Limit
from .._options import NAMES, MaxWorkers, Options, RunDefaults
from .._strategy import Traits
from .crew import Crew
from .drive import Engine
from .port import Port
from .verb import Job as Job  # for authors
from .verb import Verb, own_limit
from .verbs import Verbs

if TYPE_CHECKING:
    from concurrent.futures import Executor


R = TypeVar("R")


class BaseStrategy(Verbs):
    """The verbs of a strategy over the ports it opens; a strategy object is configuration, picklable and reusable.

    Args:
        max_workers: calls at once, at most; a number, a `Limit`, or `"auto"`.
        options: any option of a run, as this strategy's default.
    """

    name: str
    traits: Traits
    #: Constructor-only settings, in order: what `repr` shows and pickling keeps, besides the options.
    settings: ClassVar[tuple[str, ...]] = ()

    _lock: threading.RLock
    _crew: Crew | None
    _limit: Limit | None
    _finalizer: weakref.finalize[..., Any] | None
    _closed: bool
    _pid: int

    def __init__(self, max_workers: MaxWorkers = None, **options: Unpack[RunDefaults]) -> None:
        for name, value in options.items():
            if name not in NAMES:
                raise self._unknown(name, value)
        self.options: Options = Options().merged({"max_workers": max_workers, **options})
        self._reset()

    # ------------------------------------------------------------------------------------------ for authors

    @abstractmethod
    def default_workers(self) -> int:
        """Return `max_workers` for whoever has not said."""

    def auto_workers(self, colour: str) -> int | None:
        """Return how many calls at once `max_workers="auto"` may come to, for functions of this colour.

        `None`, if calls do not wait here: then there is nothing to find out, and it stands for the default.
        """
        return None

    def hire(self, workers: int) -> Crew:
        """Make the workers that stay warm inside `with`; they may be started later, when first needed."""
        return Crew()

    @abstractmethod
    def open(self, job: Job) -> Port:
        """Open a port for one run."""

    def shape(self, colour: str) -> tuple[int, int]:
        """Return how many seats its port has for functions of this colour, and how many calls at once each.

        What a process strategy has to know of the strategy inside it.
        """
        return self.most(), 1

    def check_setup(self) -> None:
        """Raise `InvalidOption` if what is called in each worker cannot be: a configuration can only give texts."""
        for name in ("initializer", "worker_resource"):
            value = getattr(self, name, None)
            if value is not None and not callable(value):
                raise InvalidOption(name, value, "it must be callable; a function is given in code")
        initargs = getattr(self, "initargs", ())
        if not isinstance(initargs, tuple | list):
            raise InvalidOption("initargs", initargs, "it must be a tuple of arguments")

    def prefers_async(self) -> bool:
        """Tell whether this strategy takes the coroutine function of a `dual` callable."""
        return self.traits.native_async

    # -------------------------------------------------------------------------------------------- executor

    def executor(self) -> Executor:
        """Return a `concurrent.futures.Executor` that runs what is submitted to it on this strategy."""
        from .._executor import StrategyExecutor

        return StrategyExecutor(self)

    def endless(self, func: Callable[..., Any]) -> Engine:
        """Begin a run whose items are fed by whoever drives it, in completion order: the ground of `executor()`."""
        self.check_open()
        changes: dict[str, Any] = {"ordered": False, "chunksize": 1, "buffersize": self.most()}
        return Verb(self, func, (iter(()),), self.options.merged(changes), {"outcomes": True, "apart": True}).begin(
            None
        )

    # --------------------------------------------------------------------------------------------- life time

    def __enter__(self) -> Self:
        """Keep the workers warm until the block ends."""
        with self._lock:
            self.check_open()
            if self._crew is None:
                self._crew = self.hire(self.most())
                self._limit = own_limit(self)
                self._finalizer = weakref.finalize(self, _end, self._crew, os.getpid())
        return self

    def __exit__(self, *exc: object) -> None:
        """End the workers."""
        self.close()

    async def __aenter__(self) -> Self:
        """Keep the workers warm until the block ends."""
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        """End the workers, without blocking the event loop."""
        import anyio

        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def close(self, timeout: float = 5.0) -> None:
        """End the workers; the strategy cannot be used any more.

        Args:
            timeout: seconds that workers may take to end by themselves; then they are killed, or abandoned where they
                cannot be.
        """
        if self._pid != os.getpid():  # in a forked child the workers are the parent's, and so may be the lock
            self._reset()
        with self._lock:
            crew, self._crew = self._crew, None
            limit, self._limit = self._limit, None
            self._closed = True
            if self._finalizer is not None:
                self._finalizer.detach()
        if crew is not None and limit is not None:
            crew.closed = True
            limit.ring()
            crew.close(timeout)

    @property
    def stuck(self) -> int:
        """How many workers are held by calls that were abandoned and have not ended."""
        return self._crew.stuck if self._crew is not None else 0

    # --------------------------------------------------------------------------------------------- internals

    def prepare(
        self, func: Callable[..., Any], iterables: tuple[Any, ...], changes: dict[str, Any], **how: bool
    ) -> Verb:
        self.check_open()
        if not callable(func):
            raise InvalidOption("func", func, "it must be callable, as in map(func, items)")
        if how.get("outcomes") and "on_error" in changes:
            allowed = "outcomes yields failures as values, so there is nothing to choose; use map or stream"
            raise InvalidOption("on_error", changes["on_error"], allowed)
        if "ordered" in changes and how.get("whole") and changes["ordered"] is not True:
            allowed = "map returns a list in input order; use stream(..., ordered=False)"
            raise InvalidOption("ordered", changes["ordered"], allowed)
        for name, value in changes.items():
            if name not in NAMES:
                raise self._unknown(name, value)
        return Verb(self, func, iterables, self.options.merged(changes), how)

    def warm(self) -> tuple[Crew, Limit] | None:
        """Return the workers that are kept and what bounds them, inside `with`."""
        crew, limit = self._crew, self._limit
        return None if crew is None or limit is None else (crew, limit)

    def _unknown(self, name: str, value: object) -> InvalidOption:
        from .._errors import suggestion

        known = (*self.settings, *NAMES)
        hint = suggestion(name, known)
        return InvalidOption(name, value, f"{type(self).__name__} has no such option; it has {', '.join(known)}", hint)

    def most(self) -> int:
        """Return how many workers there are at most, by the options of this strategy."""
        given = self.options.max_workers
        if isinstance(given, Limit):
            return given.fixed(self.default_workers())
        return given if isinstance(given, int) else self.default_workers()

    def check_open(self) -> None:
        """Raise `StrategyClosed` after `close`; in a forked child, forget the parent's workers."""
        if self._pid != os.getpid():
            # A forked child has the object, but not the threads behind it, and the workers are the parent's.
            closed = self._closed
            self._reset()
            self._closed = closed
        if self._closed:
            message = f"{self!r} is closed; make a new one, or do the work inside its `with` block"
            raise StrategyClosed(message)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._crew = None
        self._limit = None
        self._finalizer = None
        self._closed = False
        self._pid = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        runtime = ("_lock", "_crew", "_limit", "_finalizer", "_closed", "_pid")
        return {name: value for name, value in self.__dict__.items() if name not in runtime}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def __repr__(self) -> str:
        shown = dict(self.options.changed())
        for name in self.settings:
            if (value := getattr(self, name)) != getattr(type(self), name, None):
                shown[name] = value
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _end(crew: Crew, pid: int) -> None:
    """End the workers of a strategy that a program forgot."""
    if os.getpid() == pid:
        crew.close(1.0)
