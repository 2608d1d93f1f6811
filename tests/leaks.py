"""What a test may leave behind: nothing. Threads, child processes, descriptors and files are looked at after each test.

A look is a few system calls. Only where something seems to be left is it waited for, and described. `KEPT` has what
outlives a test for a reason: it is recognized for certain, and by nothing that others could share.
"""

# ruff: noqa: PTH112, PTH208  (it is to be cheap)

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import marks

PATIENCE = 3.0  # seconds that what is about to end gets
FRAMES = 0.15  # seconds after which garbage is collected: the frames of a caught error may hold what it was about
SHARED = "/dev/shm"


class Look(NamedTuple):
    """What there is at one moment, by kind, each thing by its number or name.

    The files are those of `tempfile.gettempdir()`, which should be this process's own, and of the shared memory, which
    is everybody's.
    """

    threads: frozenset[str]
    children: frozenset[str]
    descriptors: frozenset[str]
    files: frozenset[str]
    shared: frozenset[str]


def look() -> Look:
    """Return what there is now."""
    return Look(
        frozenset(os.listdir("/proc/self/task")),
        _children(),
        _descriptors(),
        frozenset(os.listdir(tempfile.gettempdir())),
        frozenset(os.listdir(SHARED)) if os.path.isdir(SHARED) else frozenset(),
    )


def _children() -> frozenset[str]:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return frozenset()  # the usual case, for a hundredth of what it takes to list them
    found: list[str] = []
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError):  # it has ended meanwhile
            found += Path(f"/proc/self/task/{thread}/children").read_text().split()
    return frozenset(found)


def _descriptors() -> frozenset[str]:
    names = os.listdir("/proc/self/fd")
    # The listing itself had one, which is free again: the lowest that is.
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    return frozenset(names) - {str(free)}


def since(before: Look, patience: float = PATIENCE) -> list[str]:
    """Return what there is that was not there before, each in a few words, after it had so many seconds to end."""
    if look() == before:
        return []
    began, pause, collected = time.monotonic(), 0.001, False
    while found := list(_described(before, look())):
        passed = time.monotonic() - began
        if passed > patience:
            return found
        if passed > FRAMES and not collected:
            collected = bool(gc.collect() + 1)
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return []


def _described(before: Look, after: Look) -> Iterator[str]:
    for thread in _new("threads", before, after):
        yield f"thread {_thread(int(thread))}"
    for child in _new("children", before, after):
        yield f"child process {child}: {_command(child)}"
    for number in _new("descriptors", before, after):
        with suppress(OSError):  # closed meanwhile
            yield f"descriptor {number}: {Path(f'/proc/self/fd/{number}').readlink()}"
    for name in _new("files", before, after):
        yield f"file {tempfile.gettempdir()}/{name}"
    for name in _ours(_new("shared", before, after)):
        yield f"file {SHARED}/{name}"


def _new(kind: str, before: Look, after: Look) -> list[str]:
    found: set[str] = getattr(after, kind) - getattr(before, kind)
    for of_kind, _, is_kept in KEPT:
        if found and of_kind == kind:
            found -= is_kept(found)
    return sorted(found)


def _thread(native: int) -> str:
    for thread in threading.enumerate():
        if thread.native_id == native:
            frame = _frame(thread)
            return f"{thread.name!r} in {frame.f_code.co_filename}:{frame.f_lineno}" if frame else repr(thread.name)
    return f"{native}, which Python has not started"


def _frame(thread: threading.Thread) -> Any:
    return sys._current_frames().get(thread.ident or 0)


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:150] or "ended"
    except OSError:
        return "ended"


def _ours(shared: list[str]) -> Iterator[str]:
    """Yield those files in the shared memory, which is everybody's, that a process of these tests has in use."""
    pids = [os.getpid(), *marks.marked(os.environ.get(marks.VARIABLE, ""))] if shared else []
    for pid in pids:
        with suppress(OSError):  # it has ended meanwhile
            maps = Path(f"/proc/{pid}/maps").read_text()
            yield from (name for name in shared if f"{SHARED}/{name}\n" in maps or f"-{pid}-" in name)


# ------------------------------------------------------------------------------------- what is kept for a reason


def _idle_threads_of_trio(_new: set[str]) -> set[str]:
    found = set()
    for thread in threading.enumerate():
        frame = _frame(thread) if thread.name.startswith("Trio thread") else None
        if frame is not None and frame.f_code.co_name == "_work" and "_thread_cache" in frame.f_code.co_filename:
            found.add(str(thread.native_id))
    return found


def _monitor_of_tqdm(_new: set[str]) -> set[str]:
    return {str(thread.native_id) for thread in threading.enumerate() if thread.name == "tqdm_monitor"}


def _threads_of_the_hub(new: set[str]) -> set[str]:
    pool = getattr(_hub(), "_threadpool", None)
    unknown = new - {str(thread.native_id) for thread in threading.enumerate()}
    return unknown if pool is not None and len(unknown) <= pool.size else set()


def _descriptors_of_the_hub(_new: set[str]) -> set[str]:
    hub = _hub()
    number = hub.loop.fileno() if hub is not None and hub.loop is not None else None
    if number is None:
        return set()
    # What the hub's epoll watches for itself, to be woken by other threads, stands in there, too.
    watched = re.findall(r"^tfd:\s+(\d+)", Path(f"/proc/self/fdinfo/{number}").read_text(), re.MULTILINE)
    return {str(number), *watched}


def _hub() -> Any:
    module: Any = sys.modules.get("gevent._hub_local")
    return module.get_hub_if_exists() if module else None


def _kept_alive_connections(_new: set[str]) -> set[str]:
    module: Any = sys.modules.get("concurrent_strategies.http.blocking")
    shelves = [thing for thing in gc.get_objects() if type(thing) is module._Shelf] if module else []
    return {str(connection.sock._sock.fileno()) for shelf in shelves for _, connection in shelf._idle}


# kind, reason, and what tells which of the new ones they are
KEPT: tuple[tuple[str, str, Callable[[set[str]], set[str]]], ...] = (
    ("threads", "trio keeps threads without work for ten seconds", _idle_threads_of_trio),
    ("threads", "tqdm has one thread that watches all of its bars, from the first on", _monitor_of_tqdm),
    ("threads", "gevent keeps native threads for what cannot be cooperative", _threads_of_the_hub),
    ("descriptors", "gevent's hub, made at its first use, lives as long as its thread", _descriptors_of_the_hub),
    ("descriptors", "`fetch` keeps connections alive as long as the thread that has them", _kept_alive_connections),
)
