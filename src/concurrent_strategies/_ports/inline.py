"""No workers: calls run inside `poll`, in the thread of whoever drives, about 2 ms at a time or one slow item."""

from __future__ import annotations

from collections import deque

from .._core.bell import Bell
from .._core.call import Call
from .._core.lane import Lane
from .._core.port import Chunk, Port, Report, Returned


class InlinePort(Port):
    """One seat, which is the driver itself."""

    inline = True

    def __init__(self, call: Call, worker: str) -> None:
        self.bell = Bell()
        self._reports: list[Report] = []
        self._lane = Lane(call, self._reports.append, worker, callers_thread=True, quiet=True)
        self._waiting: deque[Chunk] = deque()

    def resize(self, workers: int) -> None:
        """Have one worker, or none."""
        self.seats = min(1, workers)

    def start(self, chunk: Chunk) -> None:
        """Queue a chunk; `poll` runs it."""
        self._waiting.append(chunk)
        self.bell.ring()

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not started."""
        if chunk in self._waiting:
            self._waiting.remove(chunk)
            self._reports.append(Returned(chunk.id, chunk.first, len(chunk.items)))
        else:
            self._lane.recall(chunk, keep)

    def stop(self, chunk: Chunk, index: int) -> None:
        """Do nothing: whoever could ask is busy running the item, so there is nothing to stop."""

    def poll(self) -> list[Report]:
        """Run the next item or group of short items, and return what there is to say."""
        if not self._lane.busy and self._waiting:
            self._lane.begin(self._waiting.popleft())
        self._lane.step()
        if self._lane.busy or self._waiting:
            self.bell.ring()
        reports = self._reports[:]
        self._reports.clear()
        return reports

    def close(self) -> None:
        """Forget what is queued."""
        self._waiting.clear()
        self._lane.close()
