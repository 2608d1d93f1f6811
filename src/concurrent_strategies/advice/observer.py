"""Watches a thread run items: knocks at the GIL, looks at its clocks, and puts everything back as it was.

What is disturbed: a knock takes the GIL for some 20 us, and is paid for out of a wait of about 0.3 ms at first, and of
3 ms once much has been seen. The switch interval is shortened meanwhile, so that a knock at computing
Python code takes half a millisecond and not five.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter as clock
from typing import TYPE_CHECKING, Final, Protocol, final

from .knocks import KEPT, LATE, Knock, Knocks
from .patience import QUIET, Haste, Patience, Seen
from .samples import Samples
from .thread_facts import ThreadFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .marks import Marks
    from .sampler import Sampler

#: Seconds: the switch interval while knocking.
INTERVAL: Final = 0.0005
#: Seconds between knocks: at first, and when so many are done.
SOON, LATER, MANY = (0.00015, 0.00045), (0.0015, 0.0045), 30
#: One in so many knocks looks at the memory and at the load, which cost as much as the knock itself.
RARELY: Final = 8
#: A thread that computed for more than this part of a wait had not to queue for a core.
KEPT_CPU: Final = 0.9
#: A smaller part of an item's time that is computing need not be divided.
LITTLE: Final = 0.2
#: A thread that sleeps for more of its time need not be asked often what it computes.
MOSTLY: Final = 0.8
#: Held by whoever has shortened the switch interval: the next one would put back what is not the user's.
_SHORTENED: Final = threading.Lock()


@final
@dataclass(slots=True)
class Observation:
    """What was seen from outside.

    Attributes:
        knocks: at the thread that runs the items.
        samples: what was timed until it was enough.
        elapsed: seconds.
        others_cpu: seconds of CPU of all other threads of this process but the observer.
        threads: alive before, other than those of the measurement.
        load: programs beside this one that could have run, on average; `None` where the system does not tell.
        memory: bytes by which the process grew while one item ran, at most.
    """

    knocks: Knocks
    samples: Samples = field(default_factory=Samples)
    elapsed: float = 0.0
    others_cpu: float = 0.0
    threads: int = 1
    load: float | None = None
    memory: int = 0


class Watched(Protocol):
    """What can be observed: something that runs items one after the other in a thread, and reads clocks there."""

    marks: Marks
    threads: int  # of those that run already, how many are its own

    def start(self) -> None:
        """Have the thread begin."""

    def feed(self) -> bool:
        """See to it that it has something to run; return False when there is nothing more to see."""

    def rest(self, seconds: float) -> bool:
        """Wait, at most so long; return whether the thread came to idle meanwhile."""

    def stop(self) -> None:
        """Learn that nobody watches any more."""


class Observer:
    """Feeds a sampler and watches it.

    Args:
        sampler: what runs the items.
        patience: when to stop.
        quiet: seconds for which it is left alone at first: short work ends in them, undisturbed.
    """

    def __init__(self, sampler: Watched, patience: Patience | Haste, quiet: float = QUIET) -> None:
        self._sampler = sampler
        self._patience = patience
        self._quiet = quiet
        self._loads: list[int] = []
        self._loadavg = _open("/proc/loadavg")
        self._grown: dict[int, int] = {}
        self._kept = False  # whether the last knock had to wait for code that keeps the GIL
        self._random = random.Random(0)  # when to knock, and nothing more; the global generator is the user's

    def watch(self) -> Observation:
        """Feed and watch until enough has been seen, and stop the sampler; the item under way may go on."""
        sampler = self._sampler
        threads = threading.active_count() - sampler.threads
        sampler.start()
        before = self._clocks()
        try:
            with shortened_interval() as interval:
                seen = Observation(Knocks(interval), threads=threads)
                self._look(seen.knocks, before[0])
                seen.samples = sampler.marks.samples()  # as long as the thread is there to be asked
            after = self._clocks()
        finally:
            sampler.stop()
            if self._loadavg >= 0:
                os.close(self._loadavg)
        seen.elapsed, process, mine, its = (late - early for late, early in zip(after, before, strict=True))
        seen.others_cpu = max(0.0, process - mine - its)
        seen.load = sum(self._loads) / len(self._loads) if self._loads else None
        grown = [size for index, size in self._grown.items() if index or len(self._grown) == 1]
        seen.memory = max(grown, default=0)
        return seen

    def _look(self, knocks: Knocks, began: float) -> None:
        sampler, facts = self._sampler, self._sampler.marks.facts
        quiet, check = began + self._quiet, began + self._patience.check
        mine = ThreadFacts()
        try:
            while sampler.feed():
                if (now := clock()) < quiet:  # short work ends here, undisturbed
                    sampler.rest(quiet - now)
                elif facts.observable and sampler.marks.flight() is not None:
                    self._knock(knocks, mine)
                else:
                    knocks.interrupted()
                    sampler.rest(SOON[1])
                if (now := clock()) < check:
                    continue
                check = now + self._patience.check
                samples = sampler.marks.samples()
                divided = not facts.observable or knocks.held is not None or samples.computing < LITTLE
                spread = samples.spread(knocks.asleep)
                seen = Seen(now - began, samples.items, spread, divided, knocks.in_a_row)
                if self._patience.enough(seen):
                    return
        finally:
            mine.close()

    def _knock(self, knocks: Knocks, mine: ThreadFacts) -> None:
        sampler, its = self._sampler, self._sampler.marks.facts
        often = knocks.count < MANY or (knocks.held is None and (knocks.asleep or 0.0) < MOSTLY)
        pause = self._random.uniform(*(SOON if often else LATER))
        before = None if self._kept else (its.queued(), mine.queued())
        cpu, since = its.cpu(), clock()
        ended = sampler.rest(pause)
        late, used = clock() - since - pause, its.cpu() - cpu
        # At once: a call that reads a file lets the thread go on, and with it whoever waits for what it has to say.
        runnable = self._runnable() if (rarely := knocks.count % RARELY == 0) else None
        if late > KEPT and used > KEPT_CPU * late:
            # It kept the GIL in one go, and has it again: each question more would take as long as this one.
            self._kept, waits = True, False
            knocks.add(Knock(pause, late, used, 0.0, asleep=False))
        else:
            self._kept = False
            after, asleep = (its.queued(), mine.queued()), its.asleep()
            if ended or before is None or sampler.marks.flight() is None:
                knocks.interrupted()  # a thread that has rung, and idles, was not knocked at
                return
            # A wake-up that came late because this thread had no core tells nothing about the GIL.
            queued, delayed = (now - then for now, then in zip(after, before, strict=True))
            late = max(0.0, late - delayed)
            waits = asleep and late <= LATE  # and not for the GIL, which this thread lets go while it reads a file
            knocks.add(Knock(pause, late, used, queued, asleep, delayed))
        if rarely:
            self._look_around(mine, runnable, waits=waits)

    def _look_around(self, mine: ThreadFacts, runnable: int | None, *, waits: bool) -> None:
        if runnable is not None:
            self._loads.append(max(0, runnable - 1 - (not waits)))
        index = self._sampler.marks.flight()
        if index is not None and (before := self._sampler.marks.memory_before(index)):
            self._grown[index] = max(self._grown.get(index, 0), mine.resident() - before)

    def _runnable(self) -> int | None:
        """Return how many threads want a core now, of all programs; `None` where the system does not tell."""
        if self._loadavg < 0:
            return None
        return int(os.pread(self._loadavg, 80, 0).split()[3].split(b"/")[0])

    def _clocks(self) -> tuple[float, float, float, float]:
        facts = self._sampler.marks.facts
        return clock(), time.process_time(), time.thread_time(), facts.cpu() if facts.readable() else 0.0


def run_inline(sampler: Sampler, patience: Patience) -> Observation:
    """Run items in this thread, where nothing else may: only clocks are read, and between items."""
    threads, began = threading.active_count(), clock()
    sampler.start()
    process, mine = time.process_time(), time.thread_time()
    try:
        while sampler.feed():
            samples = sampler.marks.samples()
            if patience.enough(Seen(clock() - began, samples.items, samples.spread(None))):
                break
    finally:
        sampler.stop()
        process, mine = time.process_time() - process, time.thread_time() - mine
        sampler.end_inline()
    elapsed, others = clock() - began, max(0.0, process - mine)
    return Observation(Knocks(INTERVAL), sampler.marks.samples(), elapsed, others, threads)


@contextmanager
def shortened_interval() -> Iterator[float]:
    """Shorten the switch interval, unless somebody does so already, and put it back; yield what it is."""
    before = sys.getswitchinterval()
    if before <= INTERVAL or not _SHORTENED.acquire(blocking=False):
        yield before
        return
    try:
        sys.setswitchinterval(INTERVAL)
        yield INTERVAL
    finally:
        sys.setswitchinterval(before)
        _SHORTENED.release()


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return -1
