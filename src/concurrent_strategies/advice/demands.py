"""What a profile comes to in numbers: the demands of one item, in seconds, that the model computes with.

Every default that stands in for something not said is here, and nowhere else: what `kind`, `latency` and `connections`
expand to. Nothing here knows a strategy.

    symbol  field     meaning
    n       items     how many items; a million where that is not known
    g       gil       seconds of computing that hold the GIL
    f       free      seconds of computing with the GIL released
    w       wait      seconds of waiting
    c       cpu       g + f
    u       duration  g + f + w
    a_c a_w a_b       loop_cpu, loop_wait, loop_block: the same for the async version, and its blocking calls
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from .._errors import InvalidOption

if TYPE_CHECKING:
    from .._machine import Machine
    from .profile import Kind, WorkloadProfile

FEW: Final = 64  # connections, at most
FAST, MIDDLE, SLOW = 0.005, 0.05, 0.1  # seconds that "fast", nothing said, and "slow" wait: the least that slow can be
LATENCY: Final[dict[str | None, float]] = {"fast": FAST, None: MIDDLE, "slow": SLOW}
IO_CPU: Final = 0.0003  # seconds of computing that come with one request, where nothing is said
IO_SHARE: Final = 0.2  # ... but never more than this part of the waiting
ITEM: Final = 0.1  # seconds of an item whose duration nobody knows; only ratios are taken from it
HALF: Final = 0.5  # computing in "mixed" work
SPREAD: Final = 0.25  # standard deviation of the duration / its mean
MANY_ITEMS: Final = 1_000_000  # stands for "long": what is paid once vanishes
TINY: Final = 0.01  # seconds: what takes less in all is not worth a thought about its kind


class Times(NamedTuple):
    """Seconds per item, and how far they were declared."""

    gil: float
    free: float
    wait: float
    timed: bool = True  # the bulk of the duration was declared
    cpu_declared: bool = True


class Demands(NamedTuple):
    """One item in numbers, and how many there are.

    Attributes:
        items: n; a million where it is not known.
        gil: g, seconds of computing that hold the GIL.
        free: f, seconds of computing with the GIL released.
        wait: w, seconds of waiting.
        loop_cpu: a_c, seconds of computing in the async version.
        loop_wait: a_w, seconds of waiting in the async version.
        loop_block: a_b, seconds of blocking calls in the async version.
        spread: standard deviation of the duration / its mean.
        longest: seconds of the longest item.
        inner_threads: cores that one item keeps busy.
        cpu_declared: whether the computing was declared, or only assumed to come along with waiting.
        finite: whether the items were counted.
        timed: whether the duration was declared.
    """

    items: int
    gil: float
    free: float
    wait: float
    loop_cpu: float
    loop_wait: float
    loop_block: float
    spread: float
    longest: float
    inner_threads: float
    cpu_declared: bool
    finite: bool
    timed: bool

    @property
    def cpu(self) -> float:
        """Seconds of computing."""
        return self.gil + self.free

    @property
    def duration(self) -> float:
        """Seconds of one item on its own."""
        return self.gil + self.free + self.wait

    @property
    def busy(self) -> float:
        """Seconds of computing over all cores, an item's own threads included."""
        return self.gil + self.free * self.inner_threads

    @property
    def waiting_assumed(self) -> bool:
        """Whether the time was not declared but stands for a word, such as `latency="slow"`."""
        return not self.timed and not self.cpu_declared

    @property
    def steady(self) -> bool:
        """Whether only rates can be compared, as nobody said how long the whole would take: start-up is left out."""
        return not (self.finite and self.timed)


def demands(profile: WorkloadProfile, machine: Machine, slowed: float = 1.0) -> Demands:
    """Expand a profile.

    Args:
        profile: what was said.
        machine: where it will run.
        slowed: how many times as long computing takes as on that machine alone.

    Raises:
        InvalidOption: if nothing in the profile tells computing from waiting, and it matters.
    """
    times = _times(profile, _kind(profile))
    slower = slowed / min(1.0, machine.cores)  # on half a core, computing takes twice as long
    gil, free, wait = times.gil * slower, times.free * slower, times.wait
    block = profile.async_block or 0.0
    items = MANY_ITEMS if profile.n_items is None else profile.n_items
    duration = gil + free + wait
    spread = SPREAD if profile.duration_cv is None else profile.duration_cv
    # The largest of n draws from a bell curve lies about sqrt(2 ln n) standard deviations above its mean.
    likely = duration * (1 + spread * math.sqrt(2 * math.log(max(items, 1))))
    return Demands(
        items=items,
        gil=gil,
        free=free,
        wait=wait,
        loop_cpu=gil + free if profile.async_cpu is None else profile.async_cpu * slower,
        loop_wait=max(0.0, wait - block) if profile.async_wait is None else profile.async_wait,
        loop_block=block,
        spread=spread,
        longest=max(duration, likely if profile.duration_max is None else profile.duration_max),
        inner_threads=profile.inner_threads,
        cpu_declared=times.cpu_declared,
        finite=profile.n_items is not None,
        timed=times.timed,
    )


def _kind(profile: WorkloadProfile) -> Kind | None:
    """Return the kind that was said or follows; None where exact times make it unnecessary."""
    if profile.kind is not None:
        return profile.kind
    if profile.gil_cpu is not None or profile.free_cpu or profile.async_cpu is not None:
        return None
    if profile.wait or profile.async_wait:
        return "io"
    if profile.duration is not None and profile.cpu_fraction is not None:
        return "mixed"
    hints = (profile.latency, profile.connections, profile.max_connections, profile.rate_limit, profile.async_block)
    if any(hint is not None for hint in hints) or profile.coroutine is True or profile.green_ok:
        return "io"
    if profile.n_items is not None and (profile.n_items <= 1 or profile.n_items * (profile.duration or 1) <= TINY):
        return "cpu"  # too little for the kind to matter
    allowed = "say what an item does: 'cpu', 'native', 'io' or 'mixed', or its times (gil_cpu, free_cpu, wait)"
    raise InvalidOption("kind", None, allowed)


def _times(profile: WorkloadProfile, kind: Kind | None) -> Times:
    gil = profile.async_cpu if profile.gil_cpu is None else profile.gil_cpu
    wait = profile.wait or (profile.async_wait or 0.0) + (profile.async_block or 0.0)
    if not wait and profile.latency is not None and profile.duration is None and kind != "io":
        wait = LATENCY[profile.latency]
    said = Times(gil or 0.0, profile.free_cpu, wait)
    if profile.duration is not None:
        return _fill_up(profile, kind, said, gil is not None)
    if kind == "io":
        return _waiting(profile, said, gil is not None)
    if kind == "mixed":
        return _half_and_half(profile, said)
    if kind in ("cpu", "native") and not said.gil and not said.free and gil is None:
        unknown = said._replace(timed=False)
        return unknown._replace(free=ITEM) if kind == "native" else unknown._replace(gil=ITEM)
    return said


def _fill_up(profile: WorkloadProfile, kind: Kind | None, said: Times, gil_said: bool) -> Times:
    """Give the part of the duration that no exact time covers to what the kind is about."""
    if gil_said and said.wait:
        return said
    duration = profile.duration or 0.0
    rest = max(0.0, duration - said.gil - said.free - said.wait)
    assumed = False
    if said.wait or gil_said:
        computing = 0.0 if gil_said else rest
    elif profile.cpu_fraction is not None or kind == "mixed":
        share = HALF if profile.cpu_fraction is None else profile.cpu_fraction
        computing = min(rest, max(0.0, duration * share - said.free))
    elif kind == "io":
        assumed = not said.free
        computing = min(IO_CPU, IO_SHARE * rest) if assumed else 0.0
    else:
        computing = 0.0 if said.free and kind != "cpu" else rest
    gil, free = (0.0, computing) if kind == "native" else (computing, 0.0)
    return Times(said.gil + gil, said.free + free, said.wait + rest - computing, cpu_declared=not assumed)


def _waiting(profile: WorkloadProfile, said: Times, gil_said: bool) -> Times:
    wait = said.wait or LATENCY[profile.latency]
    times = said._replace(wait=wait, timed=said.wait > 0)
    if gil_said or said.free:
        return times
    if profile.cpu_fraction is not None:
        return times._replace(gil=_counterpart(wait, 1 - profile.cpu_fraction))
    return times._replace(gil=min(IO_CPU, IO_SHARE * wait), cpu_declared=False)


def _half_and_half(profile: WorkloadProfile, said: Times) -> Times:
    share = HALF if profile.cpu_fraction is None else profile.cpu_fraction
    computing = said.gil + said.free
    if not computing and not said.wait:
        return Times(ITEM * share, 0.0, ITEM * (1 - share), timed=False)
    if not computing:
        return said._replace(gil=_counterpart(said.wait, 1 - share))
    if not said.wait:
        return said._replace(wait=_counterpart(computing, share))
    return said


def _counterpart(part: float, share: float) -> float:
    """Return the other part of a whole, of which this part is the given share."""
    share = min(0.999, max(0.001, share))
    return part * (1 - share) / share
