"""What was reported since somebody last asked; what goes together is one, as each report costs the engine a round."""

from __future__ import annotations

from .port import Done, Report, Started


class Gathered:
    """Reports in the order in which each chunk's came; those of different chunks need keep none."""

    def __init__(self) -> None:
        self._reports: list[Report] = []
        self._done: dict[int, Done] = {}  # the last report of a chunk, if it brings values
        self._started: dict[int, Started] = {}  # what a chunk's worker has begun, if that is its last word

    def add(self, report: Report) -> None:
        """Add a report: values to those right before them, if they go together."""
        if isinstance(report, Started):
            if report.chunk in self._started:
                self._tell(report.chunk)
            self._started[report.chunk] = report
        elif isinstance(report, Done):
            self._add_done(report)
        else:
            self._tell(report.chunk)
            self._reports.append(report)

    def _tell(self, chunk: int) -> None:
        """Say what is begun in a chunk, as there is more to say about it."""
        self._done.pop(chunk, None)
        if (started := self._started.pop(chunk, None)) is not None:
            self._reports.append(started)

    def _add_done(self, done: Done) -> None:
        chunk = done.chunk
        started = self._started.get(chunk)
        if started is not None:
            if started.first == done.first and started.count == len(done.values):
                del self._started[chunk]  # that they were started is no news any more
            else:
                self._tell(chunk)
        last = self._done.get(chunk)
        if last is None or last.first + len(last.values) != done.first or not last.absorb(done):
            self._reports.append(done)
            self._done[chunk] = done

    def take(self) -> list[Report]:
        """Return what has been added, and forget it."""
        reports = self._reports
        reports += self._started.values()
        self._reports, self._done, self._started = [], {}, {}
        return reports
