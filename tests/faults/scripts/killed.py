"""A program that is killed at once, by itself: while its workers are busy, idle, in C code, or starting."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from tests.faults import marks
from tests.faults.specs import await_event, make, say

SPEC, HOW = sys.argv[1:]


def work(item: int) -> int:
    """Be busy, in the way that is asked for."""
    say("busy")
    if HOW == "holding":
        return len(str(7**400_000 * 7**400_000))
    time.sleep(0.01 if HOW == "idle" else 60.0)
    return item


def die() -> None:
    """End this program, when its workers are where they should be."""
    if HOW != "starting":
        await_event("busy")
        time.sleep(0.1)
    else:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


def outlive() -> None:
    """Be a child that goes on when the program itself is gone, with copies of all it had; see that the workers go."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.01)
    left = marks.left_over(os.environ[marks.VARIABLE], 4.0)
    print("clean" if not left else marks.describe(left), flush=True)
    os._exit(0)


with make(SPEC, 2) as strategy:
    if HOW == "forked":
        strategy.map(abs, range(20))
        if not os.fork():
            outlive()
    if HOW == "idle":
        strategy.map(work, range(20))
        die()
    threading.Thread(target=die).start()
    strategy.map(work, range(8))
