"""What harms the workers of a history: at seeded times it kills or freezes one of them, and writes down what it does.

Its prey are the processes that have logged something and carry the mark of the history, so it needs to know nothing of
how workers come into being; or else all that carry the mark, those that are just being started and a fork server among
them. What it has frozen it thaws a while later, or kills.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from random import Random
from types import TracebackType
from typing import Self

from tests.faults import marks

from .logbook import NEMESIS, Logbook


class Nemesis:
    """A thread that harms workers, as long as its `with` block lasts.

    Args:
        log: where it finds its prey and says what it does.
        mark: what the processes carry that it may harm, however far they have come.
        random: what it decides by.
        every: seconds between two deeds, from and to.
        kills: the share of deeds that are kills; the others freeze.
        frozen: seconds that a worker stays frozen, from and to.
        everybody: whether no process of ours is spared.

    Attributes:
        deeds: how many workers it has killed and frozen.
    """

    def __init__(
        self,
        log: Logbook,
        mark: str,
        random: Random,
        every: tuple[float, float] = (0.1, 0.5),
        kills: float = 0.6,
        frozen: tuple[float, float] = (0.05, 0.4),
        *,
        everybody: bool = False,
    ) -> None:
        self.deeds = {"kill": 0, "freeze": 0}
        self._log = log
        self._mark = mark
        self._random = random
        self._every = every
        self._kills = kills
        self._frozen_for = frozen
        self._everybody = everybody
        self._frozen: dict[int, float] = {}  # until when
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="nemesis", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Leave the workers alone, thawed."""
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        strike = time.monotonic() + self._random.uniform(*self._every)
        while not self._over.wait(max(0.0, min([strike, *self._frozen.values()]) - time.monotonic())):
            now = time.monotonic()
            for pid in [pid for pid, until in self._frozen.items() if until <= now]:
                self._thaw(pid)
            if strike <= now:
                self._strike(now)
                strike = now + self._random.uniform(*self._every)
        for pid in list(self._frozen):
            self._thaw(pid)

    def _strike(self, now: float) -> None:
        ours = marks.marked(self._mark)
        prey = ours if self._everybody else [pid for pid in self._log.workers() if pid in ours]
        # Drawn in any case, so that a seed means the same deeds as far as time allows.
        which, how, long = self._random.random(), self._random.random(), self._random.uniform(*self._frozen_for)
        if not prey:
            return
        pid = prey[int(which * len(prey))]
        if how < self._kills:
            self._frozen.pop(pid, None)
            self._send("kill", pid, signal.SIGKILL)
        elif pid not in self._frozen:
            self._frozen[pid] = now + long
            self._send("freeze", pid, signal.SIGSTOP)

    def _thaw(self, pid: int) -> None:
        del self._frozen[pid]
        if pid in marks.marked(self._mark):
            self._send("thaw", pid, signal.SIGCONT)

    def _send(self, deed: str, pid: int, number: signal.Signals) -> None:
        # Before it is done: what is not in the log was not the nemesis.
        self._log.write(NEMESIS, deed, pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            if deed in self.deeds:
                self.deeds[deed] += 1
