"""What stands behind the socket in a worker process: what all kinds have in common, and a lane of its own."""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod

from .._core.call import Call
from .._core.lane import Lane
from .._core.port import Chunk, Done, Failed, Report, Returned, Started
from . import wire
from .gate import Gate
from .journal import Journal
from .packing import failed, pieces_of
from .pickling import error_to_wire, joined, loads, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .arena import Arena
    from .relay import Relay


class Host(ABC):
    """Takes the parent's frames, and sends it reports; `run` is what the two kinds differ in.

    Args:
        send: takes the pieces of whole frames, from any thread.
        relay: what sees to log records and the like.
        resource: what was made for this process.
        has_resource: whether anything was.
    """

    def __init__(self, send: Callable[[list[Any]], None], relay: Relay, resource: Any, has_resource: bool) -> None:
        self._send = send
        self._relay = relay
        self._resource = resource
        self._has_resource = has_resource
        self._number = 0  # by which the parent knows the function
        self._gate = Gate()
        self._outbox: list[Any] = []
        self._outbox_lock = threading.Lock()
        self._arena: Arena | None = None
        self._done_at = -1  # where in the outbox the head of its last frame is, if that has values

    def take(self, frame: wire.Frame) -> None:
        """Do what the parent says on the data socket."""
        if frame.kind == wire.CHUNK:
            chunk = self._unpack(frame) if self._gate.admit(frame.chunk) else None
            if chunk is not None:
                self.run(chunk)
            self.flush()
        elif frame.kind == wire.CALL:
            self._number = frame.chunk
            try:
                fields, variables, levels = loads(frame.body, frame.buffers)
                self._relay.adopt_levels(levels)
                call = Call(**fields, context=_context(variables))
            except BaseException as error:
                self.forget()
                self._send(wire.pack(wire.BROKEN_CALL, frame.chunk, parts=[joined(error_to_wire(error))]))
            else:
                self.call(call)
        elif frame.kind == wire.FORGET:
            self.forget()
        elif frame.kind == wire.RESIZE:
            self.resize(frame.a)

    def _unpack(self, frame: wire.Frame) -> Chunk | None:
        """Unpickle the items; one that cannot be fails alone."""
        first, count, attempt = frame.a, frame.b, int(frame.seconds)
        items: Any
        if frame.flags & wire.SEPARATE:
            (data,) = loads(frame.body)
            try:
                items = [loads(data)]
            except BaseException as error:
                self.emit(Failed(frame.chunk, first, error))
                return None
        else:
            try:
                items = loads(frame.body, frame.buffers)
            except BaseException as error:
                if count == 1:
                    self.emit(Failed(frame.chunk, first, error))
                else:
                    self._send(wire.pack(wire.UNREADABLE, frame.chunk))
                return None
        return Chunk(frame.chunk, self.seat(frame), first, items, attempt)

    def seat(self, frame: wire.Frame) -> int:
        """Return the inner seat that a chunk is for."""
        return frame.flags >> 4

    def emit(self, report: Report) -> None:
        """Queue a report; what was started is said at once, with all that came before."""
        if isinstance(report, Started):
            with self._outbox_lock:
                self._announce(report)
                self._flush()
            return
        try:
            pieces = pieces_of(report, self._number, self._arena)
        except BaseException as error:
            assert isinstance(report, Done | Failed)
            index = report.first if isinstance(report, Done) else report.index
            pieces = failed(report.chunk, index, error, 0.0)
        with self._outbox_lock:
            self._done_at = len(self._outbox) if isinstance(report, Done) else -1
            self._outbox += pieces

    def _announce(self, report: Started) -> None:
        """Queue the news that items are started: in the frame with the values right before them, where there is one."""
        if self._done_at >= 0:
            head = wire.announcing(self._outbox[self._done_at], report.chunk, report.first, report.count)
            if head is not None:
                self._outbox[self._done_at] = head
                return
        self._outbox += pieces_of(report, self._number)

    def flush(self) -> None:
        """Send what is queued."""
        with self._outbox_lock:
            self._flush()

    def _flush(self) -> None:
        pieces, self._outbox = self._outbox, []
        self._done_at = -1
        if pieces:
            self._send(pieces)

    @abstractmethod
    def call(self, call: Call) -> None:
        """Make ready for the chunks of another run."""

    @abstractmethod
    def forget(self) -> None:
        """Drop the function of a run that has ended."""

    @abstractmethod
    def resize(self, workers: int) -> None:
        """Have at most so many calls at once."""

    @abstractmethod
    def run(self, chunk: Chunk) -> None:
        """Run a chunk, or see to it that it is run."""

    @abstractmethod
    def recall(self, chunk: int, keep: bool) -> None:
        """Report what is done and give back what is not started; from the control thread."""

    @abstractmethod
    def stop(self, chunk: int, index: int) -> None:
        """End a running call; from the control thread."""

    @abstractmethod
    def look(self, chunk: int) -> None:
        """Say what has been run without a word, and keep nothing back up to the end of a chunk; from the same."""

    @abstractmethod
    def close(self) -> None:
        """End: the parent has hung up."""


class LaneHost(Host):
    """One call after the other, in the main thread."""

    def __init__(
        self, send: Callable[[list[Any]], None], relay: Relay, resource: Any, has_resource: bool, journal_fd: int
    ) -> None:
        super().__init__(send, relay, resource, has_resource)
        self._journal: Journal | None = None
        if journal_fd >= 0:
            self._journal = Journal(journal_fd, self.flush)
        os.register_at_fork(after_in_child=self._leave)
        self._looked = 0
        self._lane: Lane | None = None
        self._entry = threading.Lock()
        self._running: Chunk | None = None

    def _leave(self) -> None:
        """Be of no use in a process that the function forks: a child that comes back from it is to end, and soon.

        It may have been forked while the control thread, which is not there, held any of our locks.
        """
        self._entry, self._outbox_lock = threading.Lock(), threading.Lock()
        self._gate.leave()
        if self._journal is not None:
            self._journal.leave()
        if self._lane is not None:
            self._lane.leave()

    def use(self, arena: Arena) -> None:
        """Have large buffers of results go there: the lane's lock is held for every report that has values."""
        self._arena = arena
        os.register_at_fork(after_in_child=arena.close)  # it is not the child's

    def call(self, call: Call) -> None:
        """Make a lane for the function."""
        self.forget()
        name, journal = str(os.getpid()), self._journal
        self._lane = Lane(call, self.emit, name, quiet=journal is not None, journal=journal, seal=plain)
        if self._has_resource:
            self._lane.provide(self._resource)

    def resize(self, workers: int) -> None:
        """Do nothing: it is always one."""

    def forget(self) -> None:
        """Close the lane."""
        if self._lane is not None:
            self._lane.close()
        self._lane = None

    def run(self, chunk: Chunk) -> None:
        """Run a chunk to its end, or as far as it has not been called back."""
        lane = self._lane
        if lane is None:
            return
        with self._entry:
            lane.begin(chunk)
            self._running = chunk
            if chunk.id <= self._looked:
                lane.look()
            if (keep := self._gate.recalled) is not None:
                lane.recall(chunk, keep)
        while lane.busy:
            lane.step()

    def recall(self, chunk: int, keep: bool) -> None:
        """Cut the running chunk, or give back one that has not been read yet."""
        with self._entry:
            if self._lane is not None and self._running is not None and self._running.id == chunk:
                self._lane.recall(self._running, keep)
            elif self._gate.recall(chunk, keep):
                self.emit(Returned(chunk, -1, 0))
        self.flush()

    def look(self, chunk: int) -> None:
        """Have the lane tell what it has kept to itself, and keep nothing more of this chunk."""
        with self._entry:
            self._looked = chunk
            if self._lane is not None:
                self._lane.look()
        self.flush()

    def stop(self, chunk: int, index: int) -> None:
        """End this process, if it is still at that item: only here can nobody else be hit."""
        with self._entry:
            running = self._running
            if self._lane is None or running is None or running.id != chunk or not self._lane.is_at(running, index):
                return
            os.kill(os.getpid(), signal.SIGKILL)

    def close(self) -> None:
        """Close the lane."""
        self.forget()


def _context(variables: list[tuple[Any, Any]]) -> Any:
    from contextvars import Context

    context = Context()
    for variable, value in variables:
        context.run(variable.set, value)
    return context
