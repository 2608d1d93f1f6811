"""A port for functions whose declaration does not say what they return: the first item decides where the others go.

first item, in a thread --> returned an awaitable?  yes: that is awaited in the loop, and all that follow go there
                        |                           no:  all that follow go to threads
                        '-> nothing for a while?    threads for all, as it seems to be a function that blocks; an
                                                    awaitable that comes out after all goes to the loop
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context, copy_context
from copy import copy
from typing import Any

from .._core.bell import Alarm
from .._core.call import Call
from .._core.port import Broken, Chunk, Died, Done, Failed, Port, Report, Returned
from .._errors import late_awaitable
from .loop import LoopPort
from .thread_crew import ThreadCrew
from .threads import ThreadsPort

HEAD_START = 0.005  # seconds that the first item has to tell, before others join it


class FirstPort(Port):
    """One seat for one item, until it has told what the function is; from then on the port that this calls for.

    Args:
        call: what to run.
        threads: where threads come from.
        loop: a loop port for the same call.
        resource: whether the loop has something that items may ask for, in threads too: then that is made first.
    """

    def __init__(self, call: Call, threads: ThreadCrew, loop: LoopPort, *, resource: bool) -> None:
        self.bell = loop.bell
        self._call = call
        self._crew = threads
        self._loop = loop
        self._probe = self._threads(_probing(call))
        self._chosen: Port | None = None
        self._workers = 0
        self._resource = resource
        self._prepared = not resource
        self._first: Chunk | None = None  # one item of it, which is to tell
        self._later: list[Chunk] = []  # waiting for that
        self._given: list[Chunk] = []  # to threads, before that
        self._alarm: Alarm | None = None  # until the end of the head start
        self._open = False
        self._strict = False  # the first item has told that there are to be no awaitables
        self._reports: list[Report] = []

    def _threads(self, call: Call) -> ThreadsPort:
        port = ThreadsPort(call, self._crew)
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
    def settled(self) -> bool:  # type: ignore[override]
        """Whether `poll` only passes on what was said: it may call chunks back as long as it can still choose."""
        return self._chosen is not None

    @property
    def alarm(self) -> float:  # type: ignore[override]
        """When `poll` is to be called even if the bell has not rung."""
        return self._now.alarm if self._chosen not in (None, self._loop) else self._probe.alarm  # of what is polled

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no call runs any more, after `close`."""
        return self._now.quiet and self._loop.quiet

    @property
    def forewarn(self) -> Callable[[Report], None] | None:
        """What takes every `Started` before its items run."""
        return self._loop.forewarn

    @forewarn.setter
    def forewarn(self, takes: Callable[[Report], None] | None) -> None:
        self._loop.forewarn = self._probe.forewarn = takes

    def resize(self, workers: int) -> None:
        """Have at most so many workers."""
        self._workers = workers
        if self._chosen is not None:
            self._chosen.resize(workers)
        else:
            self._probe.resize(workers if self._open else min(1, workers))

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to the port that was chosen; before that, its first item to a thread and the rest back."""
        if self._chosen is not None:
            self._chosen.start(chunk)
        elif self._open:
            self._given.append(chunk)
            self._probe.start(chunk)
        elif self._first is not None:
            self._later.append(chunk)  # a worker process has all the seats that there will be from the beginning
        else:
            self._first = Chunk(chunk.id, chunk.seat, chunk.first, chunk.items[:1], chunk.attempt)
            if len(chunk.items) > 1:
                self._reports.append(Returned(chunk.id, chunk.first + 1, len(chunk.items) - 1))
                self.bell.ring()
            if self._prepared:
                self._ask(self._first)
            else:
                self._loop.prepare(self._on_prepared)

    def _on_prepared(self) -> None:
        self._prepared = True
        self.bell.ring()

    def _ask(self, first: Chunk) -> None:
        self._alarm = Alarm(self.bell, HEAD_START)
        self._given.append(first)
        self._probe.start(first)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not started: never the one item that is to tell."""
        if chunk in self._later:
            self._later.remove(chunk)
            self._reports.append(Returned(chunk.id, chunk.first, len(chunk.items)))
        elif self._chosen is None and not self._open:
            self._reports.append(Returned(chunk.id, chunk.first, 0))
        else:
            self._now.recall(chunk, keep)

    def stop(self, chunk: Chunk, index: int) -> None:
        """End the running call of this item, wherever it runs."""
        self._probe.stop(chunk, index)
        if self._chosen is not None and self._chosen is not self._probe:
            self._chosen.stop(chunk, index)
        elif self._loop.busy:
            self._loop.stop(chunk, index)

    def poll(self) -> list[Report]:
        """Return what has been reported since, and choose as soon as the first item has told."""
        reports, self._reports = self._reports, []
        reports += self._loop.poll()
        if self._chosen is not None and self._chosen not in (self._loop, self._probe):
            return reports + self._chosen.poll()
        if self._first is not None and self._alarm is None:
            self._wait_for_resource(self._first, reports)
        for report in self._probe.poll():
            reports += self._sorted(report)
        if self._chosen is None and not self._open and self._alarm is not None and self._alarm.rang:
            self._open = True
            self._probe.resize(self._workers)
            self._loop.resize(self._workers)
        while self._later and (self._open or self._chosen is not None):
            self.start(self._later.pop(0))
        return reports

    def _wait_for_resource(self, first: Chunk, reports: list[Report]) -> None:
        if self._prepared:
            self._ask(first)
        elif any(isinstance(report, Broken) for report in reports):
            self._first = None
            reports += (Returned(chunk.id, chunk.first, len(chunk.items)) for chunk in (first, *self._later))
            self._later.clear()

    def _sorted(self, report: Report) -> Iterator[Report]:
        """Hand awaitables over to the loop, and pass on the rest; learn from it, if it is about the first item."""
        if not isinstance(report, Done):
            if isinstance(report, Failed | Died) and self._is_first(report):
                self._choose(self._plain())
            yield report
            return
        if self._is_first(report):
            self._strict = not isinstance(report.values[0], _Awaitable)
            self._choose(self._plain() if self._strict else self._loop)
        if _Awaitable not in set(map(type, report.values)):
            yield report
            return
        each = report.seconds / len(report.values)
        for index, value in enumerate(report.values, report.first):
            if not isinstance(value, _Awaitable):
                yield Done(report.chunk, index, [value], each, report.worker)
            elif self._strict:
                value.drop()
                yield Failed(report.chunk, index, late_awaitable(), None, report.worker)
            else:
                self._loop.adopt(report.chunk, index, value.awaitable, value.context)

    def _is_first(self, report: Report) -> bool:
        return self._chosen is None and self._first is not None and report.chunk == self._first.id

    def _plain(self) -> Port:
        """Return where a plain function goes: where some of its calls are, or else to threads that do not probe."""
        return self._probe if self._open else self._threads(self._call)

    def _choose(self, port: Port) -> None:
        self._chosen = port
        if self._alarm is not None:
            self._alarm.cancel()
        given, self._given = self._given, []
        if port is not self._probe:
            for chunk in given:
                self._probe.recall(chunk, False)
            self._probe.resize(0)
        port.resize(self._workers)
        self.bell.ring()

    def close(self) -> None:
        """End or abandon at once whatever still runs."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._probe.close()
        self._loop.close()
        if self._chosen is not None and self._chosen not in (self._loop, self._probe):
            self._chosen.close()


class _Awaitable:
    """What a call returned, with the context it ran in, unawaited: the thread would await it on its own."""

    def __init__(self, awaitable: Awaitable[Any], context: Context) -> None:
        self.awaitable = awaitable
        self.context = context

    def drop(self) -> None:
        """Close it, or Python complains that it was never awaited."""
        if hasattr(self.awaitable, "close"):
            self.awaitable.close()


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
