"""The test's side of a bench or a program: starts it, bounds it, and looks at what it leaves behind.

The demands that all rows have in common are made here: no hang (it would end with the stacks of all processes), no
process left, nothing on stderr that does not belong there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import concurrent_strategies

from . import marks
from .catalogue import Case, Script

HERE = Path(__file__).parent
# Seconds on top of each bound, for interpreters that have to start; more of them while others want the processor, too.
START = 6.0
MOST = 30.0
LEAVE = 6.0  # seconds in which all processes must have gone
PATCHED = frozenset({"green-in-place"})


def allowance() -> float:
    """Return the seconds on top of a bound, on this machine as busy as it is now."""
    queue = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(MOST, START * max(1.0, queue))


class Hang(AssertionError):
    """A bound was passed; the message has the stacks."""


class Process:
    """One fresh process in a session of its own, with a mark on it and on all that comes from it."""

    def __init__(self, directory: Path, command: list[str], *, shell: str = "", **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        roots = [HERE / "site", HERE.parent.parent, Path(concurrent_strategies.__file__).parent.parent]
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, roots)),
            "FAULTS_DIR": str(directory),
            marks.VARIABLE: self.mark,
            **environment,
        }
        arguments = [sys.executable, *command]
        if shell:
            arguments = ["sh", "-c", shell, "sh", *arguments]
        ours, theirs = socket.socketpair()
        theirs.set_inheritable(True)
        arguments = [part.replace("{fd}", str(theirs.fileno())) for part in arguments]
        with (directory / "stdout").open("wb") as out, (directory / "stderr").open("wb") as err:
            self.popen = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=directory,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        theirs.close()
        self.line = ours
        self.stderr_seen = 0

    def stderr(self) -> str:
        """Return what has come on stderr since the last time."""
        data = (self.directory / "stderr").read_bytes()
        new, self.stderr_seen = data[self.stderr_seen :], len(data)
        return new.decode(errors="replace")

    def stacks(self) -> str:
        """Have every process of this one say where it is."""
        file = self.directory / "stacks"
        parts = []
        for pid in [self.popen.pid, *(p for p in marks.marked(self.mark) if p != self.popen.pid)]:
            before = file.stat().st_size if file.exists() else 0
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
            time.sleep(0.2)
            told = file.read_bytes()[before:].decode(errors="replace") if file.exists() else ""
            parts.append(f"{marks.describe([pid]) or f'  {pid} has ended'}\n{told}")
        return "\n".join(parts)

    def kill(self) -> None:
        """End all that is left of it, and free what is held here."""
        for pid in marks.marked(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.kill()
        self.popen.wait()
        self.line.close()

    def end(self, patience: float = LEAVE) -> list[str]:
        """Return what is wrong after the process itself has ended: what it has left."""
        pids = marks.left_over(self.mark, patience)
        left = f"processes are left {patience:g} s after the end:\n{marks.describe(pids)}"
        self.kill()
        return [left] if pids else []


class Bench(Process):
    """A process that runs the cases of one strategy."""

    def __init__(self, spec: str, directory: Path, *, shell: str = "", **environment: str) -> None:
        patched = ["--patched"] if spec in PATCHED else []
        command = ["-m", "tests.faults.bench", spec, "{fd}", *patched]
        super().__init__(directory, command, shell=shell, **environment)

    def run(self, key: str, case: Case) -> list[str]:
        """Run a case; return what is wrong.

        Raises:
            Hang: when it takes longer than it may.
        """
        self.line.sendall(f"{key}\n".encode())
        # The bound is for the body; what it has left behind gets its own time.
        more = allowance()
        answer = self._answer(case.bound + more + (0 if case.own_process else LEAVE))
        problems: list[str] = answer["problems"]
        if not case.quiet(noise := self.stderr()):
            problems.append(f"stderr has:\n{noise}")
        if answer["seconds"] > case.bound + more:
            problems.append(f"it took {answer['seconds']:.1f} s, and may take {case.bound:g}")
        return problems

    def _answer(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        data = b""
        while not data.endswith(b"\n"):
            ready = select.select([self.line], [], [], min(0.2, max(0.0, deadline - time.monotonic())))[0]
            if ready:
                part = self.line.recv(65536)
                data += part
                if part:
                    continue
            if self.popen.poll() is not None:
                return {"problems": [f"its process ended by {self.popen.returncode}"], "seconds": 0.0}
            if time.monotonic() > deadline:
                raise Hang(f"hangs after {seconds:g} s:\n{self.stacks()}\nstderr: {self.stderr()}")
        answer: dict[str, Any] = json.loads(data)
        return answer

    def finish(self) -> list[str]:
        """End it; return what is wrong with its end."""
        problems = []
        self.line.shutdown(socket.SHUT_WR)
        try:
            status = self.popen.wait(5.0 + allowance())
            if status:
                problems.append(f"its process ended by {status}")
        except subprocess.TimeoutExpired:
            problems.append(f"the interpreter does not end:\n{self.stacks()}")
        return problems + self.end()


class Program(Process):
    """A script, and what can be done to it from outside."""

    def __init__(self, script: Script, spec: str, directory: Path) -> None:
        self._script = script
        patched = ["-m", "tests.faults.patched"] if spec in PATCHED else []
        super().__init__(directory, [*patched, str(HERE / "scripts" / script.name), spec, *script.arguments])

    def await_event(self, event: str) -> None:
        """Wait until the program has said so."""
        deadline = time.monotonic() + 10 + allowance()
        while not (self.directory / f"event.{event}").exists():
            if self.popen.poll() is not None:
                raise AssertionError(f"ended by {self.popen.returncode} before {event!r}: {self.stderr()}")
            if time.monotonic() > deadline:
                raise Hang(f"{event!r} did not come:\n{self.stacks()}\n{self.stderr()}")
            time.sleep(0.01)

    def run(self) -> list[str]:
        """Do to it what the row says; return what is wrong."""
        script = self._script
        if script.act is not None:
            script.act(self)
        problems = []
        bound = script.bound + allowance()
        try:
            status = self.popen.wait(bound)
        except subprocess.TimeoutExpired:
            raise Hang(f"does not end within {bound:g} s:\n{self.stacks()}\n{self.stderr()}") from None
        if status not in script.status:
            problems.append(f"ended by {status}, not by {script.status}")
        problems += self.end(script.lingering)
        printed = (self.directory / "stdout").read_text()
        if not re.fullmatch(script.output, printed, re.DOTALL):
            problems.append(f"printed {printed[-2000:]!r}, not {script.output!r}")
        # Only now: a worker that outlives the program for a moment may still complain.
        noise = self.stderr()
        if not re.fullmatch(script.noise, noise, re.DOTALL):
            problems.append(f"stderr has:\n{noise}")
        return problems
