"""Launchers: what they start is asked how it ended, however late that is."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator

import pytest

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
