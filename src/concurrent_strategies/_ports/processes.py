"""The worker processes of a strategy: started when first needed, lent to runs, and kept between them."""

from __future__ import annotations

import itertools
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from .._core.crew import Crew
from .._worker import wire
from .._worker.pickling import dumps, joined
from .launch import Launcher
from .worker import Worker

LARGE = 1 << 16  # bytes of a pickled function that a worker should not keep for nothing


class ProcessCrew(Crew):
    """Worker processes that are started when first needed and kept between runs.

    Args:
        launcher: how they are started.
        environment: variables that they get, beside those there are.
        settings: what each of them is told first; pickled once.

    Attributes:
        calls: numbers for the functions that workers are told: what one of them says of an earlier one comes late.

    Raises:
        NotPicklable: if the initializer, the resource or the inner strategy cannot be sent.
    """

    def __init__(self, launcher: Launcher, environment: dict[str, str], settings: dict[str, Any]) -> None:
        self._launcher = launcher
        # In two steps: what the settings are made of may be found only there.
        surroundings = {"path": list(sys.path), "directory": _directory(), "environment": environment}
        parts, buffers = dumps({**surroundings, "settings": joined(settings)})
        self._setup = wire.pack(wire.SETUP, parts=parts, buffers=buffers)
        self._lock = threading.Lock()
        self.calls: Iterator[int] = itertools.count(1)
        self._idle: list[Worker] = []
        self._out: weakref.WeakSet[Worker] = weakref.WeakSet()
        self._closed = False

    def take(self, call: object) -> Worker:
        """Return an idle worker, one that knows the function if there is one, or start one.

        Raises:
            OSError: if the system gives no more processes.
        """
        with self._lock:
            worker = next((idle for idle in self._idle if idle.call is call), None)
            if worker is not None:
                self._idle.remove(worker)
            elif self._idle:
                worker = self._idle.pop()
        if worker is None:
            worker = Worker(self._launcher, self._setup)
        self._out.add(worker)
        return worker

    def prepare(self, workers: int) -> None:
        """Start workers until so many are idle; those that are missing will be missed when they are needed."""
        with suppress(OSError):
            while len(self._idle) < workers and not self._closed:
                worker = Worker(self._launcher, self._setup)
                with self._lock:
                    self._idle.append(worker)

    def give_back(self, worker: Worker) -> None:
        """Take a worker back that has nothing left to do."""
        self._out.discard(worker)
        with self._lock:
            if not self._closed:
                self._idle.append(worker)
                return
        worker.bury()

    def forget(self, call: Sequence[Any]) -> None:
        """Have idle workers drop a function whose run has ended; a small one with the next message, as each costs."""
        large = sum(map(len, call)) > LARGE
        with self._lock:
            for worker in self._idle:
                if worker.call is call:
                    worker.call = None
                    worker.queue(wire.pack(wire.FORGET))
                    if large:
                        worker.flush()

    def bury(self, worker: Worker) -> int | None:
        """Take leave of a worker that has ended or is to; return its exit code where that is known."""
        self._out.discard(worker)
        return worker.bury()

    def close(self, timeout: float) -> None:
        """Let the idle workers end by themselves for `timeout` seconds at most, then kill all that are left."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.hang_up()
        deadline = time.monotonic() + timeout
        with ExitStack() as order:  # each step, also if a Ctrl-C ends the one before, as somebody's second or third may
            order.callback(self._launcher.close)
            order.callback(_each, Worker.bury, idle)
            order.callback(_each, Worker.kill, [*idle, *self._out])
            for worker in idle:
                worker.ended(deadline)


def _each(verb: Callable[[Worker], object], workers: Sequence[Worker]) -> None:
    for worker in workers:
        verb(worker)


def _directory() -> str:
    """Return the working directory, or nothing if it has been removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""
