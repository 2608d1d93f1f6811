"""The rows that concern a whole program: its Ctrl-C, its end, its main module. What each does is in `scripts/`."""

from __future__ import annotations

import os
import signal
import time

from .catalogue import Script, add
from .harness import Program

EVERY = "STPGIA"
STARTED = EVERY + "WFH"
INTERRUPTED = (-signal.SIGINT,)
ONE_TRACEBACK = r"Traceback \(most recent call last\):\n(?!.*Traceback).*\nKeyboardInterrupt\n"


def interrupt_group(program: Program) -> None:
    """Press Ctrl-C: the terminal tells every process of the group."""
    program.await_event("busy")
    os.killpg(program.popen.pid, signal.SIGINT)


def interrupt_parent(program: Program) -> None:
    """Interrupt the program itself only."""
    program.await_event("busy")
    os.kill(program.popen.pid, signal.SIGINT)


def interrupt_often(program: Program) -> None:
    """Press Ctrl-C six times, as the impatient do."""
    program.await_event("busy")
    for _ in range(6):
        if program.popen.poll() is None:
            os.killpg(program.popen.pid, signal.SIGINT)
        time.sleep(0.1)


def interrupt_until_enough(program: Program) -> None:
    """Press Ctrl-C again and again, and tell a program that puts up with it when it is over."""
    interrupt_often(program)
    (program.directory / "event.enough").write_text("")


def interrupt_while_starting(program: Program) -> None:
    """Press Ctrl-C while the workers are being started."""
    program.await_event("starting")
    time.sleep(0.03)
    os.killpg(program.popen.pid, signal.SIGINT)


def terminate(program: Program) -> None:
    """Ask the program to end, which it does at once, without a word to anybody."""
    program.await_event("busy")
    os.kill(program.popen.pid, signal.SIGTERM)


for _how, _kinds in (("map", STARTED), ("consumer", EVERY), ("amap", EVERY)):
    _end = {"bound": 5, "status": INTERRUPTED, "noise": ONE_TRACEBACK if _how != "amap" else r".*KeyboardInterrupt\n"}
    add(Script("S1", "ctrl_c.py", _kinds, act=interrupt_group, arguments=(_how,), **_end))  # type: ignore[arg-type]
add(Script("S1", "ctrl_c.py", EVERY, 5, interrupt_group, arguments=("caught",), output="interrupted\nusable\n"))
add(Script("S1", "ctrl_c.py", "PWFH", 5, interrupt_while_starting, INTERRUPTED, "", ONE_TRACEBACK, ("starting",)))
# Whoever presses it again and again may see more than one traceback, or none.
add(Script("S1", "ctrl_c.py", EVERY, 5, interrupt_often, (*INTERRUPTED, 1), "", ".*", ("often",)))
add(Script("S2", "ctrl_c.py", EVERY, 5, interrupt_parent, INTERRUPTED, "", ONE_TRACEBACK, ("map",)))
add(Script("S2", "ctrl_c.py", EVERY, 5, interrupt_parent, arguments=("caught",), output="interrupted\nusable\n"))

add(Script("S1", "ctrl_c.py", "PI", 5, interrupt_group, INTERRUPTED, "", ONE_TRACEBACK, ("loading",)))
add(Script("S1", "ctrl_c.py", "PI", 5, interrupt_group, INTERRUPTED, "", ONE_TRACEBACK, ("dumping",)))
add(Script("S1", "ctrl_c.py", EVERY, 8, interrupt_until_enough, output="clean\n", arguments=("stubborn",)))

for _how, _kinds in (("busy", "PWFHI"), ("idle", "PWFHI"), ("holding", "PFI"), ("starting", "PWI"), ("forked", "PWFI")):
    _row, _output = "S4" if _how == "idle" else "S3", "clean\n" if _how == "forked" else ""
    add(Script(_row, "killed.py", _kinds, 2, None, (-signal.SIGKILL,), _output, arguments=(_how,)))
add(Script("S5", "ctrl_c.py", EVERY, 2, terminate, (-signal.SIGTERM,), arguments=("map",)))

for _how in ("stream", "strategy", "thread", "cycle", "locked"):
    add(Script("S7", "ends.py", EVERY, 5, arguments=(_how,), output="end\n"))
add(Script("S7", "ends.py", EVERY, 5, None, (1,), "", r"Traceback (?!.*Traceback).*\nLookupError: .*\n", ("raises",)))
add(Script("S7", "ends.py", EVERY, 5, None, (7,), "", "", ("exits",)))

add(Script("P9", "main_module.py", "PWFH", 4, output="all right\n"))
add(Script("P9", "main_module.py", "PWFH", 4, output="all right\n", arguments=("notebook",)))
add(Script("F10", "patched.py", "STPWHGIA", 5, output="all right\n"))
add(Script("F15", "no_guard.py", EVERY, 5, output=r"main\n\[1, 2, 3, 4\]\n"))
add(Script("F16", "floods.py", EVERY, 3, output=r"(?=.*\nall right\n$).*", noise=".*"))
