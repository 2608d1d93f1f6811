"""A few items at once, of the async version of a function: one by one, each would carry what a loop does for all.

What a sampler takes for its items are groups of items, which come out of it as their outcomes. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, NamedTuple

from .._core.source import Source
from .._outcome import Failure, Success
from .sampler import NAME

if TYPE_CHECKING:
    from .._outcome import Outcome
    from .sampler import Sampler
    from .stepping import Steps


class Group(NamedTuple):
    """Items that run at once, and the index of the first of them."""

    first: int
    items: list[Any]


class Groups(Source):
    """A source whose items are groups of the items of another source.

    Args:
        source: of which only the caller's thread may read.
        first: index of its next item.
        size: items of a group; the last one may have fewer.
    """

    ended: bool

    def __init__(self, source: Source, first: int, size: int) -> None:
        self.source: Source = source
        self.read: list[Group] = []
        self.ended = source.ended
        self._next = first
        self._size = size

    def pull(self, wanted: int) -> Sequence[Any]:
        """Return the next groups."""
        before = len(self.read)
        while len(self.read) - before < wanted and not self.ended:
            items: list[Any] = []
            while len(items) < self._size and not self.source.ended:
                items += self.source.pull(self._size - len(items))
            if items:
                self.read.append(Group(self._next, items))
                self._next += len(items)
            self.ended = self.source.ended
        return self.read[before:]


class Crowd:
    """What became of groups, as a sampler tells it of items.

    Args:
        sampler: runs the groups.
        groups: where it takes them from.
    """

    def __init__(self, sampler: Sampler, groups: Groups) -> None:
        self._sampler = sampler
        self._groups = groups
        #: Where the items came from.
        self.source: Source = groups.source

    @property
    def started(self) -> int:
        """How many items are done or under way."""
        return sum(len(group.items) for group in self._groups.read[: self._sampler.started])

    @property
    def leftover(self) -> list[Any]:
        """Items that were read and not started."""
        return [item for group in self._groups.read[self._sampler.started :] for item in group.items]

    @property
    def outcomes(self) -> list[Outcome[Any]]:
        """What became of the items of all groups that have ended."""
        found: list[Outcome[Any]] = []
        for group, outcome in zip(self._groups.read, self._sampler.outcomes, strict=False):
            if isinstance(outcome, Failure):  # not an item's own, which are values: whatever ended all of them
                places = range(group.first, group.first + len(group.items))
                found += [Failure(index, None, outcome.error, 1, outcome.duration, NAME) for index in places]
            else:
                found += outcome.value
        return found

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the group under way; return whether it has ended."""
        return self._sampler.wait(timeout)


def together(func: Callable[..., Any], steps: Steps) -> Callable[[Group], Any]:
    """Return a coroutine function that runs a group of items at once, each step by step under these eyes."""

    async def one(index: int, item: Any) -> Outcome[Any]:
        since = clock()
        try:
            value = await func(item)
        except BaseException as error:  # whatever it is, it is this item's alone
            return Failure(index, None, error, 1, clock() - since, NAME)
        return Success(index, None, value, 1, clock() - since, NAME)

    async def all_of(group: Group) -> list[Outcome[Any]]:
        with steps.watching_tasks() as begin:
            tasks = [begin(one(index, item)) for index, item in enumerate(group.items, group.first)]
            return [await task for task in tasks]

    return all_of
