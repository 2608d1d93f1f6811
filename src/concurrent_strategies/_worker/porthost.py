"""What stands behind the socket in a worker process with an inner strategy: the port of that one."""

from __future__ import annotations

import os
import threading

from .._core.call import Call
from .._core.item import resource
from .._core.port import Chunk, Done, Failed, Port, Report, Returned
from . import wire
from .host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .relay import Relay

MOMENT = 0.02  # seconds


class PortHost(Host):
    """The port of an inner strategy, driven in here as the engine drives one in the parent."""

    def __init__(
        self,
        send: Callable[[list[Any]], None],
        relay: Relay,
        resource: Any,
        has_resource: bool,
        inner: Any,
        workers: int,
    ) -> None:
        super().__init__(send, relay, resource, has_resource)
        self._inner = inner
        self._workers = workers
        inner.__enter__()  # so that what it opens knows that the workers stay
        self._crew, _ = inner.warm()
        self._lock = threading.Lock()
        self._port: Port | None = None
        self._chunks: dict[int, Chunk] = {}
        self._left: dict[int, int] = {}  # items of each of the port's chunks that are not reported; one for each port
        self._limit: int | None = None  # the parent is to be told once there are no more calls at once than these

    def call(self, call: Call) -> None:
        """Open a port for the function, and a thread that passes its reports on."""
        from .._core.job import Job

        self.forget()
        if self._has_resource and call.context is not None:
            call.context.run(resource.set, self._resource)  # for items whose own worker, in here, has none
        port = self._port = self._inner.open(Job(call, self._crew, self._workers, apart=True))
        port.forewarn = self._forewarn
        port.resize(self._workers)
        self._left = {}
        threading.Thread(target=self._pass_reports, args=(port, self._left), daemon=True).start()

    def resize(self, workers: int) -> None:
        """Have at most so many calls at once, and say when it has come to that."""
        with self._lock:
            if self._port is not None:
                self._limit = workers
                self._port.resize(workers)
                self._port.bell.ring()

    def _pass_reports(self, port: Port, left: dict[int, int]) -> None:
        """Pass on what the port says until it is closed and all items are accounted for.

        A call that was stopped may end later than all that the port counts: the parent waits for word of it.
        """
        while True:
            port.bell.wait(60.0)
            with self._lock:
                self._collect(port, left)
                current = port is self._port
                limit = self._limit if current and self._limit is not None and port.span <= self._limit else None
                if limit is not None:
                    self._limit = None
            self.flush()
            if limit is not None:
                self._send(wire.pack(wire.SPAN, a=limit))
            if not current and port.quiet and not left:
                return

    def _forewarn(self, report: Report) -> None:
        """Say what is about to run, and all that is done: the next thing to happen may be the end of this process."""
        # A worker that says so may hold a lock of its port, which whoever has ours may be waiting for: then this goes
        # on after a moment. Most often they just had to let others run, and what is done by now would not be said.
        port = self._port
        if port is not None and port.settled and self._lock.acquire(timeout=MOMENT):
            try:
                if port is self._port:
                    self._collect(port, self._left)
            finally:
                self._lock.release()
        self.emit(report)

    def _collect(self, port: Port, left: dict[int, int]) -> None:
        for report in port.poll():
            if isinstance(report, Failed | Done):
                report.worker = f"{os.getpid()}/{report.worker}"
                self._settle(left, report.chunk, 1 if isinstance(report, Failed) else len(report.values))
            elif isinstance(report, Returned):
                self._settle(left, report.chunk, report.count)
            self.emit(report)

    def _settle(self, left: dict[int, int], chunk: int, count: int) -> None:
        if (still := left.get(chunk, 0) - count) > 0:
            left[chunk] = still
            return
        left.pop(chunk, None)
        if left is self._left:  # not what a run says that was given up
            self._chunks.pop(chunk, None)

    def forget(self) -> None:
        """Close the port."""
        port, self._port = self._port, None
        if port is not None:
            with self._lock:
                port.close()
            port.bell.ring()
        self._chunks.clear()
        self._limit = None

    def run(self, chunk: Chunk) -> None:
        """Hand the chunk to the inner port."""
        with self._lock:
            if self._port is not None:
                self._chunks[chunk.id] = chunk
                self._left[chunk.id] = len(chunk.items)
                self._port.start(chunk)
                if (keep := self._gate.recalled) is not None:
                    self._port.recall(chunk, keep)

    def recall(self, chunk: int, keep: bool) -> None:
        """Pass the recall on."""
        with self._lock:
            known = self._chunks.get(chunk)
            if self._port is not None and known is not None:
                self._port.recall(known, keep)
            elif self._gate.recall(chunk, keep):
                self.emit(Returned(chunk, -1, 0))
                self.flush()

    def stop(self, chunk: int, index: int) -> None:
        """Cancel inside; the parent ends the process if that goes unanswered."""
        with self._lock:
            known = self._chunks.get(chunk)
            if self._port is not None and known is not None:
                self._port.stop(known, index)

    def look(self, chunk: int) -> None:
        """Do nothing: what runs here is announced, always."""

    def close(self) -> None:
        """Close the port and the inner workers."""
        self.forget()
        self._inner.close(0.5)
