"""A strategy for concurrent-strategies that lives in a package of its own: calls are run by Pykka's actors.

An actor is a worker with a mailbox: it is told something, and does one thing after the other. Ours are told to look at
their seat, where the engine's chunks wait:

    engine -- start(chunk) --> Seat: waiting --(message)--> Worker --> Lane --> reports, bell --> engine

    Worker          the actor
    Seat            one of the port's seats during one run, and the actor that has it
    ActorPort       the verbs of the port, and what was reported
    ActorCrew       the actors between runs
    PykkaStrategy   the settings, and what opens the port

`Lane`, the library's own, runs the user's function: either colour, contexts, seeds, groups of short items, recalls.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pykka

from concurrent_strategies import BaseStrategy, Traits, WorkerStartError
from concurrent_strategies.authors import (
    Bell,
    Broken,
    Call,
    Chunk,
    Crew,
    Died,
    Job,
    Lane,
    Port,
    Report,
    Returned,
    Started,
)


class Worker(pykka.ThreadingActor):
    """Calls what it is sent, and says to its crew when it has stopped, whoever stopped it."""

    use_daemon_thread = True  # a call that never ends must not keep the program from ending

    def __init__(self, crew: ActorCrew) -> None:
        super().__init__()
        self._crew = crew

    def on_receive(self, message: Callable[[], object]) -> None:
        """Do what the message says."""
        message()

    def on_stop(self) -> None:
        """Hand over what the program, by `pykka.ActorRegistry.stop_all()`, kept this actor from doing."""
        self._crew.lost(self.actor_ref)

    def on_failure(self, *_error: object) -> None:
        """Do the same after an error of our own: a run must hear of it, or it would wait for ever."""
        self._crew.lost(self.actor_ref)


class Seat:
    """One seat of the port and the actor that has it, until the run gives it up or the actor is abandoned."""

    def __init__(self, call: Call, crew: ActorCrew, report: Callable[[Report], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._waiting: deque[Chunk] = deque()
        self._current: Chunk | None = None
        self._under_way = (0, 0)  # chunk and index of the item that was announced last
        self._left = False
        self.actor = crew.lend(self)
        self._lane = Lane(call, self._emit, self.actor.actor_urn)

    def put(self, chunk: Chunk) -> bool:
        """Queue a chunk; return False if the actor is gone."""
        with self._lock:
            if self._left:
                return False
            self._waiting.append(chunk)
        # An actor that stops at this moment finds the chunk when it leaves the seat.
        with contextlib.suppress(pykka.ActorDeadError):
            self.actor.tell(self._work)
        return True

    def _work(self) -> None:
        """Run the next chunk, in the actor; there is none if it has been called back meanwhile."""
        with self._lock:
            if self._left or not self._waiting:
                return
            self._current = self._waiting.popleft()
            self._lane.begin(self._current)
        while self._lane.busy and not self._left:
            self._lane.step()
        with self._lock:
            self._current = None

    def _emit(self, report: Report) -> None:
        if isinstance(report, Started):
            self._under_way = (report.chunk, report.first)
        if not self._left:
            self._report(report)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what the actor has not started."""
        with self._lock:
            if chunk in self._waiting:
                self._waiting.remove(chunk)
                self._emit(Returned(chunk.id, chunk.first, len(chunk.items)))
                return
        self._lane.recall(chunk, keep)

    def stop_before_next(self, chunk: Chunk, index: int) -> bool:
        """Return whether this item is under way, after seeing to it that nothing of its chunk starts any more."""
        self.recall(chunk, keep=False)
        return self._under_way == (chunk.id, index)

    def leave(self) -> bool:
        """Say and do nothing more here, and return whether a call is under way that will not hear of it."""
        with self._lock:
            self._left = True
            busy = self._current is not None
            chunks = [*([self._current] if self._current else ()), *self._waiting]
            self._waiting.clear()
        for chunk in chunks:
            self._report(Died(chunk.id))
        return busy

    def clear(self) -> None:
        """Close the event loop that a coroutine may have needed; in the actor, when its call has ended."""
        self._lane.close()


class ActorPort(Port):
    """A seat for each call at once, taken by an actor when it is first given something."""

    def __init__(self, call: Call, crew: ActorCrew) -> None:
        self.bell = Bell()
        self.seats = 0
        self._most = 1 << 30
        self._call = call
        self._crew = crew
        self._taken: dict[int, Seat] = {}
        self._reports: deque[Report] = deque()

    def resize(self, workers: int) -> None:
        """Have so many seats; an actor beyond them ends its chunk, and then has nothing to do."""
        self.seats = min(workers, self._most)

    def start(self, chunk: Chunk) -> None:
        """Put the chunk on its seat, and an actor too if there is none."""
        seat = self._taken.get(chunk.seat)
        while seat is None or not seat.put(chunk):
            try:
                seat = self._taken[chunk.seat] = Seat(self._call, self._crew, self._report)
            except RuntimeError as error:  # the system gives no more threads
                self._do_with_fewer(chunk, error)
                return

    def _do_with_fewer(self, chunk: Chunk, cause: RuntimeError) -> None:
        self._most = self.seats = min(self._most, chunk.seat)
        if not self._most:
            error = WorkerStartError(f"no actor could be started: {cause}")
            error.__cause__ = cause
            self._report(Broken(error))
        self._report(Returned(chunk.id, chunk.first, len(chunk.items)))

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not started."""
        if seat := self._taken.get(chunk.seat):
            seat.recall(chunk, keep)

    def stop(self, chunk: Chunk, index: int) -> None:
        """Abandon the actor, whose thread cannot be ended, unless it has gone on by itself; the seat gets another."""
        seat = self._taken.get(chunk.seat)
        if seat is not None and seat.stop_before_next(chunk, index):
            self._crew.dismiss(self._taken.pop(chunk.seat))

    def poll(self) -> list[Report]:
        """Return what the actors have said."""
        return [self._reports.popleft() for _ in range(len(self._reports))]

    def close(self) -> None:
        """Give idle actors back, and abandon those in a call."""
        for seat in self._taken.values():
            self._crew.dismiss(seat)
        self._taken.clear()

    def _report(self, report: Report) -> None:
        self._reports.append(report)
        # That an item was started matters at once only where its time is limited; a ring costs a switch of threads.
        if not isinstance(report, Started) or self._call.task_timeout is not None:
            self.bell.ring()


class ActorCrew(Crew):
    """Actors that take one seat after the other; those of all runs of one opened strategy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[pykka.ActorRef[Worker]] = []
        self._lent: dict[pykka.ActorRef[Worker], Seat] = {}
        self._abandoned: set[pykka.ActorRef[Worker]] = set()
        self._closed = False

    def lend(self, seat: Seat) -> pykka.ActorRef[Worker]:
        """Return an actor for the seat, a warm one if there is one; RuntimeError if no thread can be started."""
        with self._lock:
            actor = self._idle.pop() if self._idle else Worker.start(self)
            self._lent[actor] = seat
        return actor

    def dismiss(self, seat: Seat) -> None:
        """Take the actor of a seat back, or abandon it if it is in a call."""
        actor, busy = seat.actor, seat.leave()
        with contextlib.suppress(pykka.ActorDeadError):
            actor.tell(seat.clear)
        with self._lock:
            self._lent.pop(actor, None)
            if not actor.is_alive():
                return
            if not busy and not self._closed:
                self._idle.append(actor)
                return
            if busy:
                self._abandoned.add(actor)
        actor.stop(block=False)

    def lost(self, actor: pykka.ActorRef[Worker]) -> None:
        """Learn, in the actor itself, that it has stopped."""
        with self._lock:
            seat = self._lent.pop(actor, None)
            self._abandoned.discard(actor)
            if actor in self._idle:
                self._idle.remove(actor)
        if seat is not None:
            seat.leave()
            seat.clear()

    @property
    def stuck(self) -> int:
        """How many actors were abandoned in a call that has not ended."""
        return len(self._abandoned)

    def close(self, timeout: float) -> None:
        """Stop the idle actors, and wait for them for `timeout` seconds at most; others are stopped when they idle."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for actor in idle:
            actor.stop(block=False)
        deadline = time.monotonic() + timeout
        for actor in idle:
            actor.actor_stopped.wait(max(0.0, deadline - time.monotonic()))


class PykkaStrategy(BaseStrategy):
    """Calls in Pykka's actors, which are threads: for blocking I/O.

    A running thread cannot be stopped: an overdue call is abandoned, its actor is replaced, and `stuck` counts it.

    Args:
        max_workers: actors at most; default 20.
        options: any option of a run, as this strategy's default.
    """

    name = "pykka"
    traits = Traits()

    def default_workers(self) -> int:
        """Return 20: threads that mostly wait, so that the number of cores does not matter."""
        return 20

    def hire(self, workers: int) -> ActorCrew:
        """Keep actors between runs."""
        return ActorCrew()

    def open(self, job: Job) -> Port:
        """Open the port for either colour: a coroutine runs on an event loop that belongs to its actor."""
        crew: Any = job.crew
        return ActorPort(job.call, crew)
