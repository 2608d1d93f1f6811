"""A port for functions whose declaration does not say what they return: the first call decides where the others go.

The first item is called in a thread. If that returns an awaitable, it is awaited in the loop, and all that follow go
there; if not, all that follow go to threads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from copy import copy
from typing import Any

from .._core.bell import Bell
from .._core.call import Call
from .._core.port import Broken, Chunk, Done, Port, Report, Returned, Started
from .loop import LoopPort
from .threads import ThreadCrew, ThreadsPort


class FirstPort(Port):
    """One seat for one item, until that has told what the function is; from then on the port that this calls for.

    Args:
        call: what to run.
        threads: where threads come from.
        loop: a loop port for the same call.
        resource: whether the loop has something that items may ask for, in threads too: then that is made first.
    """

    def __init__(self, call: Call, threads: ThreadCrew, loop: LoopPort, *, resource: bool) -> None:
        self.bell = loop.bell = Bell()
        self._call = call
        self._threads = threads
        self._loop = loop
        self._probe = self._open(_probing(call))
        self._chosen: Port | None = None
        self._prepared = not resource
        self._waiting = False  # for the resource, with the first item in hand
        self._workers = 0
        self._chunk: Chunk | None = None  # the first item, until it has told
        self._later: list[Chunk] = []
        self._reports: list[Report] = []

    def _open(self, call: Call) -> ThreadsPort:
        port = ThreadsPort(call, self._threads)
        port.bell = self.bell
        port.forewarn = self.forewarn
        return port

    @property
    def _now(self) -> Port:
        return self._chosen or self._probe

    @property
    def seats(self) -> int:  # type: ignore[override]
        """How many chunk holders there are: one, until the first item has told."""
        return self._now.seats

    @property
    def span(self) -> int:  # type: ignore[override]
        """Calls at once within one seat."""
        return self._now.span

    @property
    def grace(self) -> float | None:  # type: ignore[override]
        """Seconds a running call gets to end by itself; a thread gets what the caller allows."""
        return self._now.grace

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no call runs any more, after `close`."""
        return self._now.quiet and self._loop.quiet

    @property
    def forewarn(self) -> Callable[[Report], None] | None:  # type: ignore[override]
        """What takes every `Started` before its items run."""
        return self._loop.forewarn

    @forewarn.setter
    def forewarn(self, takes: Callable[[Report], None] | None) -> None:
        self._loop.forewarn = self._probe.forewarn = takes

    def resize(self, workers: int) -> None:
        """Have at most so many workers."""
        self._workers = workers
        if self._chosen is None:
            self._probe.resize(min(1, workers))
        else:
            self._chosen.resize(workers)

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to the port that was chosen; before that, its first item to a thread and the rest back."""
        if self._chosen is not None:
            self._chosen.start(chunk)
            return
        if self._chunk is not None:
            self._later.append(chunk)  # a worker process has all the seats that there will be from the beginning
            return
        self._chunk = Chunk(chunk.id, 0, chunk.first, chunk.items[:1], chunk.attempt)
        if len(chunk.items) > 1:
            self._reports.append(Returned(chunk.id, chunk.first + 1, len(chunk.items) - 1))
            self.bell.ring()
        if self._prepared:
            self._probe.start(self._chunk)
        else:
            self._waiting = True
            self._loop.prepare(self._on_prepared)

    def _on_prepared(self) -> None:
        self._prepared = True
        self.bell.ring()

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not started: never the one item that is to tell."""
        if self._chosen is not None:
            self._chosen.recall(chunk, keep)
        elif chunk in self._later:
            self._later.remove(chunk)
            self._reports.append(Returned(chunk.id, chunk.first, len(chunk.items)))
        else:
            self._reports.append(Returned(chunk.id, chunk.first, 0))

    def stop(self, chunk: Chunk, index: int) -> None:
        """End the running call of this item."""
        self._now.stop(chunk, index)

    def poll(self) -> list[Report]:
        """Return what has been reported since, and choose as soon as the first item has told."""
        reports, self._reports = self._reports, []
        if self._chosen is not self._loop:
            reports += self._loop.poll()
        if self._chosen is not None:
            return reports + self._chosen.poll()
        if self._waiting and self._chunk is not None:
            if self._prepared:
                self._waiting = False
                self._probe.start(self._chunk)
            elif any(isinstance(report, Broken) for report in reports):
                self._waiting = False
                reports.append(Returned(self._chunk.id, self._chunk.first, 1))
        for report in self._probe.poll():
            if isinstance(report, Started) or not self._chooses_loop(report):
                reports.append(report)
        while self._chosen is not None and self._later:
            self._chosen.start(self._later.pop(0))
        return reports

    def _chooses_loop(self, report: Report) -> bool:
        """Choose by what became of the first item: any end of it but an awaitable speaks for threads."""
        found = report.values[0] if isinstance(report, Done) else None
        self._probe.resize(0)
        if isinstance(found, _Awaitable):
            assert self._chunk is not None
            self._chosen = self._loop
            self._loop.resize(self._workers)
            self._loop.adopt(self._chunk, found.awaitable, found.context)
            return True
        self._chosen = self._open(self._call)
        self._chosen.resize(self._workers)
        self.bell.ring()
        return False

    def close(self) -> None:
        """End or abandon at once whatever still runs."""
        self._probe.close()
        self._loop.close()
        if self._chosen is not None and self._chosen is not self._loop:
            self._chosen.close()


class _Awaitable:
    """What the first call returned, with the context it ran in, unawaited: the thread would await it on its own."""

    def __init__(self, awaitable: Awaitable[Any], context: Context) -> None:
        self.awaitable = awaitable
        self.context = context


def _probing(call: Call) -> Call:
    probing = copy(call)
    probing.func = _Probe(call.func)
    return probing


class _Probe:
    """The function, but that an awaitable comes back as a plain value."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self._func = func

    def __call__(self, *args: Any) -> Any:
        value = self._func(*args)
        return _Awaitable(value, copy_context()) if hasattr(type(value), "__await__") else value
