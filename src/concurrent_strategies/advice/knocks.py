"""What knocking at the GIL tells of another thread: how much of its computing holds the GIL, and how much it waits.

A knock: sleep for a random moment, then look how late the wake-up came. To go on, the sleeper needs the GIL; so it is
late if, and as long as, the other thread holds it. Nothing here sleeps: each knock is an argument.

    slept                 late
    |---- d ----|-------- l --------|          l: the GIL was held for certain, all of it
                                               d: held as at its two ends, half of it by each

At the end of d the GIL was held if the knock was late. At its beginning it was held if the last knock had to take it
away by force, which shows in its taking the whole switch interval; what a thread does that gave it up by itself shows
at the next knock. A d at both of whose ends the thread waits tells nothing: what it computed in between, nobody saw.
Weighing with the thread's *CPU time* and not the clock's keeps waiting out of it, and preemption. (A count of late
knocks alone is biased: while the GIL is held, knocks come less often.)

A knock tells nothing if one of the two had to queue for a core meanwhile, for more than half of what it was late: then
nobody knows when what was. Nor does a delay in which the other thread did not compute: it was somebody else's doing.
One delay of several milliseconds in which it did is enough: only code that keeps the GIL makes anybody wait so long.

Waiting is what the kernel calls sleeping, seen *while the GIL was free*: a thread that waits for the GIL sleeps too,
and one that other programs have driven off its core does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, final

#: Seconds: a wake-up that takes longer has waited for the GIL.
LATE: Final = 0.2e-3
#: Fewer knocks tell nothing, nor do fewer that met it computing.
LEAST, LEAST_COMPUTING = 8, 5
#: Unless the GIL was held for so many seconds in one go, which only code does that keeps it.
KEPT: Final = 0.008
#: So many in a row, each of which finds the thread asleep, are no accident.
IN_A_ROW: Final = 6
#: Part of the switch interval from which on a delay was ended by force.
FORCED: Final = 0.8


class Knock(NamedTuple):
    """One knock.

    Attributes:
        slept: seconds until the knock.
        late: seconds from then until the GIL was there.
        cpu: seconds of CPU that the other thread had in both.
        queued: seconds that it had to queue for a core in both.
        asleep: whether the kernel says that it sleeps, after the knock.
        delayed: seconds that the sleeper itself had to queue, which are not among the late ones.
    """

    slept: float
    late: float
    cpu: float
    queued: float
    asleep: bool
    delayed: float = 0.0


@final
@dataclass(slots=True)
class Knocks:
    """The sums of many knocks at one thread.

    Attributes:
        interval: the switch interval while knocking.
        count: of knocks.
        in_a_row: how many of the last found the thread asleep, without one that did not.
    """

    interval: float
    count: int = 0
    in_a_row: int = 0
    _computing: int = 0
    _seen_cpu: float = 0.0
    _held_cpu: float = 0.0
    _seen: float = 0.0
    _asleep: float = 0.0
    _before: float | None = None
    _kept: bool = False

    def add(self, knock: Knock) -> None:
        """Take one more knock into account."""
        elapsed = knock.slept + knock.late
        held = knock.late > LATE
        if max(knock.queued, knock.delayed) > max(LATE, knock.late / 2) or (held and knock.cpu < knock.late / 2):
            self.interrupted()
            return
        self.count += 1
        self._kept = self._kept or (held and knock.late > KEPT)
        waiting = knock.asleep and not held
        self._divide(knock, held=held, now=None if waiting else float(held))
        self._seen += elapsed
        idle = waiting and knock.cpu < elapsed / 2
        self.in_a_row = self.in_a_row + 1 if idle else 0
        if idle:
            self._asleep += max(0.0, elapsed - knock.cpu - knock.queued)

    def _divide(self, knock: Knock, *, held: bool, now: float | None) -> None:
        """Divide the CPU time of a knock; 1 stands for computing that holds the GIL, 0 for other, None for neither."""
        certain = min(knock.cpu, knock.late) if held else 0.0
        ends = [end for end in (self._before, now) if end is not None]
        rest = knock.cpu - certain if ends else 0.0
        self._held_cpu += certain + (rest * sum(ends) / len(ends) if ends else 0.0)
        self._seen_cpu += certain + rest
        self._computing += now is not None
        forced = held and knock.late >= FORCED * self.interval
        self._before = 1.0 if forced else None if held else now

    def interrupted(self) -> None:
        """Forget what the last knock found: something else came between."""
        self._before = None
        self.in_a_row = 0

    @property
    def held(self) -> float | None:
        """How much of the thread's computing holds the GIL, from 0 to 1; `None` if too little was seen."""
        much = self.count >= LEAST and self._computing >= LEAST_COMPUTING and self._seen_cpu >= LATE
        if not (much or self._kept):
            return None
        return min(1.0, max(0.0, self._held_cpu / self._seen_cpu))

    @property
    def evident(self) -> bool:
        """Whether there can be no doubt that the thread waits."""
        return self.in_a_row >= IN_A_ROW

    @property
    def asleep(self) -> float | None:
        """How much of the time the thread was waiting, from 0 to 1; `None` if too little was seen."""
        if self._seen <= 0 or not (self.count >= LEAST or self._kept):
            return None
        return min(1.0, self._asleep / self._seen)
