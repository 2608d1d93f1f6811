"""What a worker says of awaitables that were not to come, as what the first item returned decides for all.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from .._errors import late_awaitable
from .port import Done, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MANY = 64  # values from which on a look at whether they are all of one type pays


def kinds_of(values: list[Any]) -> set[type]:
    """Return the types of values; where many are all of one, in half the time that it takes to make a set of them."""
    if len(values) < MANY:
        return set(map(type, values))
    kinds = [*map(type, values)]
    return {kinds[0]} if kinds.count(kinds[0]) == len(kinds) else set(kinds)


def awaitable(kinds: set[type]) -> bool:
    """Tell whether there is an awaitable among values of these types."""
    for kind in kinds:  # no generator: it would cost more than all the rest of a short group
        if hasattr(kind, "__await__"):
            return True
    return False


def plain_front(values: list[Any]) -> int:
    """Return how many values come before the first awaitable, or before the end."""
    if not awaitable(kinds_of(values)):
        return len(values)
    return next(k for k, value in enumerate(values) if hasattr(type(value), "__await__"))


def judged(done: Done, awaits: bool, kinds: set[type]) -> Iterator[Done | Failed]:
    """Yield what to report of values of these kinds: as they are, or else one by one, awaitables as errors."""
    if awaits or not awaitable(kinds):
        yield done
        return
    each = done.seconds / len(done.values)
    for index, value in enumerate(done.values, done.first):
        if hasattr(type(value), "__await__"):
            if hasattr(value, "close"):
                value.close()  # or Python complains that it was never awaited
            yield Failed(done.chunk, index, late_awaitable(), None, done.worker)
        else:
            yield Done(done.chunk, index, [value], each, done.worker)


class _Pending:
    """Stands where an awaitable stood, while that is awaited."""

    def __await__(self) -> Any:
        return iter(())  # nobody awaits it


PENDING = _Pending()
