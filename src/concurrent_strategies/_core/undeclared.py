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


def awaitable(kinds: set[type]) -> bool:
    """Tell whether there is an awaitable among values of these types."""
    for kind in kinds:  # no generator: it would cost more than all the rest of a short group
        if hasattr(kind, "__await__"):
            return True
    return False


def plain_front(values: list[Any]) -> int:
    """Return how many values come before the first awaitable, or before the end."""
    if not awaitable(set(map(type, values))):
        return len(values)
    return next(k for k, value in enumerate(values) if hasattr(type(value), "__await__"))


def judged(done: Done, awaits: bool) -> Iterator[Done | Failed]:
    """Yield what to report of values, whose kinds are known: as they are, or else one by one, awaitables as errors."""
    if awaits or not awaitable(done.kinds or set()):
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
