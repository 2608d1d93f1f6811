"""How a worker process comes into being: forked by a small server, as a fresh interpreter, or forked from here.

A launcher gets the worker's ends of its descriptors and returns a `Process`, of which the engine needs only this: its
id, a way to kill it, and, when its pipe has ended, how it ended.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._errors import InvalidOption
from .._worker.forkserver import STATUS
from .ends import pair, watch

LATE = 1.0  # seconds that closing waits for processes that were late to end

START_METHODS = ("forkserver", "spawn", "fork")

# The package may lie where only this program's sys.path finds it; the rest of the path comes with the set-up.
_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); {prelude}"
    "from concurrent_strategies._worker.{module} import {name}; {name}(*map(int, sys.argv[2:]))"
)


class Process:
    """A worker process that was asked for; `pid` is 0 until it has said so itself.

    Nobody waits for it to appear. If it does not, its end of the data socket is closed, like that of one that died.

    Args:
        pid: its id, if it is known already.
        late: where it is kept when it ends later than anybody waits for it.
    """

    def __init__(self, pid: int = 0, late: list[Process] | None = None) -> None:
        self.pid = pid
        self._late: list[Process] = [] if late is None else late

    def exitcode(self, patience: float) -> int | None:
        """Return how it ended, as `subprocess` counts it, waiting up to `patience` seconds for that to be known."""
        deadline = time.monotonic() + patience
        while True:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= deadline:
                self._late.append(self)
                return None
            time.sleep(0.001)

    def kill(self) -> None:
        """End it at once."""
        try:
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended by itself

    def disown(self) -> None:
        """Have nobody miss it in a forked child, whose process it is not."""


class Launcher(ABC):
    """Starts worker processes; the base of the three ways.

    A process that ends later than anybody waits for it, as on a very busy machine, is asked again: until somebody has,
    it stays in the system's table.
    """

    def __init__(self) -> None:
        self._late: list[Process] = []

    @abstractmethod
    def start(self, fds: tuple[int, ...]) -> Process:
        """Start a worker on these descriptors: data, control, life, and its journal, if there is one.

        Raises:
            OSError: if the system gives no more processes.
        """

    def collect(self, patience: float) -> None:
        """Ask the late processes how they ended, waiting up to `patience` seconds for all of them."""
        deadline = time.monotonic() + patience
        for process in [self._late.pop(0) for _ in range(len(self._late))]:
            process.exitcode(max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Give back what the launcher itself needs."""
        self.collect(LATE)


class SpawnLauncher(Launcher):
    """A fresh interpreter for each worker: 30 ms and more, and nothing inherited.

    Args:
        prelude: statements that run before anything else is imported.
    """

    def __init__(self, prelude: str = "") -> None:
        super().__init__()
        self._prelude = prelude

    def start(self, fds: tuple[int, ...]) -> Process:
        """Start an interpreter."""
        self.collect(0.0)
        return _Spawned(_interpreter("main", "main", fds, self._prelude), self._late)


class _Spawned(Process):
    def __init__(self, popen: subprocess.Popen[bytes], late: list[Process]) -> None:
        super().__init__(popen.pid, late)
        self._popen = popen

    def exitcode(self, patience: float) -> int | None:
        try:
            return self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self._late.append(self)
            return None

    def disown(self) -> None:
        self._popen.returncode = 0


class ForkLauncher(Launcher):
    """A fork of this process: the fastest start, and everything inherited, locks held by other threads included."""

    def start(self, fds: tuple[int, ...]) -> Process:
        """Fork."""
        from .._worker.main import main

        self.collect(0.0)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()  # or the child would print what is buffered a second time
        with _deaf():
            pid = os.fork()
            if not pid:
                try:
                    main(*fds)
                finally:
                    os._exit(1)
        return Process(pid, self._late)


class ServerLauncher(Launcher):
    """A small server that has imported what a worker needs, and forks: 3 ms each after 40 ms for the server."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._ended: dict[int, int] = {}
        watch(self)

    def disown(self) -> None:
        """Close our end of the line in a forked child, whose server it is not."""
        line, self._line = self._line, None
        if line is not None:
            line.close()
        server, self._server = self._server, None
        if server is not None:
            server.returncode = 0  # or it would be missed, with a warning

    def start(self, fds: tuple[int, ...]) -> Process:
        """Ask the server, or a new one if it has been killed; nobody waits for its answer."""
        with self._lock:
            for attempt in range(2):
                try:
                    if self._line is None:
                        self._begin()
                    assert self._line is not None
                    socket.send_fds(self._line, [b"\0"], list(fds))
                    break
                except (BrokenPipeError, ConnectionResetError):
                    self._drop()
                    if attempt:
                        raise OSError("the fork server ends as soon as it is started") from None
        return _Served(self)

    def _begin(self) -> None:
        ours, theirs = pair()
        with theirs:
            try:
                self._server = _interpreter("forkserver", "serve", (theirs.fileno(),), "")
            except BaseException:
                ours.close()
                raise
        self._line = ours

    def exitcode(self, pid: int, patience: float) -> int | None:
        """Return how a worker ended, as far as the server has said."""
        deadline = time.monotonic() + patience
        with self._lock:
            try:
                while pid not in self._ended and self._line is not None and self._hear(deadline - time.monotonic()):
                    pass
            except (EOFError, OSError):
                self._drop()
            return self._ended.pop(pid, None)

    def _hear(self, patience: float) -> bool:
        """Take in one word of the server, if there is one in time."""
        assert self._line is not None
        poller = select.poll()
        poller.register(self._line, select.POLLIN)
        if not poller.poll(max(0.0, patience) * 1000):
            return False
        data = self._line.recv(STATUS.size, socket.MSG_WAITALL)
        if len(data) < STATUS.size:
            raise EOFError
        pid, code = STATUS.unpack(data)
        self._ended[pid] = code
        return True

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def close(self) -> None:
        """End the server."""
        with self._lock:
            self._drop()


class _Served(Process):
    def __init__(self, server: ServerLauncher) -> None:
        super().__init__()
        self._from = server

    def exitcode(self, patience: float) -> int | None:
        return self._from.exitcode(self.pid, patience if self.pid else 0.0)


def launcher(start_method: str) -> Launcher:
    """Make the launcher for a start method."""
    if start_method == "forkserver":
        return ServerLauncher()
    if start_method == "spawn":
        return SpawnLauncher()
    if start_method == "fork":
        return ForkLauncher()
    raise InvalidOption("start_method", start_method, f"it must be one of {', '.join(START_METHODS)}")


def _interpreter(module: str, name: str, fds: tuple[int, ...], prelude: str) -> subprocess.Popen[bytes]:
    code = _CODE.format(prelude=prelude, module=module, name=name)
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    arguments: list[Any] = [sys.executable, *flags, "-c", code, _HOME, *map(str, fds)]
    with _deaf():
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, pass_fds=fds, close_fds=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Have processes that are started meanwhile begin with Ctrl-C blocked, until they are ready to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
