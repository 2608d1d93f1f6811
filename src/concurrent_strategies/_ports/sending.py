"""How chunks get to worker processes, and back from them before they run: the half of the remote port that sends.

Together where that is possible, a few at a time where items are heavy, one by one where one of them may do harm. Sends
that do not fit are queued by the worker; nothing here waits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .._core.bell import PollBell
from .._core.port import Chunk, Failed, Port, Report, Returned
from .._worker import wire
from .._worker.pickling import complaint, dumps, joined
from .portions import Portions
from .reports import Reports
from .suspects import Suspects
from .worker import Worker


class Sending(Port):
    """Sends to workers, each of which has the same number of seats.

    Args:
        bell: rings when a worker has said something, or can be told more.
        seats: chunk holders within one worker.
        span: calls at once within one seat.
    """

    bell: PollBell

    def __init__(self, bell: PollBell, seats: int, span: int) -> None:
        self.bell = bell
        self.span = span
        self.inner = seats * span
        self._each = seats
        self._inside = self.inner > 1
        self._at: dict[int, Worker] = {}  # by number of the worker
        self._reports = Reports()
        self._suspects = Suspects()
        self._portions = Portions()

    def _say(self, report: Report) -> None:
        self._reports.add(report)
        self.bell.ring()

    def _send_more(self, worker: Worker) -> None:
        """Send what comes next of a chunk that was too heavy for one message."""
        while (rest := worker.needs(self.span)) is not None:
            self._send_items(worker, *rest)

    def _send_items(self, worker: Worker, chunk: Chunk, first: int) -> None:
        """Send items of a chunk from an index on: as many as go well together."""
        items = chunk.items if first == chunk.first else chunk.items[first - chunk.first :]
        count = self._portions.size(items)
        if count < len(items):
            items = items[:count]
            worker.rests[chunk.id] = chunk, first + count
        else:
            worker.rests.pop(chunk.id, None)
        if self._suspects.among(first, count):
            self._send_one_by_one(worker, chunk, first, items)
            return
        try:
            parts, buffers = dumps(items)
        except KeyboardInterrupt:  # in the caller's own thread it is the caller's
            raise
        except BaseException:
            self._send_one_by_one(worker, chunk, first, items)
            return
        serial = worker.book(chunk, first, count)
        if not self._inside and len(worker.parcels) == 1:
            self.alarm = min(self.alarm, worker.expect(time.monotonic()))
        flags = (chunk.seat % self._each) << 4
        frame = wire.pack(wire.CHUNK, serial, first, count, float(chunk.attempt), flags, parts, buffers)
        self._portions.learn(sum(map(len, frame)), count)
        self._send(worker, wire.apart(frame, worker.arena))

    def _send_one_by_one(self, worker: Worker, chunk: Chunk, first: int, items: Sequence[Any]) -> None:
        """Send each item by itself, so that one that cannot be sent, or read there, fails alone."""
        flags = (chunk.seat % self._each) << 4 | wire.SEPARATE
        for index, item in enumerate(items, first):
            try:
                body = joined([joined(item)])
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._say(Failed(chunk.id, index, complaint(f"item {index}", item, error)))
            else:
                serial = worker.book(chunk, index, 1)
                self._send(worker, wire.pack(wire.CHUNK, serial, index, 1, float(chunk.attempt), flags, [body]))

    def _send(self, worker: Worker, frame: Sequence[Any]) -> None:
        worker.queue(frame)
        if worker.flush():
            self.bell.register(worker.fileno(), write=True)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Ask for what is not started, past whatever is queued."""
        for worker in self._at.values():
            if (rest := worker.rests.pop(chunk.id, None)) is not None:
                _, first = rest
                self._say(Returned(chunk.id, first, chunk.first + len(chunk.items) - first, cut=False))
                if keep:  # what is on its way may as well arrive; if not, it is called back the next time
                    continue
            for serial in worker.serials(chunk):
                worker.signal(wire.RECALL, serial, flags=int(keep))
