"""The threads of a strategy: started when first needed, lent to seats, and kept between runs.

All are daemons, and nothing ever joins one without a bound: one that hangs in a call is counted as stuck, and left.
"""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

from .._core.bell import Bell
from .._core.crew import Crew, Setup

if TYPE_CHECKING:
    from .threads import Seat


class ThreadCrew(Crew):
    """Threads that serve one seat after the other.

    Args:
        setup: what each thread does first and last.
        prefix: begins the name of each thread.
    """

    def __init__(self, setup: Setup, prefix: str) -> None:
        self._setup = setup
        self._prefix = prefix
        self._numbers: itertools.count[int] = itertools.count()
        self._lock = threading.Lock()
        self._idle: list[Errand] = []
        self._alive: set[threading.Thread] = set()
        self._stuck: set[threading.Thread] = set()
        self._closed = False

    def serve(self, seat: Seat) -> None:
        """Have an idle thread, or a new one, serve the seat; RuntimeError if the system gives no more threads."""
        with self._lock:
            errand = self._idle.pop() if self._idle else None
        if errand is not None:
            errand.give(seat)
            return
        errand = Errand(seat)
        name = f"{self._prefix}-{next(self._numbers)}"
        thread = threading.Thread(target=self._live, args=(errand,), name=name, daemon=True)
        thread.start()

    def _live(self, errand: Errand) -> None:
        thread = threading.current_thread()
        self._alive.add(thread)
        try:
            resource, end = self._setup.begin()
        except BaseException as error:
            self._alive.discard(thread)
            errand.take().unstartable(error)
            return
        try:
            while (seat := errand.take()) is not None:
                seat.errand = errand
                seat.serve(resource, self._setup.worker_resource is not None)
                with self._lock:
                    self._stuck.discard(thread)
                    if self._closed:
                        break
                    if not errand.free:
                        self._idle.append(errand)
                    errand.free = False
        finally:
            self._alive.discard(thread)
            self._stuck.discard(thread)
            end()

    def expect(self, errand: Errand) -> None:
        """Count a thread as idle that is on its way back: the next run need not start another for it."""
        with self._lock:
            if not self._closed:
                errand.free = True
                self._idle.append(errand)

    def abandon(self, thread: threading.Thread) -> None:
        """Count a thread as stuck until its call ends after all."""
        if thread in self._alive:
            self._stuck.add(thread)

    @property
    def stuck(self) -> int:
        """How many threads were abandoned in a call that has not ended."""
        return len(self._stuck)

    def close(self, timeout: float) -> None:
        """End the idle threads, and wait for them for `timeout` seconds at most."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for errand in idle:
            errand.give(None)
        deadline = time.monotonic() + timeout
        for thread in list(self._alive - self._stuck - {threading.current_thread()}):
            thread.join(max(0.0, deadline - time.monotonic()))


class Errand:
    """Where an idle thread waits for its next seat, or for `None`, which ends it.

    Attributes:
        free: whether it was counted as idle before it came back.
    """

    def __init__(self, seat: Seat) -> None:
        self.free: bool = False
        self._seat: Seat | None = seat
        self._bell = Bell()
        self._bell.ring()

    def give(self, seat: Seat | None) -> None:
        self._seat = seat
        self._bell.ring()

    def take(self) -> Any:
        while not self._bell.wait(threading.TIMEOUT_MAX):
            pass
        return self._seat
