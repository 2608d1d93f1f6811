"""The threads of a strategy: started when first needed, lent to seats, and kept between runs.

All are daemons, and nothing ever joins one without a bound: one that hangs in a call is counted as stuck, and left.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

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
        errand = Errand()
        errand.give(seat)
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
            seat = errand.take()
            if seat is not None:
                seat.unstartable(error)
            return
        try:
            while (seat := errand.take()) is not None:
                seat.serve(resource, self._setup.worker_resource is not None)
                del seat
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

    def take_back(self, seat: Seat) -> None:
        """Count the thread of a seat as idle that sleeps there yet: it need not be woken before there is another."""
        errand = seat.errand
        assert errand is not None
        with self._lock:
            if not self._closed:
                errand.free = True
                self._idle.append(errand)
                return
        errand.give(None)

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
    """What a thread is to do next: serve a seat, or end if it is given `None`. It sleeps in one place, here or there.

    Attributes:
        bell: what it listens to, here and in its seat.
        free: whether it was counted as idle before it came back.
    """

    def __init__(self) -> None:
        self.bell: Bell = Bell()
        self.free: bool = False
        self._next: deque[Seat | None] = deque()

    def give(self, seat: Seat | None) -> None:
        if seat is not None:
            seat.errand = self
        self._next.append(seat)
        self.bell.ring()

    def take(self) -> Seat | None:
        while not self._next:
            self.bell.wait(threading.TIMEOUT_MAX)
        return self._next.popleft()
