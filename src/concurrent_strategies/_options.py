"""The options of a run: one frozen value, merged once, each option read in one place.

They are the same on every strategy, as defaults in its constructor and for one call in each verb.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, runtime_checkable

from ._errors import InvalidOption, suggestion
from ._limit import Limit

MaxWorkers: TypeAlias = int | Limit | Literal["auto"] | None
OnError: TypeAlias = Literal["raise", "collect", "skip"]
ErrorFilter: TypeAlias = type[BaseException] | tuple[type[BaseException], ...] | Callable[[BaseException], bool]


@runtime_checkable
class ProgressBar(Protocol):
    """Anything with `update(n)`, such as a bar of tqdm."""

    def update(self, n: int, /) -> object:
        """Count `n` more finished items."""


Progress: TypeAlias = bool | Callable[[int, int | None], object] | ProgressBar


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a failed item is run again; waiting for it occupies no worker.

    The wait before attempt k + 1 is `wait * 2 ** (k - 1)` seconds, at most `max_wait`, plus up to `jitter` seconds.

    Args:
        attempts: how often an item is started at most, the first time included.
        on: which errors are worth another attempt: an exception class, several, or a predicate. `TaskTimeout` and
            `WorkerDied` are errors like any other here.
        wait: seconds before the second attempt.
        max_wait: seconds, the longest wait.
        jitter: seconds, at most, added at random to each wait.

    Raises:
        InvalidOption: if a number is out of range.
    """

    attempts: int = 3
    on: ErrorFilter = Exception
    wait: float = 0.1
    max_wait: float = 60.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        _whole("attempts", self.attempts)
        for name in ("wait", "max_wait", "jitter"):
            _seconds(name, getattr(self, name), zero=True)

    def covers(self, error: BaseException, attempt: int) -> bool:
        """Tell whether an item that failed in this attempt, counted from 1, gets another."""
        if attempt >= self.attempts:
            return False
        if isinstance(self.on, type | tuple):
            return isinstance(error, self.on)
        return bool(self.on(error))

    def delay(self, attempt: int, chance: float) -> float:
        """Return the seconds to wait after this attempt; `chance` in 0..1 picks the jitter."""
        exponent = min(attempt - 1, 60)
        return float(min(self.wait * 2**exponent, self.max_wait) + self.jitter * chance)


class RunDefaults(TypedDict, total=False):
    """The options as keyword arguments of a constructor, for editors and type checkers; `Options` explains them."""

    ordered: bool
    on_error: OnError
    max_failures: float | None
    timeout: float | None
    task_timeout: float | None
    retry: Retry | int | None
    rate: float | None
    chunksize: int | Literal["auto"]
    buffersize: int | None
    progress: Progress
    checkpoint: str | os.PathLike[str] | None
    key: Callable[..., Any] | None
    seed: int | None
    context: bool | Iterable[ContextVar[Any]] | None
    shared_context: bool


class RunOptions(RunDefaults, total=False):
    """The options as keyword arguments of a verb."""

    max_workers: MaxWorkers


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run may be asked for; the same on every strategy.

    Args:
        max_workers: calls at once, at most, of all runs of one opened strategy together; a `Limit` is shared with
            others. `"auto"` finds it while the work goes on: see `AutoLimit`. Default: what suits the strategy.
        ordered: `stream` and `outcomes` give items in input order, or else as they are completed.
        on_error: `"raise"` starts nothing after the first failed item and raises what the lowest failed index
            raised (unordered streams: the first to come); `"collect"` runs all, then raises one `ExceptionGroup`;
            `"skip"` leaves failed items out.
        max_failures: a number of failed items, or a share of the items below 1, at which the run is stopped with
            `TooManyFailures`. A share of an input of unknown length is judged over the items done, from the 20th on.
        timeout: seconds for the whole call.
        task_timeout: seconds for one item, from its start; only that item fails.
        retry: a `Retry`, or a number of attempts.
        rate: starts per second, at most, over all workers.
        chunksize: items handed to a worker in one go; `"auto"` measures.
        buffersize: items read but not yet handed to the consumer, at most. Default: 4 x `max_workers`, at least 64,
            and the whole input for `map` of a sized one.
        progress: `True` for a bar on stderr, a callable `(done, total)`, or an object with `update(n)`.
        checkpoint: path of a file that keeps finished items, so that they are not run again after a crash.
        key: makes an item's label, for errors and the checkpoint.
        seed: `item_random()` gives each item its own generator made from `(seed, index)`.
        context: which context variables go along: all (`True`), none (`False`) or these. Default: all in this
            process, none across the process border.
        shared_context: lets the items of one worker share a context, which saves a copy for each.

    Raises:
        InvalidOption: naming the option, the value and what is allowed.
    """

    max_workers: MaxWorkers = None
    ordered: bool = True
    on_error: OnError = "raise"
    max_failures: float | None = None
    timeout: float | None = None
    task_timeout: float | None = None
    retry: Retry | None = None
    rate: float | None = None
    chunksize: int | Literal["auto"] = "auto"
    buffersize: int | None = None
    progress: Progress = False
    checkpoint: str | os.PathLike[str] | None = None
    key: Callable[..., Any] | None = None
    seed: int | None = None
    context: bool | tuple[ContextVar[Any], ...] | None = None
    shared_context: bool = False

    def __post_init__(self) -> None:
        """Check every option; a bad one is an error here and nowhere later."""
        if self.max_workers is not None and not isinstance(self.max_workers, Limit):
            _workers(self.max_workers)
        for name in ("ordered", "shared_context"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidOption(name, getattr(self, name), "it must be True or False")
        if self.on_error not in ("raise", "collect", "skip"):
            hint = suggestion(self.on_error, ("raise", "collect", "skip"))
            raise InvalidOption("on_error", self.on_error, "it must be 'raise', 'collect' or 'skip'", hint)
        if self.max_failures is not None:
            _failures(self.max_failures)
        for name in ("timeout", "task_timeout", "rate"):
            if getattr(self, name) is not None:
                _seconds(name, getattr(self, name))
        self._check_rest()

    def _check_rest(self) -> None:
        if self.retry is not None and not isinstance(self.retry, Retry):
            raise InvalidOption("retry", self.retry, "it must be a Retry or a number of attempts")
        if self.chunksize != "auto":
            _whole("chunksize", self.chunksize, "a whole number above 0 or 'auto'")
        if self.buffersize is not None:
            _whole("buffersize", self.buffersize)
        if self.seed is not None and not isinstance(self.seed, int):
            raise InvalidOption("seed", self.seed, "it must be a whole number")
        if self.checkpoint is not None and not isinstance(self.checkpoint, str | os.PathLike):
            raise InvalidOption("checkpoint", self.checkpoint, "it must be the path of a file")
        if self.key is not None and not callable(self.key):
            raise InvalidOption("key", self.key, "it must be callable")
        if not (isinstance(self.progress, bool | ProgressBar) or callable(self.progress)):
            raise InvalidOption("progress", self.progress, "it must be True, a callable or an object with update(n)")
        if self.context is not None and not isinstance(self.context, bool):
            for var in self.context:
                if not isinstance(var, ContextVar):
                    raise InvalidOption("context", self.context, "it must be True, False or context variables")

    def merged(self, changes: Mapping[str, Any]) -> Options:
        """Return these options with some replaced.

        Raises:
            InvalidOption: if there is no option of that name, or its value cannot be.
        """
        if not changes or (len(changes) == 1 and changes.get("ordered") is self.ordered):  # as `map` always gives it
            return self
        for name in changes:
            if name not in NAMES:
                allowed = f"there is no such option; there are {', '.join(NAMES)}"
                raise InvalidOption(name, changes[name], allowed, suggestion(name, NAMES))
        clean = dict(changes)
        if isinstance(clean.get("retry"), int) and not isinstance(clean["retry"], bool):
            clean["retry"] = Retry(attempts=clean["retry"])
        if isinstance(clean.get("context"), ContextVar):
            clean["context"] = (clean["context"],)
        elif clean.get("context") is not None and not isinstance(clean["context"], bool):
            try:
                clean["context"] = tuple(clean["context"])
            except TypeError:
                allowed = "it must be True, False or context variables"
                raise InvalidOption("context", clean["context"], allowed) from None
        return replace(self, **clean)

    def changed(self) -> dict[str, Any]:
        """Return the options that are not at their default, for a `repr`."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


NAMES = tuple(field.name for field in fields(Options))


def _workers(value: object) -> None:
    if isinstance(value, str) and value == "auto":
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        allowed = "max_workers must be greater than 0, a whole number, a Limit or 'auto'"
        raise InvalidOption("max_workers", value, allowed, suggestion(value, ["auto"]))


def _whole(name: str, value: object, allowed: str = "a whole number above 0") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOption(name, value, f"it must be {allowed}")


def _seconds(name: str, value: object, *, zero: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or math.isnan(value) or value < 0 or (value == 0 and not zero):  # type: ignore[arg-type, operator]
        raise InvalidOption(name, value, "it must be a number " + ("of 0 or more" if zero else "above 0"))


def _failures(value: object) -> None:
    share = isinstance(value, float) and 0 < value < 1
    count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not (share or count):
        raise InvalidOption("max_failures", value, "it must be a number of items from 1, or a share between 0 and 1")
