"""What the tests of the command line share: a folder with the user's own module, and ways to run a command in it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MODULE = '''
import os, sys, time

PRINTED_AT_IMPORT = print("imported", file=sys.stderr) if os.environ.get("LOUD") else None

def double(item):
    return int(item) * 2

def picky(item):
    if item == "3":
        raise ValueError("no threes")
    return item

async def double_later(item):
    import asyncio
    await asyncio.sleep(0)
    return int(item) * 2

def chatty(item):
    print("noise", item)
    return sys.stdin.read()

def whoami(item):
    return os.getpid()

def wait(item):
    time.sleep(60)

def after(item):
    """The first item waits until a result is in `out.jsonl`."""
    while item == "first" and not os.path.getsize("out.jsonl"):
        time.sleep(0.005)
    return item

def hold(fifo):
    """Say on a named pipe that this runs; its other end sees when the process is gone."""
    with open(fifo, "wb", buffering=0) as pipe:
        pipe.write(b"x")
        time.sleep(60)

class Odd:
    """Equal to nothing, not even to itself, and its pickle is never the same."""
    def __init__(self, item): self.salt = os.urandom(8)
    def __eq__(self, other): raise RuntimeError("do not compare me")

class Box:
    @staticmethod
    def unbox(item):
        return [item]

NOT_A_FUNCTION = 7
'''


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of its standard output."""
        return self.out.splitlines()


class Project:
    """A folder with `work.py`, in which commands are run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        (folder / "work.py").write_text(MODULE)

    def run(self, *arguments: str, stdin: str | bytes = "") -> Ended:
        """Run a command in this process."""
        from concurrent_strategies.cli.commands import run

        data = stdin.encode() if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        self._capfd.readouterr()
        status = run(arguments)
        out, err = self._capfd.readouterr()
        return Ended(status, out, err)

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own, in a session of its own."""
        command = [sys.executable, "-m", "concurrent_strategies", *arguments]
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = os.environ | how.pop("env", {})
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, start_new_session=True, **(pipes | how)
        )

    def run_apart(self, *arguments: str, stdin: str = "", **how: Any) -> Ended:
        """Run a command in a process of its own."""
        with self.start(*arguments, **how) as process:
            out, err = process.communicate(stdin, timeout=60)
        return Ended(process.returncode, out, err)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Project:
    """Give a folder with a module `work`, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "work", raising=False)
    monkeypatch.delenv("CONCURRENT_STRATEGY", raising=False)
    project = Project(tmp_path, monkeypatch, capfd)
    yield project
    sys.modules.pop("work", None)
