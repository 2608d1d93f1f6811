"""How long a chunk may be: by the measured time of the items, never by their number.

A chunk costs the engine some 100 us and more, as its code is out of the caches each time: 40 ms of work make that
vanish, and harm the balance no more than shorter ones, as what is not started is called back for whoever is idle.
Towards the end of the input chunks shrink with what is left (guided self-scheduling, Polychronopoulos and Kuck 1987),
so that the workers end together.
"""

from __future__ import annotations

BEAT = 0.04  # seconds of work in a chunk
SHORT_BEAT = 0.004  # the same for trifles, which are sent while workers run others, and for each of many calls at once
TRIFLE = 0.00001  # seconds below which an item costs whoever drives as much as its worker
AHEAD = 1.25  # a second chunk waits at a seat only while a chunk takes less than so many times that
FLOOR = 0.0005  # towards the end, no chunk below this many seconds
FIRST = 64  # items in the first chunk, while nothing is known: optimistic, as a small map is then one round trip
TINY = 0.0001  # seconds of work that one worker has done before a second one is awake
GROWTH = 8  # a chunk is at most this many times longer than one that has been measured


class Pace:
    """The measured seconds of an item, and the chunk length that follows.

    Args:
        fixed: the length, if that was asked for.
        first: the length while nothing is known.
        beat: seconds of work in a chunk, where one worker runs its items one after the other.

    Attributes:
        per_item: what was measured last, on average: one slow item among short ones shows at once.
        typical: the same as a geometric mean, which one slow item hardly moves.
        expected: what an item took in an earlier run of the same function.
    """

    __slots__ = ("_beat", "_cap", "_first", "_fixed", "expected", "per_item", "typical")

    def __init__(self, fixed: int | None = None, first: int = FIRST, beat: float = BEAT) -> None:
        self._beat = beat
        self.per_item: float | None = None
        self.typical: float = 0.0
        self.expected: float | None = None
        self._fixed = fixed
        self._first = self._cap = first

    def measured(self, seconds: float, count: int, groups: int = 1) -> None:
        """Learn that `count` items, in so many groups, took `seconds` one after the other."""
        per_item = max(seconds, 1e-8) / count
        if self.per_item is None:
            self.per_item = self.typical = per_item
        else:
            # The newest half: work that turns slow must show at once, not after an average has followed.
            old = max(0.5, 4 / (count + 4)) ** groups
            self.per_item = old * self.per_item + (1 - old) * per_item
            self.typical *= (per_item / self.typical) ** (1 - old)
        self._cap = max(self._cap, count * GROWTH)

    def depth(self, span: int = 1) -> int:
        """Return how many items each call at once should be handed in one go, the end of the input aside."""
        if self._fixed is not None:
            return self._fixed
        if self.per_item is None:
            return self._first
        return max(1, min(self._fit(self.per_item, span), self._cap))

    def _fit(self, per_item: float, span: int) -> int:
        return int((self._beat if per_item > TRIFLE and span == 1 else SHORT_BEAT) / per_item)

    def looks_ahead(self) -> bool:
        """Tell whether a seat should have its next chunk before it has ended this one."""
        return self.per_item is not None and self.per_item * self.depth() < AHEAD * self._beat

    def size(self, left: int, seats: int, span: int, ended: bool) -> int:
        """Return the length of the next chunk.

        Args:
            left: items that are read and not started.
            seats: how many chunk holders share them.
            span: calls at once within one.
            ended: whether all the input has been read.
        """
        if self._fixed is not None:
            return self._fixed
        if self.per_item is None:
            size = max(self._first, span)
            if self.expected is not None:
                if ended and self.expected * left < TINY:
                    seats = 1
                # As an earlier run has shown them to be short; if they are not so now, they are called back.
                size = max(size, min(self._fit(self.expected, span) * span, left // (2 * seats)))
            return max(1, min(size, -(-left // seats)))
        size = self.depth(span) * span
        if ended:
            floor = max(span, int(FLOOR / self.per_item) * span)
            size = min(size, max(floor, left // (2 * seats)))
        else:
            # What is left is a small window, perhaps: for short items an equal part each, or all of it in one go.
            seats = 1 if self.per_item * left < TINY else seats
            floor = min(int(FLOOR / self.per_item) * span, -(-left // seats))
            size = min(size, max(floor, -(-left // (2 * seats))))
        return max(1, size)


class Paces:
    """The pace of every seat, as each has the items that it has: heavy ones at one seat shorten nobody else's chunks.

    Attributes:
        common: that of all seats together, for one that has done nothing yet.
    """

    __slots__ = ("_of", "_settings", "common")

    def __init__(self, fixed: int | None = None, first: int = FIRST, beat: float = BEAT) -> None:
        self._settings = fixed, first, beat
        self.common = Pace(*self._settings)
        self._of: dict[int, Pace] = {}

    def measured(self, seat: int, seconds: float, count: int, groups: int = 1) -> None:
        """Learn that a seat has done `count` items one after the other, in so many seconds."""
        self.common.measured(seconds, count, groups)
        own = self._of.get(seat)
        if own is None:
            own = self._of[seat] = Pace(*self._settings)
        own.measured(seconds, count, groups)

    def of(self, seat: int) -> Pace:
        """Return the pace of a seat."""
        return self._of.get(seat, self.common)
