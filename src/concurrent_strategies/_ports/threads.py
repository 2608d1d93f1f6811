"""Workers that are OS threads: each seat is one thread that runs its own chunks, one call after the other.

    engine -- start(chunk) --> seat: inbox --> its thread: Lane --> reports --> bell --> engine

The threads belong to a `ThreadCrew`, which keeps them warm between runs. All are daemons, and nothing ever joins one
without a bound: a call that hangs is abandoned with its thread, and the seat gets another.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from .._core.bell import Bell, HastyBell
from .._core.call import LOOK, Call
from .._core.gathered import Gathered
from .._core.lane import Lane
from .._core.port import Broken, Chunk, Died, Failed, Port, Report, Returned, Started
from .thread_crew import Errand, ThreadCrew

PATIENCE = 0.05  # seconds between two looks at threads that have had nothing to say


class Seat:
    """One seat of the port and the thread on it, until the run gives it up or the thread is abandoned."""

    def __init__(
        self,
        call: Call,
        report: Callable[[Report], None],
        silent: set[Seat],
        hurry: Callable[[], object],
        *,
        quiet: bool,
        holds: bool,
    ) -> None:
        self.thread: threading.Thread | None = None
        self.errand: Errand | None = None
        self._call: Call | None = call
        self._report = report
        self._quiet = quiet
        self._holds = quiet and holds
        self._silent = silent
        self._hurry = hurry
        if quiet:
            silent.add(self)
        self._dead = self._leaving = self._over = False
        self._lock = threading.Lock()
        self._inbox: deque[Chunk] = deque()
        self._idle = False  # whether the thread waits here for another chunk
        self._lane: Lane | None = None
        self._current: Chunk | None = None

    def put(self, chunk: Chunk) -> bool:
        """Queue a chunk; return False if the thread has left already."""
        with self._lock:
            if self._over:
                return False
            self._leaving = False
            self._inbox.append(chunk)
        self._ring()
        return True

    def _ring(self) -> None:
        if self.errand is not None:
            self.errand.bell.ring()

    def leave(self) -> bool:
        """Have the thread go once it has nothing left to do here; return whether it is free already, asleep."""
        with self._lock:
            self._leaving = True
            return self._let_go()

    def _let_go(self) -> bool:
        """Give up a thread that waits, without waking it: it finds that out when it is given something else."""
        if not self._idle or self._inbox or self._over or self._lane is None:
            return False
        self._over = True
        if self._lane.has_loop:  # which is to be closed, and may hold anybody up
            self._ring()
            return False
        self._lane = self._call = None  # nothing of the run stays with a thread that sleeps
        self._report = _unheard
        return True

    def serve(self, resource: Any, has_resource: bool) -> None:
        """Run chunks, in the crew's thread, until the seat is given up."""
        self.thread = threading.current_thread()
        assert self._call is not None
        self._lane = Lane(self._call, self._emit, self.thread.name, quiet=self._quiet, holds=self._holds)
        if has_resource:
            self._lane.provide(resource)
        try:
            while self._next():
                self._work()
        finally:
            if self._lane is not None:
                self._lane.close()

    def _work(self) -> None:
        lane = self._lane
        assert lane is not None
        while lane.busy and not self._dead:
            lane.step()

    def _next(self) -> bool:
        """Wait for the next chunk, and have the lane begin it; return False if the thread is to go."""
        assert self.errand is not None
        while True:
            with self._lock:
                self._idle = False
                self._current = None
                if self._over or self._lane is None:
                    return False
                if self._inbox and not self._dead:
                    self._current = self._inbox.popleft()
                    self._lane.begin(self._current)
                    return True
                if self._leaving or self._dead:
                    self._over = True
                    return False
                self._idle = True
            self._hurry()
            self.errand.bell.wait(threading.TIMEOUT_MAX)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what the thread has not started."""
        with self._lock:
            if chunk in self._inbox:
                self._inbox.remove(chunk)
                self._emit(Returned(chunk.id, chunk.first, len(chunk.items)))
                return
        if self._lane is not None:
            self._lane.recall(chunk, keep)

    @property
    def quiet(self) -> bool:
        """Whether items may be run here without a word."""
        return self._quiet if self._lane is None else self._lane.quiet

    def look(self) -> bool:
        """Have the thread say what it has kept quiet for long; return whether to ask again, be it silent or not."""
        lane = self._lane
        again = lane is not None and self._current is not None and lane.look()
        return again or bool(self._inbox)

    def is_at(self, chunk: Chunk, index: int) -> bool:
        """Tell whether the thread is in the call of this item."""
        return self._lane is not None and self._lane.is_at(chunk, index)

    def has(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is here."""
        return chunk is self._current or chunk in self._inbox

    def abandon(self) -> tuple[bool, bool]:
        """Hear no more from the thread; return whether it is in a call that may not end, and whether it is free."""
        with self._lock:
            self._dead = True
            busy = self._current is not None and self._lane is not None and self._lane.busy
            free = self._let_go()
            chunks = [*([self._current] if self._current else ()), *self._inbox]
            self._inbox.clear()
        for chunk in chunks:
            self._report(Died(chunk.id))
        return busy, free

    def unstartable(self, error: BaseException) -> None:
        """Pass on what went wrong before the thread could serve."""
        from .._deaths import start_error  # loads concurrent.futures

        self._report(Broken(start_error("a worker thread could not be prepared", error)))
        self.abandon()

    def _emit(self, report: Report) -> None:
        if not self._dead:
            self._silent.discard(self)
            self._report(report)


def _unheard(report: Report) -> None:
    """Take what the thread of a run that is over may say."""


class ThreadsPort(Port):
    """Seats with a thread each, started when they are first given something.

    Args:
        call: what to run.
        crew: where the threads come from.

    Attributes:
        announces: whether every item is announced, be it as short as it may.
    """

    announces: bool = False
    hurries = True
    seats: int
    alarm: float = float("inf")

    def __init__(self, call: Call, crew: ThreadCrew) -> None:
        self.bell: Bell = HastyBell()
        self.seats = 0
        self.grace: float | None = None
        self._call = call
        self._crew = crew
        self._most = 1 << 30
        self._patience = LOOK
        self._timed = call.task_timeout is not None  # then somebody has to know at once what is under way
        self._at: dict[int, Seat] = {}
        self._reports: deque[Report] = deque()
        self._silent: set[Seat] = set()  # those that have said nothing yet, while that can be waited for

    def resize(self, workers: int) -> None:
        """Have at most so many threads at work."""
        self.seats = min(workers, self._most)
        for number, seat in self._at.items():
            if number >= self.seats and seat.leave():
                self._crew.take_back(seat)

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to its seat's thread."""
        seat = self._at.get(chunk.seat)
        quiet = self.forewarn is None and not (self._timed or self.announces)
        if seat.quiet if seat is not None else quiet:
            self.alarm = min(self.alarm, time.monotonic() + LOOK)
        if seat is not None and seat.put(chunk):
            return
        seat = Seat(self._call, self._report, self._silent, self.bell.hurry, quiet=quiet, holds=self.may_scatter)
        seat.put(chunk)
        try:
            self._crew.serve(seat)
        except RuntimeError as error:
            self._no_thread(chunk, error)
        else:
            self._at[chunk.seat] = seat

    def _no_thread(self, chunk: Chunk, error: RuntimeError) -> None:
        """Go on with the threads there are, or say that there is none."""
        if self._at:
            self._most = self.seats = len(self._at)
            self._at = dict(enumerate(self._at.values()))  # no seat below the new bound may be without a thread
            self._reports.append(Returned(chunk.id, chunk.first, len(chunk.items)))
        else:
            from .._deaths import start_error  # loads concurrent.futures

            self._reports.append(Broken(start_error("no worker thread could be started", error)))
            self._reports.append(Died(chunk.id))
        self.bell.ring()

    def _report(self, report: Report) -> None:
        if self.forewarn is not None and isinstance(report, Started):
            self.forewarn(report)
            return
        self._reports.append(report)
        if isinstance(report, Started) and not self._timed:
            return
        # Waking the engine for each seat's first chunk would cost more than a small map: the last one does.
        if not self._silent or isinstance(report, Failed):
            self.bell.ring()
        if isinstance(report, Failed):
            self.bell.hurry()

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not started."""
        for seat in self._at.values():
            if seat.has(chunk):
                seat.recall(chunk, keep)

    def stop(self, chunk: Chunk, index: int) -> None:
        """Abandon the thread, if it is still at that item: a running thread cannot be ended. The seat gets another."""
        for number, seat in self._at.items():
            if seat.is_at(chunk, index):
                del self._at[number]
                self._abandon(seat)
                return

    def _abandon(self, seat: Seat) -> None:
        busy, free = seat.abandon()
        if busy and seat.thread is not None:
            self._crew.abandon(seat.thread)
        elif free:
            self._crew.take_back(seat)

    def poll(self) -> list[Report]:
        """Return what the threads have said."""
        self.bell.calm()
        if (now := time.monotonic()) >= self.alarm:
            self._silent.clear()
            waiting = [seat.look() for seat in self._at.values()]
            self._patience = min(2 * self._patience, PATIENCE) if not self._reports else 2 * LOOK
            self.alarm = now + self._patience if any(waiting) else float("inf")
        gathered = Gathered()
        news = bool(self._reports)
        while self._reports:
            gathered.add(self._reports.popleft())
        if news and self.alarm > now + 2 * LOOK and any(seat.quiet for seat in self._at.values()):
            self._patience = 2 * LOOK
            self.alarm = now + self._patience
        return gathered.take()

    def close(self) -> None:
        """Give idle threads back, and abandon those in a call."""
        for seat in self._at.values():
            self._abandon(seat)
        self._at.clear()
