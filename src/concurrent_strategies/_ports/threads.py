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

from .._core.bell import Bell
from .._core.call import LOOK, Call
from .._core.lane import Lane
from .._core.port import Broken, Chunk, Died, Port, Report, Returned, Started
from .thread_crew import Errand, ThreadCrew


class Seat:
    """One seat of the port and the thread on it, until the run gives it up or the thread is abandoned."""

    def __init__(self, call: Call, report: Callable[[Report], None], *, quiet: bool) -> None:
        self.thread: threading.Thread | None = None
        self.errand: Errand | None = None
        self.returning: bool = False  # whether the thread, told that nothing more comes, goes back to its crew at once
        self._call = call
        self._report = report
        self._quiet = quiet
        self._dead = self._leaving = self._over = False
        self._lock = threading.Lock()
        self._inbox: deque[Chunk] = deque()
        self._bell = Bell()
        self._lane: Lane | None = None
        self._current: Chunk | None = None

    def put(self, chunk: Chunk) -> bool:
        """Queue a chunk; return False if the thread has left already."""
        with self._lock:
            if self._over:
                return False
            self._leaving = False
            self._inbox.append(chunk)
        self._bell.ring()
        return True

    def leave(self) -> None:
        """Give the thread back once it has nothing left to do here."""
        with self._lock:
            self._leaving = True
        self._bell.ring()

    def serve(self, resource: Any, has_resource: bool) -> None:
        """Run chunks, in the crew's thread, until the seat is given up."""
        self.thread = threading.current_thread()
        lane = self._lane = Lane(self._call, self._emit, self.thread.name, quiet=self._quiet)
        if has_resource:
            lane.provide(resource)
        try:
            while self._next(lane):
                while lane.busy and not self._dead:
                    lane.step()
        finally:
            lane.close()

    def _next(self, lane: Lane) -> bool:
        while True:
            with self._lock:
                self._current = None
                if self._inbox and not self._dead:
                    self._current = self._inbox.popleft()
                    lane.begin(self._current)
                    return True
                if self._leaving or self._dead:
                    self._over = True
                    return False
            self._bell.wait(threading.TIMEOUT_MAX)

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
        """Have the thread say what it has run without a word; return whether it has not begun yet."""
        with self._lock:
            begun = self._current is not None
        if begun and self._lane is not None:
            self._lane.look()
        return not begun and bool(self._inbox)

    def is_at(self, chunk: Chunk, index: int) -> bool:
        """Tell whether the thread is in the call of this item."""
        return self._lane is not None and self._lane.is_at(chunk, index)

    def has(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is here."""
        return chunk is self._current or chunk in self._inbox

    def abandon(self) -> bool:
        """Hear no more from the thread; return whether it is in a call that may not end."""
        with self._lock:
            self._dead = True
            busy = self._current is not None and self._lane is not None and self._lane.busy
            # Not if it has left already, and not if it has a loop to close, in which there may be anything.
            self.returning = not (busy or self._over) and self._lane is not None and not self._lane.has_loop
            chunks = [*([self._current] if self._current else ()), *self._inbox]
            self._inbox.clear()
        for chunk in chunks:
            self._report(Died(chunk.id))
        self._bell.ring()
        return busy

    def unstartable(self, error: BaseException) -> None:
        """Pass on what went wrong before the thread could serve."""
        from .._deaths import start_error  # loads concurrent.futures

        self._report(Broken(start_error("a worker thread could not be prepared", error)))
        self.abandon()

    def _emit(self, report: Report) -> None:
        if not self._dead:
            self._report(report)


class ThreadsPort(Port):
    """Seats with a thread each, started when they are first given something.

    Args:
        call: what to run.
        crew: where the threads come from.
    """

    def __init__(self, call: Call, crew: ThreadCrew) -> None:
        self.bell = Bell()
        self.seats = 0
        self.grace = None
        self._call = call
        self._crew = crew
        self._most = 1 << 30
        self._timed = call.task_timeout is not None  # then somebody has to know at once what is under way
        self._at: dict[int, Seat] = {}
        self._reports: deque[Report] = deque()

    def resize(self, workers: int) -> None:
        """Have at most so many threads at work."""
        self.seats = min(workers, self._most)
        for number, seat in self._at.items():
            if number >= self.seats:
                seat.leave()

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to its seat's thread."""
        seat = self._at.get(chunk.seat)
        if seat.quiet if seat is not None else self.forewarn is None:
            self.alarm = min(self.alarm, time.monotonic() + LOOK)
        if seat is not None and seat.put(chunk):
            return
        seat = Seat(self._call, self._report, quiet=self.forewarn is None)
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
        if self._timed or not isinstance(report, Started):
            self.bell.ring()

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
        if seat.abandon() and seat.thread is not None:
            self._crew.abandon(seat.thread)

    def poll(self) -> list[Report]:
        """Return what the threads have said."""
        if (now := time.monotonic()) >= self.alarm:
            waiting = [seat for seat in self._at.values() if seat.look()]
            self.alarm = now + LOOK if waiting else float("inf")
        reports = []
        while self._reports:
            reports.append(self._reports.popleft())
        return reports

    def close(self) -> None:
        """Give idle threads back, and abandon those in a call."""
        for seat in self._at.values():
            self._abandon(seat)
            if seat.returning and seat.errand is not None:
                self._crew.expect(seat.errand)
        self._at.clear()
