"""Every error this package raises on its own account; a user's exception is never one of them.

    StrategyError
     +-- InvalidOption        (ValueError)      an option or an argument that cannot be
     +-- UnknownStrategy      (LookupError)     no strategy of that name
     +-- StrategyUnavailable  (ImportError)     known, but a package is missing
     +-- StrategyClosed       (RuntimeError)    used after close()
     +-- NotPicklable         (TypeError)       cannot cross the process border
     +-- TaskTimeout          (TimeoutError)    one item took longer than task_timeout
     +-- RunTimeout           (TimeoutError)    the whole call took longer than timeout
     +-- ItemExited           (RuntimeError)    an item ended by something that is no ordinary exception
     +-- RemoteError          (RuntimeError)    stands in for an exception that cannot cross the border
     +-- WorkerDied           (BrokenExecutor)  a worker died under the item           } in _deaths.py, as their
     +-- WorkerStartError     (BrokenExecutor)  no worker could be started             } base costs 20 ms to import
    TooManyFailures           (ExceptionGroup)  max_failures was reached

Each leaf is also the builtin that a caller would expect, and each message says what to do next.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class StrategyError(Exception):
    """The root of all errors that this package raises on its own account."""

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is rebuilt by calling its class with `args`, which fails for every class whose
        # __init__ takes something else: the classic way in which an error breaks a process pool.
        return rebuild, (type(self), self.args, self.__dict__)


def rebuild(cls: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """Make an exception again from its class, arguments and attributes, without calling its `__init__`."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for a word that resembles a known one, else an empty string."""
    from difflib import get_close_matches  # only when something went wrong: it loads `re`

    close = get_close_matches(str(word), list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def late_awaitable() -> TypeError:
    """Return the error of an item for which the function unexpectedly returned an awaitable."""
    return TypeError(
        "the function returned an awaitable for this item, but not for the first one, which decides; "
        "declare it `async def`, or return awaitables for all items"
    )


class InvalidOption(StrategyError, ValueError):
    """An option or an argument that cannot be.

    Attributes:
        option: its name.
        value: what was given.
    """

    def __init__(self, option: str, value: object, allowed: str, hint: str = "") -> None:
        super().__init__(f"{option}={value!r} is not allowed: {allowed}.{hint}")
        self.option = option
        self.value = value


class UnknownStrategy(StrategyError, LookupError):
    """No strategy has this name.

    Attributes:
        strategy: the name that was asked for.
        known: the names that exist.
    """

    def __init__(self, strategy: str, known: Sequence[str]) -> None:
        super().__init__(
            f"there is no strategy named {strategy!r}; known are {', '.join(known)}.{suggestion(strategy, known)}"
        )
        self.strategy = strategy
        self.known: tuple[str, ...] = tuple(known)


class StrategyUnavailable(StrategyError, ImportError):
    """The strategy exists, but this installation or machine cannot run it; the message says what to install."""

    def __init__(self, strategy: str, remedy: str) -> None:
        super().__init__(f"strategy {strategy!r} is not available here: {remedy}")
        self.strategy = strategy


class StrategyClosed(StrategyError, RuntimeError):
    """The strategy was closed, or belongs to another process; make a new one or open it again with `with`."""


class NotPicklable(StrategyError, TypeError):
    """Something cannot cross the process border; the message names it and says what to do.

    Attributes:
        original: what pickling raised, where that itself can cross the border.
    """

    original: BaseException | None = None


class TaskTimeout(StrategyError, TimeoutError):
    """One item took longer than `task_timeout`; the others are not affected.

    Attributes:
        index: position of the item in the input.
        seconds: the limit that was passed.
    """

    def __init__(self, index: int, seconds: float) -> None:
        super().__init__(f"item {index} took longer than task_timeout={seconds:g} s")
        self.index = index
        self.seconds = seconds


class RunTimeout(StrategyError, TimeoutError):
    """The whole call took longer than `timeout`.

    Attributes:
        seconds: the limit that was passed.
        done: how many items had an outcome by then.
    """

    def __init__(self, seconds: float, done: int) -> None:
        super().__init__(f"the call took longer than timeout={seconds:g} s; {done} items were done by then")
        self.seconds = seconds
        self.done = done


class ItemExited(StrategyError, RuntimeError):
    """An item ended by something that would change the caller's own control flow if it were raised as it is.

    `SystemExit`, `StopIteration`, `GeneratorExit`, a `CancelledError`, ...: it is the `__cause__` of this error,
    and stands as it is in `Failure.error`.

    Attributes:
        index: position of the item in the input.
    """

    def __init__(self, index: int, error: BaseException) -> None:
        super().__init__(f"item {index} ended by {type(error).__name__}: {error}")
        self.index = index
        self.__cause__: BaseException = error


class RemoteError(StrategyError, RuntimeError):
    """Stands in for an exception that cannot cross the process border.

    Attributes:
        type_name: module and name of the exception's class.
        text: what `str()` made of it there.
        traceback_text: the traceback as it was formatted there.
    """

    def __init__(self, type_name: str, text: str, traceback_text: str) -> None:
        super().__init__(f"{type_name}: {text} (the exception itself could not cross the process border)")
        self.type_name = type_name
        self.text = text
        self.traceback_text = traceback_text


class TooManyFailures(ExceptionGroup):
    """`max_failures` was reached; the failures so far are its `exceptions`."""

    def __new__(cls, message: str, failures: Sequence[Exception]) -> TooManyFailures:
        return super().__new__(cls, message, failures)

    def derive(self, excs: Sequence[Exception]) -> TooManyFailures:  # type: ignore[override]
        """Keep the class when `except*` splits the group."""
        return TooManyFailures(self.message, excs)


if TYPE_CHECKING:
    from ._deaths import WorkerDied as WorkerDied
    from ._deaths import WorkerStartError as WorkerStartError


def __getattr__(name: str) -> Any:
    if name in ("WorkerDied", "WorkerStartError"):
        from . import _deaths

        return getattr(_deaths, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
