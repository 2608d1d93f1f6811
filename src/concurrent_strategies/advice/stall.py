"""How long a loop stands still, because its items compute or block: asked from outside, without a hand on them."""

from __future__ import annotations

import threading
from time import monotonic as clock
from typing import TYPE_CHECKING, Final

from .thread_facts import ThreadFacts

if TYPE_CHECKING:
    from .._ports.loop import LoopPort

#: Seconds between two looks: at first, and at most; and that a loop at rest takes to answer.
SOON, LATER, PROMPT = 0.002, 0.05, 0.0005
#: Part of the time for which a loop, or a core, may be busy while it gets more to do.
IDLE_ENOUGH: Final = 0.7
#: Part of the time for which it computes at most, if it stands still.
STILL: Final = 0.5
#: Looks come seldomer as time goes on: this part of it lies between two.
PART: Final = 0.05


class Stall:
    """Asks a loop for a sign again and again, and adds up the time in which it came late.

    Attributes:
        seconds: for which the loop was found busy.
        busy: part of the time between the last two looks for which it was: by its CPU, or all of it if it came late.
        facts: about its thread, once it has answered.
        in_a_row: looks that found it busy, without one that did not.
        idle_in_a_row: looks that found it at rest, without one that did not.
        still_in_a_row: looks that found it neither at rest nor computing.
    """

    def __init__(self) -> None:
        self.seconds: float = 0.0
        self.busy: float = 1.0
        self.facts: ThreadFacts | None = None
        self.in_a_row: int = 0
        self.idle_in_a_row: int = 0
        self.still_in_a_row: int = 0
        self._began = self._looked = clock()
        self._asked: float | None = None
        self._cpu = 0.0
        self._late = self._over = False
        self._lock = threading.Lock()

    def next(self, now: float) -> float:
        """Return when to look again."""
        return now + min(LATER, max(SOON, PART * (now - self._began)))

    def look(self, loop: LoopPort, now: float, due: float) -> None:
        """Take the answer to the last question, and ask again.

        Args:
            loop: which.
            now: the time.
            due: when this look was to be; if the loop is the caller's own, it makes these looks itself.
        """
        since, self._looked = now - self._looked, now
        late = now - due > PROMPT if loop.callers else self._asked is not None or self._late
        cpu, self._cpu = self._cpu, self.facts.cpu() if self.facts is not None else 0.0
        computing = 1.0 if self.facts is None or since <= 0 else (self._cpu - cpu) / since
        self.busy = 1.0 if late else computing
        busy = self.busy >= IDLE_ENOUGH
        self.in_a_row = self.in_a_row + 1 if self.facts is not None and busy else 0
        self.idle_in_a_row = 0 if busy else self.idle_in_a_row + 1
        self.still_in_a_row = self.still_in_a_row + 1 if late and computing < STILL else 0
        if late:
            self.seconds += since
        self._late = False
        if self._asked is None:
            self._asked = now
            loop.soon(self._answer)

    def forget(self) -> None:
        """Begin anew: what comes late from before says nothing."""
        self._looked = clock()
        self._asked, self._late = None, False
        self.in_a_row = self.idle_in_a_row = self.still_in_a_row = 0

    def _answer(self) -> None:
        asked, self._asked = self._asked, None
        self._late = asked is not None and clock() - asked > PROMPT
        with self._lock:
            if self.facts is None and not self._over:
                self.facts = ThreadFacts()
                self._began = clock()  # what the loop was kept busy with until here, such as imports, is over

    def close(self) -> None:
        """Free what the facts need."""
        with self._lock:
            self._over = True
            if self.facts is not None:
                self.facts.close()
