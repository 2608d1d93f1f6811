"""The port of greenlets that live in one worker process, which gevent has patched before it imported anything else.

To the engine it is one seat, as the greenlets' own port is in there: what `resize` counts are calls, not processes. So
the process has to be told how many calls there may be, and tells when it has come down to that.
"""

from __future__ import annotations

import time

from .._core.call import Call
from .._core.port import Chunk, Report
from .._worker import wire
from .processes import ProcessCrew
from .remote import RemotePort
from .worker import Worker

# Seconds that the calls of a run that was given up get to end, before the process is killed: what a new one would take.
LEAVE = 0.5


class IsolatedPort(RemotePort):
    """One seat in one process.

    Args:
        call: what to run; pickled here, once.
        crew: where the process comes from.

    Raises:
        NotPicklable: if the function cannot be sent.
    """

    grace = 0.0

    def __init__(self, call: Call, crew: ProcessCrew) -> None:
        super().__init__(call, crew)
        self._inside = True
        self._wanted = 0
        self._told: tuple[Worker | None, int] = (None, 0)
        self._leaving: float | None = None  # until when calls may end, after `close`

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no call runs any more."""
        return self._leaving is None

    def resize(self, workers: int) -> None:
        """Have at most so many calls at once."""
        self._wanted = workers
        self.seats = min(1, workers)
        worker = self._at.get(0)
        if worker is not None and worker is self._told[0]:
            # Towards the end of a run there are fewer items than there may be calls: nothing to tell then.
            left = sum(parcel.left for parcel in worker.parcels.values())
            left += sum(chunk.first + len(chunk.items) - first for chunk, first in worker.rests.values())
            before, after = min(left, self._told[1]), min(left, workers)
            if before != after:
                self.tell(worker)
            if before > after:
                return  # `span` falls when the process says so
        self.span = workers

    def tell(self, worker: Worker) -> None:
        """Tell the process how many calls there may be, if it does not know."""
        if self._told != (worker, self._wanted):
            self._told = worker, self._wanted
            self._send(worker, wire.pack(wire.RESIZE, a=self._wanted))

    def _send_items(self, worker: Worker, chunk: Chunk, first: int) -> None:
        self.tell(worker)
        super()._send_items(worker, chunk, first)

    def _give_back(self, number: int) -> None:
        self._told = (None, 0)
        super()._give_back(number)

    def _take(self, worker: Worker, frame: wire.Frame) -> None:
        if frame.kind == wire.SPAN:
            self.span = max(self._wanted, frame.a)
        else:
            super()._take(worker, frame)

    def poll(self) -> list[Report]:
        """Return what the process has said; after `close`, see to it that it is left in peace."""
        reports = super().poll()
        if self._leaving is not None:
            worker = self._at.get(0)
            if worker is None or not worker.parcels or time.monotonic() >= self._leaving:
                self._leaving = None
                super().close()
        return reports

    def close(self) -> None:
        """End what still runs: by ending the greenlets, or the process if they do not."""
        worker = self._at.get(0)
        if worker is None or not worker.parcels or not worker.ready:
            super().close()
            return
        self._leaving = time.monotonic() + LEAVE
        self._send(worker, wire.pack(wire.FORGET))
