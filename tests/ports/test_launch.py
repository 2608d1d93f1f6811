"""Launchers: what they start is asked how it ended, however late that is."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies import AsyncioStrategy, GreenStrategy, ProcessStrategy, ThreadStrategy, worker_resource
from concurrent_strategies._ports.launch import ForkLauncher, Launcher, Process, SpawnLauncher

Start = Callable[[Launcher], Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a worker that waits for its set-up; what connects it with us is closed at the end."""
    ours: list[socket.socket] = []
    lives: list[int] = []

    def started(launcher: Launcher) -> Process:
        data, control = socket.socketpair(), socket.socketpair()
        ours.extend((data[0], control[0]))
        their_life, life = os.pipe()
        lives.append(life)
        process = launcher.start((data[1].fileno(), control[1].fileno(), their_life))
        data[1].close()
        control[1].close()
        os.close(their_life)
        return process

    yield started
    for sock in ours:
        sock.close()
    for life in lives:
        os.close(life)


@pytest.mark.parametrize("launcher", [SpawnLauncher(), ForkLauncher()], ids=["spawn", "fork"])
def test_a_process_that_ends_late_is_asked_when_the_launcher_is_closed(launcher: Launcher, start: Start) -> None:
    """Nothing of it stays in the system's table."""
    process = start(launcher)
    assert process.exitcode(0.0) is None
    os.kill(process.pid, signal.SIGKILL)
    launcher.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


@pytest.mark.parametrize("launcher", [SpawnLauncher(), ForkLauncher()], ids=["spawn", "fork"])
def test_processes_that_end_late_do_not_add_up(launcher: Launcher, start: Start) -> None:
    """Whoever is started next finds those that have ended meanwhile asked."""
    late = [start(launcher) for _ in range(2)]
    for process in late:
        assert process.exitcode(0.0) is None
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked
    last = start(launcher)
    for process in late:
        with pytest.raises(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    os.kill(last.pid, signal.SIGKILL)
    assert last.exitcode(10.0) == -signal.SIGKILL


MODULE = """
from concurrent_strategies import worker_resource
ready = []

def prepare(word):
    ready.append(word)

class Resource:
    def __init__(self):
        self.seen = list(ready)

def work(item):
    return item, ready, worker_resource().seen
"""


@pytest.mark.parametrize(
    "make",
    [
        *(partial(ProcessStrategy, start_method=method) for method in ("forkserver", "spawn", "fork")),
        partial(ProcessStrategy, inner=ThreadStrategy(2)),
        partial(GreenStrategy, isolate=True),
    ],
    ids=["forkserver", "spawn", "fork", "inner", "green"],
)
def test_what_prepares_a_worker_is_found_where_the_program_finds_it(
    make: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a path that was added while the program ran, as on any other."""
    (tmp_path / "found_late.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    late = importlib.import_module("found_late")
    monkeypatch.setitem(sys.modules, "found_late", late)  # and not for the other tests
    strategy = make(2, initializer=late.prepare, initargs=("word",), worker_resource=late.Resource)
    assert strategy.map(late.work, [1]) == [(1, ["word"], ["word"])]


def resource_of(_item: object) -> object:
    """Return what this worker has."""
    return worker_resource()


async def aresource_of(_item: object) -> object:
    """Return what this worker has."""
    return worker_resource()


@pytest.mark.parametrize(("inner", "func"), [(ThreadStrategy, resource_of), (AsyncioStrategy, aresource_of)])
def test_items_of_an_inner_strategy_have_the_resource_of_their_process(inner: Any, func: Callable[..., object]) -> None:
    """Unless the inner strategy has one of its own."""
    for own, found in ((None, "outer"), (partial(str, "inner"), "inner")):
        strategy = ProcessStrategy(1, worker_resource=partial(str, "outer"), inner=inner(2, worker_resource=own))
        assert strategy.map(func, range(3)) == [found] * 3
