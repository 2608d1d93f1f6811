"""Workers that are greenlets of one hub: one seat, from whose chunks all of them claim item by item.

    engine -- start, recall, stop --> hub's thread --> claims --> workers --> reports --> bell --> engine
              (any thread)            (from here on)

Greenlets take turns only where an item waits. So everything that others need of a worker - values to report, items to
take over - is taken from it by a tick, which the hub makes as soon as it has control again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from time import perf_counter as clock
from typing import Any

from gevent import get_hub, getcurrent

from .._core.call import ASYNC, SHORT, Call
from .._core.item import OURS
from .._core.port import Broken, Chunk, Done, Failed, Port, Report, Returned, Started
from .._core.undeclared import judged
from .claims import Claims, Group
from .green_crew import GreenCrew
from .green_worker import GreenWorker
from .hub import GreenBell, call_in, hush, is_here, is_patched, unhush

SLICE = 0.001  # seconds without a switch after which a worker lets the others have their turn


class GreenletsPort(Port):
    """One seat with as many greenlets as there is work for, and `resize` allows.

    Args:
        call: what to run.
        crew: where the greenlets come from.
        apart: whether the run is driven by a thread of its own, and not by the caller.
        looped: whether it is driven by an event loop.

    Attributes:
        hub: where the greenlets live: the caller's, unless nobody would run that while the run is under way.
        context: the context in a copy of which each item runs.
        bare: whether that has no variables but ours.
        alone: whether each item has to be run by itself.
        awaits: whether what the function returns is awaited.
        decided: whether that is settled.
    """

    grace = 0.0

    def __init__(self, call: Call, crew: GreenCrew, *, apart: bool = False, looped: bool = False) -> None:
        own = (apart or looped) and not is_patched()
        self.hub = crew.own_hub() if own else get_hub()
        self.bell = GreenBell(self.hub)
        self.seats = 1
        self.call = call
        self.func = call.bound()
        self.context = (copy_context() if call.context is None else call.context).copy()
        self.bare = OURS.issuperset(self.context)
        self.awaits = self.decided = call.colour == ASYNC
        self.alone = call.seed is not None or self.awaits or call.task_timeout is not None
        self._crew = crew
        self._caller: Any = None if apart or own else getcurrent()
        self._most = 1
        self._workers: set[GreenWorker] = set()
        self._runnable = 0  # those that do not wait for anything but their turn
        self._claims = Claims()
        self._reports: deque[Report] = deque()
        self._ticking = self._closed = False
        self._ticks = 0
        self._rested = clock()  # when the hub had control last
        self._broken = False
        if self._caller is not None:
            hush(self.hub)
        if self.awaits:
            crew.loop()  # before any item: it takes a while to start, and items may be timed
        crew.open(self)

    # ---------------------------------------------------------------------------- for the engine, in any thread

    @property
    def span(self) -> int:  # type: ignore[override]
        """Calls at once: as many as allowed, or as there still are."""
        return max(self._most, len(self._workers))

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no call runs any more; a greenlet cannot wait for itself, nor can a hub for anybody."""
        current = getcurrent()
        return current is self.hub or not any(worker.greenlet is not current for worker in list(self._workers))

    def resize(self, workers: int) -> None:
        """Have at most so many greenlets; those that are too many end with their item."""
        self.seats, self._most = min(1, workers), workers
        self._soon(self._grow)

    def start(self, chunk: Chunk) -> None:
        """Take a chunk."""
        self._soon(self._start, chunk)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what nobody has claimed."""
        self._soon(self._recall, chunk, keep)

    def stop(self, chunk: Chunk, index: int) -> None:
        """Kill the greenlet that runs this item; another takes its place."""
        call_in(self.hub, self._stop, chunk.id, index)

    def poll(self) -> list[Report]:
        """Return what the greenlets have said."""
        reports = []
        while self._reports:
            reports.append(self._reports.popleft())
        return reports

    def close(self) -> None:
        """Kill what still runs."""
        self._closed = True
        if self._caller is not None:
            unhush(self.hub)
        self._soon(self._give_back)
        if self._workers:
            self.kill_all()

    def _soon(self, function: Callable[..., object], *args: Any) -> None:
        if is_here(self.hub):
            function(*args)
        else:
            call_in(self.hub, function, *args)

    # ---------------------------------------------------------------------------- for the crew, in any thread

    def at_work(self) -> list[Any]:
        """Return the greenlets that are worth waiting for."""
        workers = [] if self._closed else list(self._workers)
        return [worker.greenlet for worker in workers if worker.greenlet is not getcurrent()]

    def kill_all(self) -> None:
        """End all greenlets that are in an item, or still preparing for one."""
        call_in(self.hub, self._kill_all)

    # ---------------------------------------------------------------------------- in the hub's thread

    def _start(self, chunk: Chunk) -> None:
        if self._closed or self._broken:
            self._emit(Returned(chunk.id, chunk.first, len(chunk.items)))
            return
        self._claims.add(chunk)
        self._grow()

    def _grow(self) -> None:
        """Have one more worker for what there is to claim, unless one is waiting for its turn already.

        As each does this before its first item, they multiply while items wait; and where items do not, whoever else
        wants the thread, such as the driver, has no more than one of them before it.
        """
        if not self._runnable and len(self._workers) < self._most and self._claims:
            self._runnable += 1
            self._workers.add(self._crew.hire(self))

    def _recall(self, chunk: Chunk, keep: bool) -> None:
        self._reopen()
        self._emit(Returned(chunk.id, *self._claims.cut(chunk, keep)))

    def _give_back(self) -> None:
        self._reopen()
        for chunk, first, count in self._claims.clear():
            self._emit(Returned(chunk, first, count))

    def _stop(self, chunk: int, index: int) -> None:
        for worker in list(self._workers):
            group = worker.group
            if group is not None and group.block.chunk == chunk and group.base == index:
                self._workers.discard(worker)  # it may take its time, and its place is wanted
                worker.throw()
                self._grow()
                return

    def _kill_all(self) -> None:
        for worker in list(self._workers):
            if (worker.group is not None and not worker.doomed) or not worker.ready:
                worker.throw()

    def _emit(self, report: Report) -> None:
        self._reports.append(report)
        if not self._ticking:
            self._ticking = True
            self.hub.loop.run_callback(self._tick)

    def _tick(self) -> None:
        """Take from a worker that waits what it has done and what it has not begun, and tell the engine."""
        self._ticking = False
        self._ticks += 1
        self._rested = clock()
        self._reopen()
        self._grow()
        if self._reports:
            self.bell.ring()

    def _reopen(self) -> None:
        """Open to everybody what is left of the last group, and report what is done of it."""
        group = self._claims.reopen()
        if group is not None and (done := len(group.out)) and self.decided:
            # The worker goes on appending to this very list, so what is reported is cut off its front.
            values, now = group.out[:done], clock()
            del group.out[:done]
            self._report(group, values, min(now - group.since, SHORT * done))
            group.since = now

    # ---------------------------------------------------------------------------- for the workers

    def claim(self, worker: GreenWorker) -> Group | None:
        """Return the next items for a worker, or `None` if it is to leave."""
        if self._claims.last is not None:
            self._reopen()
        if worker.doomed or len(self._workers) > self._most:
            return None
        group = self._claims.take(worker.name)
        if group is None:
            return None
        count = group.end - group.base
        group.tick = self._ticks
        self._grow()
        if not self._ticking:
            self._ticking = True
            self.hub.loop.run_callback(self._tick)
        if self.forewarn is not None:
            self.forewarn(Started(group.block.chunk, group.base, count))
            group.since = clock()
        elif self.call.task_timeout is not None:
            self._reports.append(Started(group.block.chunk, group.base, 1))
        return group

    def finished(self, worker: GreenWorker, group: Group, error: BaseException | None) -> bool:
        """Report what a worker has done of a group; return whether it is time that others have their turn."""
        now = clock()
        took = now - group.since
        group.since = now
        if values := group.out:
            group.out = []
            self._report(group, values, took)
            if not self.alone:
                self._claims.measured(len(values), took)
        if error is not None:
            failed = Failed(group.block.chunk, group.base, error, took, group.worker)
            group.base += 1
            if not (worker.interrupted and self._interrupts(error, failed)):
                self._emit(failed)
        if group.base >= group.end and self._claims.last is group:
            self._claims.last = None
        if group.tick != self._ticks:  # the item has waited
            group.tick, self._rested = self._ticks, now
        return now - self._rested > SLICE

    def _report(self, group: Group, values: list[Any], took: float) -> None:
        first, chunk, worker = group.base, group.block.chunk, group.worker
        group.base += len(values)
        kinds = set(map(type, values)) if len(values) > 1 else {type(values[0])}
        awaited = group.awaited and self.call.colour != ASYNC
        for report in judged(Done(chunk, first, values, took, worker, awaited), self.awaits, kinds):
            self._emit(report)

    def decide(self, awaits: bool) -> bool:
        """Settle by the first value whether values are awaited."""
        if not self.decided:
            self.decided = True
            self.awaits = awaits
            self.alone = self.alone or awaits
        return self.awaits

    def waits_alone(self) -> bool:
        """Tell whether a worker should wait for its next turn; not if another does so already."""
        if self._runnable:
            return False
        self._runnable += 1
        return True

    def goes_on(self) -> None:
        """Note that a worker has its turn."""
        self._runnable -= 1

    def left(self, worker: GreenWorker) -> None:
        """Note that a worker has no more to do here."""
        self._workers.discard(worker)
        self._grow()
        if self._closed or len(self._workers) >= self._most:
            self.bell.ring()  # somebody waits for this

    def crashed(self, worker: GreenWorker, error: BaseException, what: str) -> None:
        """Pass on what happened to a worker outside of any item: it must not end as a hang."""
        from .._deaths import start_error  # loads concurrent.futures

        self._workers.discard(worker)
        if not worker.ready:
            self._runnable -= 1
        self._broken = True
        broken = Broken(start_error(what, error))
        if not (isinstance(error, KeyboardInterrupt) and self._interrupts(error, broken)):
            self._emit(broken)
        self._give_back()

    def _interrupts(self, error: BaseException, report: Report) -> bool:
        """Pass a Ctrl-C on to the caller, if this is the caller's thread, and report it only after that."""
        if self._caller is None or self.forewarn is not None:
            return False
        self.hub.loop.run_callback(self._interrupt, error, report)
        return True

    def _interrupt(self, error: BaseException, report: Report) -> None:
        caller = self.hub.parent if self._closed or self._caller.dead else self._caller
        caller.throw(error)
        self._emit(report)
