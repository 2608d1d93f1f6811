"""From what was timed and seen to the demands of one item, each with its error. Pure: nothing is run or asked here.

duration = (wall - queued) / items            what other programs took away is not the item's
c        = CPU of the thread / items
w        = min(duration - c, 1.3 * asleep * wall / items)        only sleep that was seen while the GIL was free
g, f     = c * held, c * (1 - held)
CPU of child processes that ended, and of threads of the item's own, is computing and not waiting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from .demands import SPREAD

if TYPE_CHECKING:
    from .observer import Observation
    from .samples import Samples

#: Relative error that every time has, and seconds by which a first call may be longer than the next ones.
CLOCK, FIRST = 0.05, 0.05
#: Error of the share that holds the GIL: after many knocks, after one, and where none was possible.
SPLIT, SPLIT_ONE, SPLIT_BLIND = 0.05, 0.3, 0.5
#: Other programs beside this one, on average, from which on the machine is busy.
BUSY: Final = 0.5
#: Seconds of computing around a longer wait that are too short for knocking: Python code, one has to assume.
BURST: Final = 0.001
#: Threads of the item's own: CPU beside its thread, in seconds and as a share, below which it is noise.
OWN_SECONDS, OWN_SHARE = 0.005, 0.2


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value.

    Attributes:
        value: in seconds, bytes or as a ratio.
        error: plus or minus so much, in the same unit.
        items: it was taken from.
        at_least: whether it is only a lower bound, as no item had ended.
    """

    value: float
    error: float
    items: int
    at_least: bool = False


def estimate(samples: Samples, seen: Observation, *, gil: bool = True) -> dict[str, Estimate]:
    """Return the demands of one item by their names in a profile.

    Args:
        samples: what was timed.
        seen: what was seen from outside meanwhile.
        gil: whether there is one; without, all computing of the thread counts as Python's.
    """
    timings = samples.settled
    items = sum(timing.items for timing in timings)
    if not items:
        return {}
    at_least = not samples.timings
    cpu = sum(timing.cpu for timing in timings) / items
    wait = samples.wait(seen.knocks.asleep)
    children = min(wait, sum(timing.children for timing in timings) / items)
    wait -= children
    held = seen.knocks.held if gil else 1.0
    if cpu < min(wait, BURST):
        held = None  # a little computing around a wait is over before a knock could find it
    blind = held is None
    held = 1.0 if held is None else held
    inner, overlapped = _own_threads(cpu, wait, seen)
    wait -= overlapped
    free = cpu * (1 - held) + children + overlapped
    duration = cpu + children + overlapped + wait
    spread = samples.spread(seen.knocks.asleep)
    times = _relative(samples, duration, spread)
    split = SPLIT_BLIND if blind else SPLIT + SPLIT_ONE / math.sqrt(seen.knocks.count or 1)
    if (seen.load or 0) > BUSY:
        times, split = 1.5 * times, 1.5 * split
    split = min(1.0, split) * cpu if gil else 0.0

    def estimated(value: float, more: float = 0.0) -> Estimate:
        return Estimate(value, math.hypot(times * value, more), items, at_least)

    found = {
        "gil_cpu": estimated(cpu * held, split),
        "free_cpu": estimated(free, split),
        "wait": estimated(wait, CLOCK * duration if seen.knocks.count else 0.0),
    }
    if spread is not None:
        found["duration_cv"] = Estimate(spread, spread / math.sqrt(2 * items), items)
    if inner > 1 + OWN_SHARE:
        found["inner_threads"] = Estimate(inner, OWN_SHARE * inner, items)
    return found


def _own_threads(cpu: float, wait: float, seen: Observation) -> tuple[float, float]:
    """Return how many cores an item keeps busy, and for how many seconds its thread only waits for its own others."""
    if seen.threads > 1 or seen.others_cpu < OWN_SECONDS or seen.elapsed <= 0:
        return 1.0, 0.0  # with other threads about, nobody knows whose CPU it is
    others = seen.others_cpu / seen.elapsed * (cpu + wait)
    if others < OWN_SHARE * (cpu + wait):
        return 1.0, 0.0
    overlapped = min(wait, others)
    return max(1.0, (cpu + others) / (cpu + overlapped)), overlapped


def _relative(samples: Samples, duration: float, spread: float | None) -> float:
    """Return the relative error of the mean duration."""
    if not samples.timings:
        return 1.0
    items = sum(timing.items for timing in samples.settled)
    first = 0.0 if len(samples.timings) > 1 else min(1.0, FIRST / max(duration, 1e-9))
    scatter = SPREAD if spread is None else spread
    return math.sqrt(scatter**2 / items + CLOCK**2 + first**2)
