"""What lanes claim from: the chunks of a port, item by item, through one iterator that all lanes share.

Claiming is for the loop's thread alone; it costs no lock, and no lane is bound to a chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from itertools import chain, count, repeat
from operator import length_hint
from typing import Any, TypeAlias

from .._core.item import OURS
from .._core.port import Report, Scattered


class Block:
    """Consecutive items of one chunk, from which all lanes claim one by one.

    Attributes:
        chunk: the id of the chunk.
        claims: one shared iterator of (item, index, this block).
        func: what to call with each item.
        context: the context in a copy of which each runs.
        bare: whether that has no variables but ours, so that whatever an item sets makes it larger.
        ends: of the single items that have ended and are not reported: index, value, seconds and worker of each.
        told: whether the engine has been told that there are some.
    """

    __slots__ = ("_end", "_rest", "bare", "chunk", "claims", "context", "ends", "func", "told")

    def __init__(self, chunk: int, first: int, items: Any, func: Callable[[Any], Any], context: Context) -> None:
        self.chunk: int = chunk
        self.func: Callable[[Any], Any] = func
        self.context: Context = context
        self.bare: bool = OURS.issuperset(context)
        # Only these have an iterator that knows how much is left.
        rest = items if type(items) in (list, tuple, range) else list(items)
        self.ends: deque[Any] = deque()
        self.told: bool = False
        self._end = first + len(rest)
        self._rest = iter(rest)
        self.claims: Iterator[Claim] = zip(self._rest, count(first), repeat(self), strict=False)

    @property
    def left(self) -> int:
        """How many items nobody has claimed."""
        return length_hint(self._rest)

    def ended(self, awaited: bool, scattered: bool) -> Iterable[Report]:
        """Report, and forget, what is in `ends`; for the engine's thread, while lanes add to it four at a time."""
        # In this order: what comes after the flag is told anew, and what came before it is in here.
        self.told = False
        ends, left = self.ends, []
        while ends:
            left.append(ends.popleft())
        report = Scattered(self.chunk, left, awaited)
        return () if not left else (report,) if scattered else report.apart()

    def take(self) -> tuple[int, list[Any]]:
        """Claim all that is left: the index of the first, and the items."""
        rest = list(self._rest)
        return self._end - len(rest), rest


Claim: TypeAlias = tuple[Any, int, Block]
Claims: TypeAlias = Iterator[Claim]


class Blocks:
    """The blocks of a port, oldest first."""

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()
        self._claims: Claims | None = None

    def __iter__(self) -> Iterator[Block]:
        """Iterate over those that may have something left."""
        return iter(self._blocks)

    def __bool__(self) -> bool:
        """Tell whether anything is left to claim."""
        while self._blocks and not self._blocks[0].left:
            self._blocks.popleft()
        return bool(self._blocks)

    def add(self, block: Block) -> None:
        """Append a block."""
        self._blocks.append(block)

    def claims(self) -> Claims | None:
        """Return the iterator that hands out what is left, or `None` if nothing is."""
        if self._claims is None and self:
            self._claims = chain.from_iterable(self._each())
        return self._claims

    def _each(self) -> Iterator[Claims]:
        while self:
            yield self._blocks[0].claims
        self._claims = None  # one that has ended stays so, whatever is added

    def cut(self, chunk: int, keep: bool) -> tuple[int, int]:
        """Take back what nobody has claimed of a chunk, or half of it: index of the first item, and their number."""
        for place, block in enumerate(self._blocks):
            if block.chunk == chunk:
                first, items = block.take()
                kept = len(items) // 2 if keep else 0
                self._blocks[place] = Block(chunk, first, items[:kept], block.func, block.context)
                return first + kept, len(items) - kept
        return 0, 0

    def clear(self) -> list[tuple[int, int, int]]:
        """Take back everything: chunk, index of the first and number of items, for each block."""
        blocks, self._blocks = self._blocks, deque()
        self._claims = None
        taken = [(block.chunk, *block.take()) for block in blocks]
        return [(chunk, first, len(items)) for chunk, first, items in taken]
