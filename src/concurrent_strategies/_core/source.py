"""The input of a run, read only by the caller: its own thread, or the async verb's own task.

Only an exact list, tuple or range is cut by index; everything else is advanced one item at a time, and in longer
pulls only once it has been shown to be quick.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from itertools import islice
from time import perf_counter as clock
from typing import Any

from .._errors import InvalidOption

QUICK = 0.0005  # seconds that one pull may take, once the input is known to be quick


class Source(ABC):
    """Where items come from.

    Attributes:
        total: how many there will be, where that is known.
        error: what the input raised, once it has.
        ended: whether there is nothing more to come.
        blocks: whether `pull` may take long, as it runs the caller's own code.
        awaits: whether only `apull` will do, and may take long.
    """

    total: int | None = None
    error: BaseException | None = None
    ended: bool = False
    blocks: bool = False
    awaits: bool = False

    @abstractmethod
    def pull(self, wanted: int) -> Sequence[Any]:
        """Return up to `wanted` items; none only if the input has ended."""

    async def apull(self, wanted: int) -> Sequence[Any]:
        """Do the same in an event loop."""
        return self.pull(wanted)


class SequenceSource(Source):
    """An exact list, tuple or range."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.total = len(items)
        self._items = items
        self._at = 0
        self.ended = not self.total

    def pull(self, wanted: int) -> Sequence[Any]:
        """Return a slice, or the whole without a copy."""
        low, self._at = self._at, min(len(self._items), self._at + wanted)
        self.ended = self._at >= len(self._items)
        return self._items if low == 0 and self.ended else self._items[low : self._at]


class IteratorSource(Source):
    """Any other iterable."""

    blocks = True

    def __init__(self, iterable: Iterable[Any], total: int | None) -> None:
        self.total = total
        self._iterator = iter(iterable)
        self._batch = 1

    def pull(self, wanted: int) -> Sequence[Any]:
        """Advance the iterator, as far as that is quick."""
        asked = min(wanted, self._batch)
        got: list[Any] = []
        since = clock()
        try:
            got.extend(islice(self._iterator, asked))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.error, self.ended = error, True
        else:
            self.ended = len(got) < asked
        per_item = (clock() - since) / max(1, len(got))
        self._batch = max(1, min(self._batch * 4, int(QUICK / max(per_item, 1e-9))))
        return got


class AsyncSource(Source):
    """An async iterable, which only the async verbs can read."""

    awaits = True

    def __init__(self, iterable: AsyncIterable[Any]) -> None:
        self._iterator: AsyncIterator[Any] = aiter(iterable)

    def pull(self, wanted: int) -> Sequence[Any]:
        """Refuse: whoever made this has seen to it that it is awaited."""
        raise TypeError("an async iterable can only be awaited")

    async def apull(self, wanted: int) -> Sequence[Any]:
        """Await the next item."""
        try:
            return [await anext(self._iterator)]
        except StopAsyncIteration:
            self.ended = True
        except Exception as error:
            self.error, self.ended = error, True
        return []


class Labelled(Source):
    """A source whose items get a label each, kept by index until they are delivered."""

    def __init__(self, source: Source, key: Callable[..., Any], keys: dict[int, Any]) -> None:
        self._source = source
        self._key = key
        self._keys = keys
        self._read = 0
        self.total = source.total
        self.ended = source.ended
        self.blocks = True
        self.awaits = source.awaits

    def pull(self, wanted: int) -> Sequence[Any]:
        """Read and label."""
        return self._label(self._source.pull(wanted))

    async def apull(self, wanted: int) -> Sequence[Any]:
        """Read and label in an event loop."""
        return self._label(await self._source.apull(wanted))

    def _label(self, items: Sequence[Any]) -> Sequence[Any]:
        self.error, self.ended = self._source.error, self._source.ended
        for offset, item in enumerate(items):
            try:
                self._keys[self._read] = self._key(item)
            except Exception as error:
                self.error, self.ended = error, True
                return items[:offset]
            self._read += 1
        return items


def open_source(iterables: tuple[Any, ...], *, can_await: bool) -> Source:
    """Make the source of a verb's iterables: the items of one, or tuples of several as `zip` makes them.

    Raises:
        InvalidOption: if there is none, or one cannot be iterated by this verb.
    """
    if not iterables:
        raise InvalidOption("iterables", (), "give the items to run over, as in map(func, items)")
    for iterable in iterables:
        if isinstance(iterable, AsyncIterable) and not isinstance(iterable, Iterable):
            if not can_await:
                allowed = "an async iterable can only be read by amap, astream and aoutcomes"
                raise InvalidOption("iterables", iterable, allowed)
        elif not isinstance(iterable, Iterable) and not hasattr(iterable, "__getitem__"):
            raise InvalidOption("iterables", iterable, "it must be iterable")
    if any(isinstance(i, AsyncIterable) and not isinstance(i, Iterable) for i in iterables):
        return AsyncSource(iterables[0] if len(iterables) == 1 else _AsyncZip(iterables))
    if len(iterables) > 1:
        sizes = [_size(iterable) for iterable in iterables]
        known = [size for size in sizes if size is not None]
        total = min(known) if len(known) == len(sizes) else None
        return IteratorSource(zip(*iterables, strict=False), total)
    (iterable,) = iterables
    if type(iterable) in (list, tuple, range):
        return SequenceSource(iterable)
    return IteratorSource(iterable, _size(iterable))


def _size(iterable: Any) -> int | None:
    try:
        return len(iterable)
    except (TypeError, NotImplementedError):  # either is how a class of the caller's says that it knows no length
        return None


class _AsyncZip:
    """Zips iterables of both colours. No async generator: whoever drops one half-way has it finalized by the loop."""

    def __init__(self, iterables: tuple[Any, ...]) -> None:
        self._iterators: list[Any] = [aiter(i) if isinstance(i, AsyncIterable) else iter(i) for i in iterables]

    def __aiter__(self) -> AsyncIterator[tuple[Any, ...]]:
        return self

    async def __anext__(self) -> tuple[Any, ...]:
        row = []
        for iterator in self._iterators:
            if hasattr(iterator, "__anext__"):
                row.append(await anext(iterator))
                continue
            try:
                row.append(next(iterator))
            except StopIteration:
                raise StopAsyncIteration from None
        return tuple(row)
