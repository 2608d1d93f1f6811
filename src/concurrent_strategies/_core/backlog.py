"""What is read and not started, in the order of the input, and what waits for another attempt."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Any


class Span:
    """Consecutive items `items[low:high]`, the first of which has this index in the input. Cut without copying."""

    __slots__ = ("first", "high", "items", "low")

    def __init__(self, first: int, items: Sequence[Any]) -> None:
        self.first = first
        self.items = items
        self.low = 0
        self.high = len(items)

    def __lt__(self, other: Span) -> bool:
        return self.first < other.first

    def __len__(self) -> int:
        return self.high - self.low

    def cut(self, count: int) -> Sequence[Any]:
        """Take up to `count` items off the front."""
        end = min(self.high, self.low + count)
        part = self.items if self.low == 0 and end == len(self.items) else self.items[self.low : end]
        if len(part) != end - self.low:
            raise RuntimeError("the input list became shorter while the run was reading it; give it a copy")
        self.first += end - self.low
        self.low = end
        return part


class Backlog:
    """Items not started: input as it was read, what was given back, and what is to be run again."""

    def __init__(self) -> None:
        self._read: deque[Span] = deque()
        self._back: list[Span] = []
        self._again: list[tuple[float, int, int, Any]] = []
        self._ready: deque[tuple[int, int, Any]] = deque()
        self.count = 0

    def add(self, first: int, items: Sequence[Any]) -> None:
        """Append what was read from the input."""
        if items:
            self._read.append(Span(first, items))
            self.count += len(items)

    def give_back(self, first: int, items: Sequence[Any]) -> None:
        """Put back in its place what was handed out and never started."""
        if items:
            heapq.heappush(self._back, Span(first, items))
            self.count += len(items)

    def again(self, due: float, index: int, attempt: int, item: Any) -> None:
        """Have one item run again, not before the time `due`."""
        heapq.heappush(self._again, (due, index, attempt, item))

    def ripen(self, now: float) -> None:
        """Make the attempts that are due by now available."""
        while self._again and self._again[0][0] <= now:
            _, index, attempt, item = heapq.heappop(self._again)
            self._ready.append((index, attempt, item))
            self.count += 1

    @property
    def next_attempt(self) -> float | None:
        """When the next waiting attempt is due."""
        return self._again[0][0] if self._again else None

    @property
    def empty(self) -> bool:
        """Whether nothing is left, waiting attempts included."""
        return not self.count and not self._again

    def cut(self, count: int) -> tuple[int, Sequence[Any], int]:
        """Take up to `count` consecutive items from the lowest index on: first index, items, attempt."""
        if self._ready:
            index, attempt, item = self._ready.popleft()
            self.count -= 1
            return index, [item], attempt
        source = self._lowest()
        first = source.first
        part = source.cut(count)
        self._drop_empty()
        if len(part) < count and (self._read or self._back):
            joined = list(part)
            while len(joined) < count and (self._read or self._back):
                source = self._lowest()
                if source.first != first + len(joined):
                    break
                joined.extend(source.cut(count - len(joined)))
                self._drop_empty()
            part = joined
        self.count -= len(part)
        return first, part, 1

    def _lowest(self) -> Span:
        if self._back and (not self._read or self._back[0].first < self._read[0].first):
            return self._back[0]
        return self._read[0]

    def _drop_empty(self) -> None:
        # A span is cut only at the top of its heap, and its first index grows only up to the next span's.
        if self._back and not self._back[0]:
            heapq.heappop(self._back)
        if self._read and not self._read[0]:
            self._read.popleft()

    def truncate(self, horizon: int) -> None:
        """Forget every item behind the index `horizon`."""
        spans = [*self._back, *self._read]
        for span in spans:
            span.high = max(span.low, min(span.high, span.low + horizon + 1 - span.first))
        self._back = [span for span in self._back if span]
        heapq.heapify(self._back)
        self._read = deque(span for span in self._read if span)
        self._ready = deque(entry for entry in self._ready if entry[0] <= horizon)
        self._again = [entry for entry in self._again if entry[1] <= horizon]
        heapq.heapify(self._again)
        self.count = sum(map(len, self._back)) + sum(map(len, self._read)) + len(self._ready)

    def drain(self) -> list[tuple[int, int]]:
        """Forget everything, and return it as (index, attempt) pairs."""
        pairs = [(s.first + k, 1) for s in sorted([*self._back, *self._read]) for k in range(len(s))]
        pairs += [(index, attempt) for index, attempt, _ in self._ready]
        pairs += [(index, attempt) for _, index, attempt, _ in self._again]
        self.truncate(-1)
        return pairs
