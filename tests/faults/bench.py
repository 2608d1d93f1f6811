"""The process in which cases run: `python -m tests.faults.bench SPEC FD` runs those that are named on the socket FD, one
after the other, and answers each with what came out.
"""

from __future__ import annotations

import sys

if "--patched" in sys.argv:  # before anything else, as gevent demands
    from gevent import monkey

    monkey.patch_all()

import gc
import json
import os
import socket
import time
import traceback
import warnings
from typing import Any

from . import catalogue, marks
from .probe import Probe


def main(spec: str, fd: int) -> None:
    """Answer requests until there are none."""
    mark = os.environ[marks.VARIABLE]
    catalogue.load()
    # A program that is only interrupted by the tests must not ignore it because the test runner does.
    warnings.simplefilter("default")
    line = socket.socket(fileno=fd)
    line.set_inheritable(False)
    with line, line.makefile("r") as requests:
        for request in requests:
            answer = _run(catalogue.CASES[request.strip()], Probe(spec, mark))
            line.sendall(json.dumps(answer).encode() + b"\n")


def _run(case: catalogue.Case, probe: Probe) -> dict[str, Any]:
    """Run one case; return what is wrong, and how long it took."""
    problems: list[str] = []
    before = _descriptors()
    start = time.monotonic()
    try:
        case.body(probe)
    except BaseException:
        problems.append(traceback.format_exc())
    seconds = time.monotonic() - start
    probe.close()
    gc.collect()
    if not case.own_process:
        problems += _left_behind(probe, before)
    return {"problems": problems, "seconds": seconds}


def _left_behind(probe: Probe, before: dict[str, str]) -> list[str]:
    """Return what is still there that was not there before."""
    problems = []
    if pids := marks.left_over(probe.mark, 6.0):
        problems.append(f"processes are left:\n{marks.describe(pids)}")
    if pids := marks.zombies():
        problems.append(f"ended children that nobody asked how: {pids}")
    now = _descriptors()
    if len(now) > len(before):
        more = {fd: what for fd, what in now.items() if before.get(fd) != what}
        problems.append(f"{len(now) - len(before)} descriptors are left, among {more}")
    return problems


def _descriptors() -> dict[str, str]:
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue  # the one that lists them
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
