"""What became of one item: `Success` or `Failure`, two closed frozen classes made for `match`.

match outcome:
case Success(index, value=value): ...
case Failure(index, error=error): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

from typing_extensions import TypeIs

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


@final
@dataclass(frozen=True, slots=True)
class Success(Generic[R_co]):
    """An item whose function returned.

    Attributes:
        index: position of the item in the input, from 0.
        key: what the option `key` made of the item, else `None`.
        value: what the function returned.
        attempts: how often the item was started.
        duration: seconds it took, measured beside the call; `None` for an item too short to be timed alone.
        worker: names the worker that ran it (a thread's name, a process id, ...).
    """

    index: int
    key: Any
    value: R_co
    attempts: int = 1
    duration: float | None = None
    worker: str = ""


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """An item that has no result.

    Attributes:
        index: position of the item in the input, from 0.
        key: what the option `key` made of the item, else `None`.
        error: what the function raised, kept as it is, or why it could not be run.
        attempts: how often the item was started.
        duration: seconds it took, measured beside the call; `None` where nobody could measure it.
        worker: names the worker that ran it.
    """

    index: int
    key: Any
    error: BaseException
    attempts: int = 1
    duration: float | None = None
    worker: str = ""


Outcome = Success[R] | Failure


def is_success(outcome: Success[R] | Failure) -> TypeIs[Success[R]]:
    """Tell a type checker, and a reader, that this outcome has a value."""
    return isinstance(outcome, Success)
