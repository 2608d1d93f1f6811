"""The strategies that the fault catalogue is run over, by a short name each; also for the programs in `scripts/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import concurrent_strategies as cs


class Spec(NamedTuple):
    """One column of the catalogue.

    Attributes:
        kind: its letter there: S sync, T thread, P process, G green, A asyncio and trio; besides, where a case says so,
            W for processes that are spawned, F for forked ones, H for those with an inner strategy, and I for green in
            a process of its own.
        make: makes the strategy from `max_workers` and options.
    """

    kind: str
    make: Callable[..., Any]


def _process(start_method: str) -> Callable[..., Any]:
    return lambda *args, **options: cs.ProcessStrategy(*args, start_method=start_method, **options)


def _hybrid(inner: Callable[[], Any]) -> Callable[..., Any]:
    return lambda *args, **options: cs.ProcessStrategy(*args, inner=inner(), **options)


SPECS = {
    "sync": Spec("S", cs.SyncStrategy),
    "thread": Spec("T", cs.ThreadStrategy),
    "process": Spec("P", _process("forkserver")),
    "process-spawn": Spec("W", _process("spawn")),
    "process-fork": Spec("F", _process("fork")),
    "process/asyncio": Spec("H", _hybrid(lambda: cs.AsyncioStrategy(2))),
    "asyncio": Spec("A", cs.AsyncioStrategy),
    "trio": Spec("A", cs.TrioStrategy),
    "auto": Spec("T", cs.AutoStrategy),
    "green": Spec("I", cs.GreenStrategy),
    "green-in-place": Spec("G", cs.GreenStrategy),
}


def make(spec: str, *args: Any, **options: Any) -> Any:
    """Make the strategy of this name."""
    return SPECS[spec].make(*args, **options)


def scratch() -> Path:
    """Return the directory of the running case: the same in all of its processes."""
    return Path(os.environ["FAULTS_DIR"])


def say(event: str) -> None:
    """Let whoever waits know that something has happened; from any process of the case."""
    (scratch() / f"event.{event}").write_text(str(time.monotonic()))


def said(event: str) -> bool:
    """Tell whether something has happened."""
    return (scratch() / f"event.{event}").exists()


def await_event(event: str, timeout: float = 20.0) -> None:
    """Wait until something has happened, as long as a hung case may take."""
    deadline = time.monotonic() + timeout
    while not said(event):
        if time.monotonic() > deadline:
            raise AssertionError(f"{event!r} has not happened within {timeout} s")
        time.sleep(0.005)


def log(name: str, text: object) -> None:
    """Append one line to a log of the case, in one write: lines of several processes never mix."""
    fd = os.open(scratch() / f"log.{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, f"{text}\n".encode())
    finally:
        os.close(fd)


def logged(name: str) -> list[str]:
    """Return the lines of a log."""
    try:
        return (scratch() / f"log.{name}").read_text().splitlines()
    except FileNotFoundError:
        return []
