"""What a run that chooses for itself goes on with, and when it thinks again: a rule without clock, thread or port.

    measured(profile)   the first items have told what an item is: the formulas choose for those that are left
    look(reading)       counters of the run: does the choice deliver what it promised?
    revised(profile)    more items have told more, while threads run them

A run begins with one worker. It changes course at most twice, and only for a gain of a quarter of what is left:

    threads that together keep just one core busy    their computing holds the GIL
    a loop that is busy nearly all the time          it computes, or something in it blocks
    processes slower than the one worker was         items cost too much to send
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, final

from .plan import Plan
from .rules import choose
from .sizing import limits

if TYPE_CHECKING:
    from .._machine import Machine
    from .constants import Constants
    from .profile import WorkloadProfile
    from .rules import Choice

#: Changes of course, at most, after the first choice.
CHANGES: Final = 2
#: A change has to leave no more than this part of the time that is left.
WORTH: Final = 0.75
#: ... and from a loop to processes of less, as nobody has seen yet what these have to import.
WORTH_PROCESSES: Final = 0.5
#: Seconds until the first look, and items that must have ended by then.
FIRST_LOOK, ENOUGH = 0.02, 8
#: While a loop begins ever more calls it computes: then so many times as many as are under way must have ended.
SETTLED: Final = 0.5
#: Where too few items have ended to tell, part of the time so far until the next look.
SOON_AGAIN: Final = 0.25
#: More threads have to be more by this factor.
MORE: Final = 1.25
#: More computing than was measured, by this part of it, is news.
NEWS: Final = 0.5
#: Cores that are busy where one lock or one loop is what all wait for.
ONE_CORE = (0.85, 1.2)
HALF_BUSY: Final = 0.5
#: Part of the looks that find a loop busy: of one that blocks for 2 ms again and again, a quarter are answered at once.
STALLED: Final = 0.7
#: Part from which on it is looked at once more, and soon, unless it has been looked at for as long as this (seconds).
DOUBTFUL, LONG_ENOUGH = 0.5, 0.06
#: Part of the time that it did not queue for a core for which a loop stands still without computing: below, it waited
#: for the GIL.
BLOCKED: Final = 0.4
#: Processes that take longer for an item than one worker, by more than this, and for so many seconds, do not pay.
SLOWER, SLOWLY = 1.5, 0.2


class Reading(NamedTuple):
    """Counters of a run at one moment.

    Attributes:
        now: seconds on any clock.
        done: items that have ended.
        left: items that have not; `None` if nobody knows.
        cpu: seconds of CPU, of this process, or of the loop's thread if there is one.
        stalled: seconds for which the loop was found busy.
        queued: seconds for which its thread had to queue for a core.
        least: seconds of the shortest item.
        calls: calls under way in a loop; 0 for anything else.
    """

    now: float
    done: int
    left: int | None
    cpu: float
    stalled: float = 0.0
    queued: float = 0.0
    least: float = 0.0
    calls: int = 0


@final
class Course:
    """The plan of one run.

    Args:
        machine: where it runs.
        constants: what strategies cost there.
        most: calls at once, at most.

    Attributes:
        plan: what it goes by now.
        due: when to look again; infinite while nothing has been chosen.
    """

    def __init__(self, machine: Machine, constants: Constants, most: int) -> None:
        self.plan: Plan = Plan("sync")
        self.due: float = math.inf
        self._machine = machine
        self._constants = constants
        self._most = most
        self._profile: WorkloadProfile | None = None
        self._since: Reading | None = None
        self._pause = FIRST_LOOK / 2
        self._changes = 0
        self._barred = False  # items cost too much to send

    def measured(self, profile: WorkloadProfile, reading: Reading, threads: int = 1) -> bool:
        """Learn what an item is, by what one worker has run; return whether the plan is another from now on.

        So many `threads` are at work already, and leave a core idle: if it is to be threads, no fewer, where they may.
        """
        self._profile = profile
        choice = self._choose(profile, reading.left)
        plan = choice.chosen.plan
        if plan.family == "thread":
            allowed = min(limit.calls for limit in limits(choice.model))
            plan = plan._replace(workers=max(plan.workers, min(threads, allowed)))
        return self._take(plan, reading)

    def revised(self, profile: WorkloadProfile, reading: Reading) -> bool:
        """Learn more about the items while threads run them; return whether the plan is another from now on."""
        since = self._since
        assert since is not None
        seconds = reading.now - since.now
        busy = (reading.cpu - since.cpu) / seconds if seconds > 0 else math.inf
        if busy > ONE_CORE[0]:
            return False  # in such a crowd items seem to wait when they queue
        self._profile = profile
        choice = self._choose(profile, reading.left)
        plan = choice.chosen.plan
        if plan.family != self.plan.family:
            # More cores are for work that fills one at least by half. Of a run without a known end only what was
            # reached can tell, which `look` goes by.
            evident = busy > HALF_BUSY and reading.left is not None
            worth = choice.chosen.cost.total < WORTH * choice.model.cost(self.plan).total
            return evident and worth and self._change(plan, reading)
        if plan.workers < MORE * self.plan.workers:
            return False  # nor fewer, if only because fewer items are left
        self.plan = plan
        return True

    def arrived(self, reading: Reading) -> None:
        """Learn that what was changed to has begun: it is judged from here on."""
        self._since, self.due = reading, reading.now + self._pause

    def starts(self, plan: Plan, profile: WorkloadProfile, reading: Reading) -> None:
        """Learn that the run began with another plan than one worker."""
        self._profile = profile
        self._take(plan, reading)

    def settle(self, plan: Plan) -> None:
        """Stay with a plan for good: what was chosen cannot be had."""
        self.plan, self.due = plan, math.inf

    def look(self, reading: Reading) -> bool:
        """Compare what was reached with what was promised; return whether the plan is another from now on."""
        since, profile = self._since, self._profile
        assert since is not None
        assert profile is not None
        seconds, items = reading.now - since.now, reading.done - since.done
        begun = 0.0 if self._stands_still(reading, since) else SETTLED * reading.calls
        if items < max(ENOUGH, begun):  # too few to tell: again, before much more is lost
            self.due = reading.now + max(self._pause, SOON_AGAIN * seconds)
            return False
        found = self._found(profile, reading, since) if seconds > 0 and self._changes < CHANGES else None
        if found is None and self._in_doubt(reading, since):
            self.due = reading.now + FIRST_LOOK / 2
            return False
        self._pause *= 2
        self.due = reading.now + self._pause
        self._since = reading
        if found is None:
            return False
        self._profile = found
        choice = self._choose(found, reading.left)
        plan = choice.chosen.plan
        each = seconds / items
        if self.plan.family == "asyncio":  # one after the other, now that all are under way
            each = min(each, (found.async_cpu or 0.0) + (found.async_block or 0.0))
        if plan.family == self.plan.family or not self._gains(choice, reading.left, each):
            return False
        return self._change(plan, reading)

    # ------------------------------------------------------------------------------------------------- internals

    def _change(self, plan: Plan, reading: Reading) -> bool:
        if self._changes >= CHANGES:
            return False
        self._changes += 1
        return self._take(plan, reading)

    def _take(self, plan: Plan, reading: Reading) -> bool:
        changed = plan != self.plan
        self._pause = FIRST_LOOK if changed else 2 * self._pause
        self.plan, self._since, self.due = plan, reading, reading.now + self._pause
        return changed

    def _choose(self, profile: WorkloadProfile, left: int | None) -> Choice:
        allowed = profile.max_connections
        most = self._most if allowed is None else min(self._most, allowed)
        sendable = profile.picklable and not self._barred
        work = replace(profile, n_items=left, max_connections=most, picklable=sendable)
        return choose(work, self._machine, self._constants)

    def _found(self, profile: WorkloadProfile, reading: Reading, since: Reading) -> WorkloadProfile | None:
        """Return what the counters say an item is, if that is something else than was believed."""
        seconds, items = reading.now - since.now, float(reading.done - since.done)
        cpu = max(0.0, reading.cpu - since.cpu)
        family = self.plan.family
        if family == "thread" and self._machine.gil and profile.coroutine is not True:
            busy = cpu / seconds / self._share
            return _held(profile, cpu / items) if ONE_CORE[0] <= busy <= ONE_CORE[1] else None
        if family in ("asyncio", "thread"):
            busy, stalled, ours = _loop_of(reading, since)
            if busy < ONE_CORE[0] * ours and stalled < STALLED * ours:
                return None
            blocks = self._stands_still(reading, since)
            if not blocks:
                items += max(0, reading.calls - since.calls) / 2  # those that have begun meanwhile are half done
            computing = cpu / items
            block = (stalled - busy) * seconds / items if blocks else 0.0
            wait = max(0.0, reading.least - computing - block)  # others make them longer, but not the shortest
            return replace(
                profile, gil_cpu=computing, async_cpu=computing, async_wait=wait, wait=wait + block, async_block=block
            )
        if family == "process" and seconds > SLOWLY and seconds / items > SLOWER * self._alone(profile):
            self._barred = True
            return profile
        return None

    def _in_doubt(self, reading: Reading, since: Reading) -> bool:
        """Tell whether a loop was busy for much of the time, but for so short a time that this may have been chance."""
        busy, stalled, ours = _loop_of(reading, since)
        doubtful = max(busy, stalled) >= DOUBTFUL * ours and reading.now - since.now < LONG_ENOUGH
        return self.plan.family == "asyncio" and doubtful and self._changes < CHANGES

    def _stands_still(self, reading: Reading, since: Reading) -> bool:
        """Tell whether a loop was found busy and did not compute."""
        busy, stalled, ours = _loop_of(reading, since)
        return self.plan.family in ("asyncio", "thread") and stalled - busy > BLOCKED * ours

    def _alone(self, profile: WorkloadProfile) -> float:
        """Return the seconds of an item for one worker, which has to share the cores with other programs."""
        computing = (profile.gil_cpu or 0.0) + profile.free_cpu
        return computing / self._share + profile.wait

    @property
    def _share(self) -> float:
        """How much of a core one worker gets, among the other programs that were seen."""
        return min(1.0, self._machine.cores / (1 + self._machine.load))

    def _gains(self, choice: Choice, left: int | None, each: float) -> bool:
        """Tell whether a change is worth it, at so many seconds per item now."""
        cost = choice.chosen.cost
        apart = self.plan.family == "asyncio" and choice.chosen.plan.strategy == "process"
        worth = WORTH_PROCESSES if apart else WORTH
        if left is None:
            return cost.bottleneck.seconds / choice.model.demands.items < worth * each
        return cost.total < worth * left * each


def _loop_of(reading: Reading, since: Reading) -> tuple[float, float, float]:
    """Return the parts of the time for which a loop computed, was busy, and did not have to queue for its core."""
    seconds = max(reading.now - since.now, 1e-9)
    queued = min(0.9, (reading.queued - since.queued) / seconds)
    busy = max(0.0, reading.cpu - since.cpu) / seconds
    return busy, min(1.0, (reading.stalled - since.stalled) / seconds) - queued, 1 - queued


def _held(profile: WorkloadProfile, computing: float) -> WorkloadProfile | None:
    """Return the profile with what an item computes by now; as one core does it all, what is new holds the GIL."""
    before = (profile.gil_cpu or 0.0) + profile.free_cpu
    more = computing - before
    if more < NEWS * before and profile.free_cpu > (profile.gil_cpu or 0.0):
        return None  # it was known, and is known not to hold it
    return replace(profile, gil_cpu=max(0.0, computing - min(profile.free_cpu, before)))
