"""Rows S1 to S7 and F15: what concerns a whole program; its end is what is judged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults import programs, specs
from tests.faults.harness import Program

from .column import Column
from .rows import EVERY, Wait, brief, caught, row, worked

INTERRUPTED = (-signal.SIGINT, 1, 130)
KILLED = (-signal.SIGKILL,)


def _busy(column: type[Column]) -> None:
    with column() as pool:
        pool.map(column.of(Wait(30.0)), range(8))


row("S1", "Ctrl-C", EVERY, 5, act=programs.interrupt_group, status=INTERRUPTED)(_busy)
row("S2", "SIGINT to the program only", EVERY, 5, act=programs.interrupt_parent, status=INTERRUPTED)(_busy)


def kill(program: Program) -> None:
    """Kill the program."""
    program.await_event("busy")
    time.sleep(0.2)
    os.kill(program.popen.pid, signal.SIGKILL)


row("S3", "the program is killed while its workers are busy", "P", 2, act=kill, status=KILLED)(_busy)


@row("S4", "the program is killed while its workers are idle", "P", 2, act=kill, status=KILLED)
def idle(column: type[Column]) -> None:
    """Its workers go with it."""
    with column() as pool:
        pool.map(Wait(0.01), range(20))
        time.sleep(30.0)


@row("S7", "the interpreter exits with a half used stream", EVERY, 5, needs="stream")
def half_used(column: type[Column]) -> None:
    """It ends."""
    pool = column()
    stream = pool.stream(column.of(Wait(0.2)), range(200))
    worked(next(stream), 0)
    globals()["kept"] = (pool, stream)


@row("S7b", "an exception in the consumer of a stream", EVERY, 5, needs="stream")
def consumer_raises(column: type[Column]) -> None:
    """It leaves the pool's block, and the program ends."""

    def consume() -> None:
        with column() as pool:
            for _ in pool.stream(column.of(Wait(0.2)), range(200)):
                raise LookupError("the consumer's")

    raised = caught(consume)
    assert isinstance(raised, LookupError), brief(raised)


@row("F15", "a script without a __main__ guard, under spawn", "P", 5)
def no_guard(column: type[Column]) -> str:
    """It works, or ends with an error; it does not start processes for ever."""
    script = Path(__file__).with_name("no_guard.py")
    command = [sys.executable, str(script), column.name]
    since = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    starts = len(specs.logged("mains"))
    assert starts <= 12, f"{starts} starts of the script"
    if done.returncode:
        clear = ("bootstrapping phase", "__main__", "process pool")
        assert any(words in done.stderr for words in clear), f"an error that does not say why: {done.stderr[-80:]}"
        return f"an error after {time.monotonic() - since:.1f} s"
    assert "[1, 2, 3, 4]" in done.stdout
    return "works"
