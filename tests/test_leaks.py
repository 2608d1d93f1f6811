"""The look that is taken after every test finds what is left, names it, and waits for what is about to end."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests import leaks
from tests.leaks import look, since


@contextmanager
def thread() -> Iterator[str]:
    """Leave a thread for a while."""
    over = threading.Event()
    left = threading.Thread(target=over.wait, name="left-thread")
    left.start()
    yield "thread 'left-thread' in "
    over.set()
    left.join()


@contextmanager
def child() -> Iterator[str]:
    """Leave a process for a while."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x\n")
        process.stdin.flush()
        process.stdout.readline()  # it is under its own name by now
        yield f"child process {process.pid}: cat"


@contextmanager
def zombie() -> Iterator[str]:
    """Leave a process that has ended, and that nobody has asked how."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield f"child process {process.pid}: ended"
    process.wait()


@contextmanager
def descriptor() -> Iterator[str]:
    """Leave a descriptor open for a while."""
    read, write = os.pipe()
    os.close(write)
    yield f"descriptor {read}: pipe:["
    os.close(read)


@contextmanager
def file() -> Iterator[str]:
    """Leave a temporary file for a while."""
    number, name = tempfile.mkstemp()
    os.close(number)
    yield f"file {name}"
    Path(name).unlink()


@contextmanager
def shared() -> Iterator[str]:
    """Leave a block of shared memory in use for a while."""
    path = Path(leaks.SHARED) / "left-by-a-test"
    path.write_bytes(b"x" * 4096)
    with path.open("r+b") as opened, mmap.mmap(opened.fileno(), 0):
        yield f"file {path}"
    path.unlink()


@pytest.mark.parametrize("leave", [thread, child, zombie, descriptor, file, shared])
def test_what_is_left_is_found_and_named(leave: Callable[[], AbstractContextManager[str]]) -> None:
    """Of every kind; and what was there before is nobody's leak."""
    before = look()
    with leave() as says:
        found = since(before, patience=0.0)
        assert any(each.startswith(says) for each in found), found
        assert since(look(), patience=0.0) == []
    assert since(before) == []


def test_what_is_about_to_end_is_waited_for() -> None:
    """A thread that ends by itself is no leak."""
    before, over = look(), threading.Event()
    ending = threading.Thread(target=over.wait)
    ending.start()
    timer = threading.Timer(0.05, over.set)
    timer.start()
    assert since(before) == []
    timer.join()


def test_what_only_garbage_holds_is_no_leak() -> None:
    """A cycle may hold a descriptor until it is collected."""

    class Holder:
        def __init__(self) -> None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115
            self.me = self

        def __del__(self) -> None:
            self.file.close()

    before = look()
    Holder()
    assert since(before) == []


def test_shared_memory_that_others_use_is_theirs() -> None:
    """It is everybody's: only what a process of these tests has in use is known to be left by one of them."""
    path = Path(leaks.SHARED) / "left-by-others"
    before = look()
    path.touch()
    assert look() != before
    assert since(before, patience=0.0) == []
    path.unlink()


def test_what_is_kept_for_a_reason_is_told_from_the_rest() -> None:
    """A descriptor beside a kept one is still a leak."""
    before = look()
    with fetched() as number:
        assert number in leaks._kept_alive_connections(set())
        assert since(before, patience=0.0) == []
        with descriptor() as says:
            assert [each[: len(says)] for each in since(before, patience=0.0)] == [says]


@contextmanager
def fetched() -> Iterator[str]:
    """Have a connection of `http.fetch` kept alive for a while; its other end belongs to nobody."""
    from concurrent_strategies.http import blocking

    ours, theirs = socket.socketpair()
    theirs.close()
    shelf = blocking._shelf()
    shelf._idle.append((("http", "nowhere", 80), SimpleNamespace(sock=SimpleNamespace(_sock=ours), close=ours.close)))  # type: ignore[arg-type]
    yield str(ours.fileno())
    shelf._idle.pop()
    ours.close()
