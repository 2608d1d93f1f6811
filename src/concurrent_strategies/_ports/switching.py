"""One run over several ports, one after the other: what the first has begun ends there while the next takes over.

    engine --> seat 0 -----> the port so far, until the next one has answered
           --> seats 1.. --> the next port: nobody waits for its workers to start

No item is lost or run twice on the way: what has not begun is called back and handed out again by the engine, and what
has begun stays where it is. Calls at once never exceed what the engine allows: a seat is given nothing by its new port
before the old one has ended what it had there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from .._core.bell import PollBell
from .._core.port import Broken, Chunk, Died, Done, Failed, Port, Report, Returned
from .._errors import NotPicklable


class Booking:
    """A chunk, the port it is at, and how many of its items are still to be heard of."""

    __slots__ = ("chunk", "left", "port")

    def __init__(self, chunk: Chunk, port: Port) -> None:
        self.chunk = chunk
        self.port = port
        self.left: int = len(chunk.items)


class SwitchingPort(Port):
    """The ports of one run, of which one gets what is handed out.

    Args:
        first: to begin with, and to go back to.
        calls: calls at once, at most, there.

    Attributes:
        current: the port that gets what is handed out.
    """

    def __init__(self, first: Port, calls: int) -> None:
        self.bell: PollBell = PollBell()
        self.words: deque[Callable[[], object]] = deque()
        self.current: Port = first
        self._home = first
        self._ports: list[Port] = []
        self._at: dict[int, Booking] = {}
        self._later: list[Chunk] = []  # for seats that another port is still at work for
        self._reports: list[Report] = []
        self._allowed = 0
        self._calls = calls
        self._before: Port | None = None  # the port that keeps seat 0 until the last one has answered
        self._muted = self._closed = self._all_quiet = False
        self._add(first)

    def _add(self, port: Port) -> None:
        self._ports.append(port)
        if port.words is not None:
            port.words = self.words
        if port.bell.fileno() >= 0:
            self.bell.register(port.bell.fileno())
        else:
            port.bell.subscribe(self.bell.ring)

    # -------------------------------------------------------------------------------------------- for the engine

    @property
    def seats(self) -> int:  # type: ignore[override]
        """How many chunk holders there are."""
        return self.current.seats

    @property
    def span(self) -> int:  # type: ignore[override]
        """Calls at once within one seat."""
        return self.current.span

    @property
    def grace(self) -> float | None:  # type: ignore[override]
        """Seconds a running call gets to end by itself: what the most patient of them needs."""
        graces = [port.grace for port in self._ports if port is self.current or self._has(port)]
        return None if None in graces else max(grace for grace in graces if grace is not None)

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no call runs any more, after `close`, as `poll` has seen: else nobody would close the bell."""
        return self._all_quiet

    @property
    def muted(self) -> bool:
        """Whether nobody wants results any more."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        for port in self._ports:
            port.muted = muted

    @property
    def alarm(self) -> float:  # type: ignore[override]
        """When `poll` is to be called even if the bell has not rung."""
        return min(port.alarm for port in self._ports)

    def resize(self, workers: int) -> None:
        """Have at most so many calls at once."""
        self._allowed = workers
        self._resize()

    def _resize(self) -> None:
        calls = min(self._allowed, self._calls)
        self.current.resize(max(1, calls // self.current.inner) if calls else 0)
        if self._before is None:
            return
        if calls and self.current.seats < 2:  # no seat could be anybody else's
            before, self._before = self._before, None
            self._retire(before)
        else:
            self._before.resize(min(1, self._allowed))

    def switch(self, port: Port, calls: int) -> None:
        """Go on with another port, with at most so many calls at once."""
        before, self.current = self.current, port
        if port not in self._ports:
            self._add(port)
        self._calls = calls
        for chunk in self._later:
            self._say(Returned(chunk.id, chunk.first, len(chunk.items)))
        self._later.clear()
        for other in self._ports:
            if other is not port:
                self._retire(other)
        self._before = before
        self._resize()
        self.bell.ring()

    def call_back(self) -> None:
        """Have given back all that is not started, wherever it is."""
        for port in self._ports:
            self._call_back(port)

    def _call_back(self, port: Port) -> None:
        for booking in list(self._at.values()):
            if booking.port is port:
                port.recall(booking.chunk, False)

    def _retire(self, port: Port) -> None:
        """Leave nothing at a port but what has begun there: it may have nobody left who would begin the rest."""
        self._call_back(port)
        port.resize(0)

    @property
    def changing(self) -> bool:
        """Whether the port that was switched to has not answered yet."""
        return self._before is not None

    def widen(self, calls: int) -> None:
        """Have another number of calls at once, at most, at the port that is there."""
        self._calls = calls
        self._resize()
        self.bell.ring()

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to the port that its seat belongs to now."""
        port = self.current
        if self._before is not None and chunk.seat == 0:
            port = self._before
        if len(self._ports) > 1 and any(b.chunk.seat == chunk.seat and b.port is not port for b in self._at.values()):
            self._later.append(chunk)
            return
        self._at[chunk.id] = Booking(chunk, port)
        port.start(chunk)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Have given back what is not started."""
        booking = self._at.get(chunk.id)
        if booking is not None:
            booking.port.recall(chunk, keep)
        elif chunk in self._later:
            self._later.remove(chunk)
            self._say(Returned(chunk.id, chunk.first, len(chunk.items)))

    def stop(self, chunk: Chunk, index: int) -> None:
        """End the running call of this item, where it runs."""
        booking = self._at.get(chunk.id)
        if booking is not None:
            booking.port.stop(chunk, index)
            self._count(booking, 1)

    def poll(self) -> list[Report]:
        """Return what has been reported since, by whichever port."""
        self.bell.clear()
        reports, self._reports = self._reports, []
        for port in tuple(self._ports):
            if self._closed and port.quiet:
                continue
            if port.bell.fileno() < 0:
                port.bell.clear()
            for report in port.poll():
                if self._passed(port, report):
                    reports.append(report)
        if self._later:
            waiting, self._later = self._later, []
            for chunk in waiting:
                self.start(chunk)
        if self._closed:
            self._end()
        return reports

    def close(self) -> None:
        """End or abandon at once whatever still runs, everywhere."""
        self._closed = True
        for port in self._ports:
            port.close()
        self._end()

    def _end(self) -> None:
        """Close the bell once nobody has to be waited for."""
        if not self._all_quiet and all(port.quiet for port in self._ports):
            self._all_quiet = True
            self.bell.close()

    # ------------------------------------------------------------------------------------------------- internals

    def _say(self, report: Report) -> None:
        self._reports.append(report)
        self.bell.ring()

    def _has(self, port: Port) -> bool:
        return any(booking.port is port for booking in self._at.values())

    def _passed(self, port: Port, report: Report) -> bool:
        """Keep count of what a report is about; return whether it is for the engine."""
        if isinstance(report, Broken):
            return not self._went_back(port)
        booking = self._at.get(report.chunk)
        if booking is None:
            return True
        if port is self.current and self._before is not None and not isinstance(report, Returned | Died):
            self._answered()
        if isinstance(report, Done):
            self._count(booking, len(report.values))
        elif isinstance(report, Returned):
            self._count(booking, report.count)
        elif isinstance(report, Died):
            del self._at[report.chunk]
        elif isinstance(report, Failed):
            if self._stays_here(booking, report):
                return False
            self._count(booking, 1)
        return True

    def _count(self, booking: Booking, items: int) -> None:
        booking.left -= items
        if booking.left <= 0:
            self._at.pop(booking.chunk.id, None)

    def _answered(self) -> None:
        """Let the last port have all seats, now that its workers are there."""
        before, self._before = self._before, None
        if before is not None:
            self._retire(before)
            self._resize()
            self.arrived()

    def arrived(self) -> None:
        """Learn that the port that was switched to is at work: for whoever chooses."""

    def _went_back(self, port: Port) -> bool:
        """Go on where the run began if a port can have no workers; return whether it began elsewhere."""
        if port is self._home:
            return False
        if port is self.current:
            self._before = None
            self._retire(port)
            self.current = self._home
            self.fell_back()
            self._resize()
        return True

    def fell_back(self) -> None:
        """Learn that the run goes on where it began: for whoever chooses."""
        self._calls = 1

    def _stays_here(self, booking: Booking, failed: Failed) -> bool:
        """Run an item here that cannot be sent elsewhere; return whether it is one, and has not begun."""
        unsent = isinstance(failed.error, NotPicklable) and not failed.worker
        if not unsent or booking.port is self._home:
            return False
        chunk, at = booking.chunk, failed.index - booking.chunk.first
        item: Any = chunk.items[at]
        self._home.resize(max(1, self._home.seats))
        self._home.start(Chunk(chunk.id, 0, failed.index, [item], chunk.attempt))
        return True
