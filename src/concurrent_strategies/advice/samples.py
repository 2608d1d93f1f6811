"""What was timed: one entry per item, or per group of items too short to be timed alone. No clock is read here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple, final

from .._core.call import SHORT

#: An item still under way counts if it has taken so many times the mean already.
OUTLIER: Final = 3.0
#: The spread is taken from so many of the last timings: it is asked for again and again while items run.
RECENT: Final = 500
#: Sleep is seen at single moments: so much more than was seen is believed.
MARGIN: Final = 1.3


class Timing(NamedTuple):
    """Items run one right after the other.

    Attributes:
        items: how many.
        wall: seconds from the start of the first to the end of the last.
        cpu: seconds of CPU of the thread that ran them.
        queued: seconds for which that thread had to queue for a core.
        children: seconds of CPU of child processes that ended meanwhile.
    """

    items: int
    wall: float
    cpu: float
    queued: float = 0.0
    children: float = 0.0

    @property
    def idle(self) -> float:
        """Seconds in which the thread neither computed nor queued for a core."""
        return max(0.0, self.wall - self.queued - self.cpu)

    @property
    def duration(self) -> float:
        """Seconds per item, less what other programs took away."""
        return max(0.0, self.wall - self.queued) / max(1, self.items)


@final
@dataclass(slots=True)
class Samples:
    """All timings, in the order of the items.

    Attributes:
        timings: of what has ended.
        flight: what the item under way has come to so far, if one is.
    """

    timings: list[Timing] = field(default_factory=list)
    flight: Timing | None = None

    @property
    def items(self) -> int:
        """Items that have ended."""
        return sum(timing.items for timing in self.timings)

    @property
    def settled(self) -> list[Timing]:
        """The timings to reckon with: the first item carries imports, connections and page faults, so it goes first."""
        kept = self.timings[1:] if len(self.timings) > 1 else self.timings
        flight = self.flight
        if flight is None:
            return kept
        if not kept:
            # On average, what is met half-way takes twice as long as it has been under way.
            return [Timing(1, *(2 * seconds for seconds in flight[1:]))]
        mean = sum(timing.duration * timing.items for timing in kept) / max(1, sum(t.items for t in kept))
        return [*kept, flight] if flight.duration > OUTLIER * mean else kept

    @property
    def computing(self) -> float:
        """How much of the time was computing, from 0 to 1."""
        settled = self.settled
        wall = sum(timing.wall - timing.queued for timing in settled)
        return sum(timing.cpu for timing in settled) / wall if wall > 0 else 0.0

    def wait(self, asleep: float | None) -> float:
        """Return the seconds per item that were waiting.

        Args:
            asleep: how much of the time the thread was seen asleep while the GIL was free; `None`: nobody looked.
        """
        timings = self.settled
        items = max(1, sum(timing.items for timing in timings))
        idle = sum(timing.idle for timing in timings) / items
        if asleep is None:
            return idle
        return min(idle, MARGIN * asleep * sum(timing.wall for timing in timings) / items)

    def spread(self, asleep: float | None) -> float | None:
        """Return standard deviation of the durations / mean; `None` below three timings of single items.

        Of the time in which the thread neither computed nor queued, only as much counts as was waiting.
        """
        settled = self.settled
        idle = sum(timing.idle for timing in settled) / max(1, sum(timing.items for timing in settled))
        believed = self.wait(asleep) / idle if idle > 0 else 0.0
        singles = [timing for timing in settled[-RECENT:] if timing.items == 1]
        return spread([timing.cpu + timing.idle * believed for timing in singles])


def spread(durations: list[float]) -> float | None:
    """Return standard deviation / mean, or `None` below three values, or if they are too short to be timed alone."""
    if len(durations) < 3:
        return None
    mean = sum(durations) / len(durations)
    if mean < SHORT:
        return None
    return math.sqrt(sum((each - mean) ** 2 for each in durations) / (len(durations) - 1)) / mean
