"""The same work on other machines: each is injected, none is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from concurrent_strategies import advise
from concurrent_strategies._machine import Machine

CPU: dict[str, Any] = {"kind": "cpu", "duration": 0.1, "n_items": 1000}
NATIVE: dict[str, Any] = {"kind": "native", "duration": 0.1, "n_items": 1000}
MIXED: dict[str, Any] = {"kind": "mixed", "duration": 0.1, "n_items": 1000}
SLOW: dict[str, Any] = {"kind": "io", "duration": 0.2, "n_items": 5000}
FAST: dict[str, Any] = {"kind": "io", "duration": 0.002, "n_items": 5000, "connections": "few"}
ONE = Machine(cores=1)
QUOTA = Machine(cores=1.5)
BIG = Machine(cores=64)
FREE = Machine(cores=8, gil=False)
SPAWN = Machine(cores=4, start_method="spawn", platform="win32")
LOOP = Machine(cores=4, running_loop=True)
PATCHED = Machine(cores=4, gevent_patched=True)
SCARCE = Machine(cores=4, descriptors=64)
DAEMON = Machine(cores=4, daemon=True)
WORKER = Machine(cores=4, nested=True)
BUSY = Machine(cores=2, load=3)
NEXT = Machine(cores=4, python=(3, 14))  # has sub-interpreters, of which nothing is made yet


@pytest.mark.parametrize(
    ("machine", "cpu", "native", "mixed", "slow", "fast"),
    [
        (ONE, "sync", "sync", "thread:3", "asyncio:844", "thread:8"),
        (QUOTA, "process:2", "thread:2", "process:2/thread:2", "asyncio:844", "thread:8"),
        (BIG, "process:64", "thread:64", "process:64/thread:3", "asyncio:844", "thread:8"),
        (FREE, "thread:8", "thread:8", "thread:19", "asyncio:844", "thread:64"),
        (SPAWN, "process:4", "thread:4", "process:4/thread:3", "asyncio:844", "thread:8"),
        (LOOP, "process:4", "thread:4", "process:4/thread:3", "asyncio:844", "asyncio:9"),
        (PATCHED, "process:4", "process:4", "process:4/thread:3", "green:788", "green:8"),
        (SCARCE, "process:4", "thread:4", "process:4/thread:3", "thread:32", "thread:8"),
        (DAEMON, "sync", "thread:4", "thread:3", "asyncio:844", "thread:8"),
        (WORKER, "sync", "thread:4", "thread:3", "asyncio:844", "thread:8"),
        (BUSY, "process:2", "thread:2", "process:2/thread:3", "asyncio:844", "thread:8"),
        (NEXT, "process:4", "thread:4", "process:4/thread:3", "asyncio:844", "thread:8"),
    ],
    ids=[
        *("one core", "quota", "64 cores", "free-threaded", "spawn", "loop", "gevent", "few files", "daemon", "worker"),
        *("busy", "3.14"),
    ],
)
def test_each_machine_gets_its_own_advice(
    machine: Machine, cpu: str, native: str, mixed: str, slow: str, fast: str
) -> None:
    """Five kinds of work on twelve machines."""
    assert [advise(work, machine).spec for work in (CPU, NATIVE, MIXED, SLOW, FAST)] == [cpu, native, mixed, slow, fast]


def warned(machine: Machine, work: dict[str, Any]) -> str:
    """Return all warnings in one text."""
    return "\n".join(advise(work, machine).warnings)


@pytest.mark.parametrize(
    ("machine", "work", "text"),
    [
        (ONE, CPU, "usable cores here: 1, so several workers compute no faster than one"),
        (QUOTA, CPU, "usable cores here: 1.5"),
        (FREE, CPU, "as far as they do not change the same objects"),
        (LOOP, CPU, "await the async verbs"),
        (PATCHED, CPU, "gevent has patched this program, but not its worker processes"),
        (SCARCE, SLOW, "no more than 32 at once: file descriptors"),
        (DAEMON, CPU, "process would be 3.7 times as fast, but this is a daemonic process"),
        (WORKER, CPU, "this is a worker process already"),
        (BUSY, CPU, "the machine is busy: 3 others want one of 2 cores at the same time"),
        (Machine(cores=2, start_method="fork", threads=3), CPU, "forking a process with 3 threads can deadlock"),
        (Machine(cores=2), CPU | {"by_value": True}, "pickled by value"),
        (
            Machine(cores=2, processes=100),
            SLOW | {"coroutine": False},
            "no more than 50 at once: half of the processes and threads",
        ),
    ],
)
def test_what_the_machine_makes_of_it_is_told(machine: Machine, work: dict[str, Any], text: str) -> None:
    """Each fact that changes the advice, or should, is named."""
    assert text in warned(machine, work)


@pytest.mark.parametrize(
    ("machine", "text"),
    [
        (ONE, "on this machine sync is better"),
        (FREE, "on this machine thread:8 is better"),
        (DAEMON, "it cannot run here: this is a daemonic process"),
        (WORKER, "it cannot run here: this is a worker process"),
    ],
)
def test_the_kind_alone_decides_and_the_machine_warns(machine: Machine, text: str) -> None:
    """Computing is for processes, whatever the machine; where it disagrees, it says so."""
    advice = advise({"kind": "cpu"}, machine)
    assert advice.strategy == "process"
    assert text in "\n".join(advice.warnings)


def test_the_kind_alone_still_takes_its_size_from_the_machine() -> None:
    """One process for each usable core, and no more connections than descriptors."""
    specs = [advise({"kind": "cpu"}, machine).spec for machine in (ONE, QUOTA, BIG)]
    assert specs == ["process:1", "process:2", "process:64"]
    assert advise({"kind": "io", "latency": "slow", "connections": "many"}, SCARCE).spec == "asyncio:32"


def test_a_running_loop_is_not_blocked() -> None:
    """Inside a loop even one item is not run inline, unless it is over before anyone notices."""
    assert advise({"kind": "io", "duration": 0.2, "n_items": 1}, LOOP).strategy == "asyncio"
    assert advise({"kind": "cpu", "duration": 0.2, "n_items": 1}, LOOP).strategy == "thread"
    assert advise({"kind": "cpu", "duration": 0.001, "n_items": 1}, LOOP).strategy == "sync"


def test_a_loop_is_blocked_only_if_nothing_else_is_possible() -> None:
    """Then the advice stands, with a warning for how long."""
    stuck: dict[str, Any] = {"kind": "cpu", "duration": 0.2, "n_items": 3, "thread_safe": False, "picklable": False}
    advice = advise(stuck, LOOP)
    assert advice.spec == "sync"
    assert "nothing else is possible, but it would block the event loop that is running for 600 ms" in advice.warnings


def test_windows_cannot_wait_for_more_than_61_processes() -> None:
    """A limit of the system, known before it is met."""
    big = Machine(cores=128, start_method="spawn", platform="win32")
    assert advise(CPU | {"n_items": 100_000}, big).spec == "process:61"


def test_slow_starts_need_more_work() -> None:
    """What a fork is worth, a spawned interpreter may not be."""
    work = {"kind": "cpu", "duration": 0.005, "n_items": 40}
    assert advise(work, Machine(cores=4, start_method="fork")).strategy == "process"
    assert advise(work, Machine(cores=4, start_method="spawn")).strategy == "sync"


def test_what_was_measured_beside_others_may_take_as_much_longer() -> None:
    """They may be gone the next moment, or stay: the range of the prediction holds both."""
    measured = {"gil_cpu": 0.1, "n_items": 100, "measured_items": 20, "confidence": {"gil_cpu": 0.0}}
    calm, busy = (advise(measured, Machine(cores=2, load=load)) for load in (0, 3))
    assert calm.expected_range is not None
    assert calm.expected_range[1] == pytest.approx(calm.expected_seconds)
    assert busy.expected_range is not None
    assert busy.expected_range[1] > 1.9 * (busy.expected_seconds or 0.0)


def test_on_a_busy_machine_workers_gain_what_the_others_leave_them() -> None:
    """Beside three others, one worker has half a core, and two have two fifths of one each: 1.6 times as much."""
    calm, busy = (advise(CPU, replace(BUSY, load=load)) for load in (0, 3))
    assert calm.spec == busy.spec == "process:2"
    assert calm.expected_seconds == pytest.approx(100 / (1 + 1.0 * 0.9), rel=0.01)
    assert busy.expected_seconds == pytest.approx(100 / (1 + 0.6 * 0.9), rel=0.01)


@pytest.mark.parametrize("machine", [ONE, QUOTA, BIG, FREE, SPAWN, LOOP, PATCHED, SCARCE, DAEMON, WORKER, BUSY, NEXT])
def test_measured_work_gets_each_machines_advice_too(machine: Machine) -> None:
    """With small errors, the same as declared work."""
    measured = {"measured_items": 50, "confidence": {"gil_cpu": 0.01, "wait": 0.01}}
    for work in ({"gil_cpu": 0.1, "n_items": 1000}, {"wait": 0.2, "gil_cpu": 0.0003, "n_items": 5000}):
        assert advise(work | measured, machine).spec == advise(work, machine).spec
