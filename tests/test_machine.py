"""What the machine is asked, each time on a tree of files of its own; nothing here depends on where it runs."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from concurrent_strategies._errors import InvalidOption
from concurrent_strategies._machine import (
    CORES_VARIABLE,
    DEPTH_VARIABLE,
    Machine,
    core_limits,
    default_start_method,
    usable_cores,
)

Tree = Callable[[dict[str, str]], Path]

EIGHT = {"proc/self/status": "Name:\tpython\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n"}
VERSION_2 = {"proc/self/cgroup": "0::/user.slice/job\n"}
VERSION_1 = {"proc/self/cgroup": "5:memory:/job\n4:cpu,cpuacct:/job\n3:pids:/job\n0::/\n"}
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             500                  900                  processes
Max open files            1024                 524288               files
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Write files below a root, and keep what the interpreter counts out of it."""
    monkeypatch.delattr(os, "process_cpu_count", raising=False)

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def cores(root: Path, **environ: str) -> float:
    """Ask for the usable cores below a root."""
    return usable_cores(root, environ)


@pytest.mark.parametrize(("listed", "count"), [("0", 1), ("0-7", 8), ("0-1,4,6-7", 5), ("2,3", 2)])
def test_affinity_counts(tree: Tree, listed: str, count: int) -> None:
    """Cores that the process may not be scheduled on do not count."""
    assert cores(tree({"proc/self/status": f"Cpus_allowed_list:\t{listed}\n"})) == count


def test_without_any_file_the_system_is_asked(tmp_path: Path) -> None:
    """Where there is no proc, the number of cores still is one that can be computed with."""
    assert 1 <= usable_cores(tmp_path, {}) < math.inf


def test_quota_of_version_2_keeps_its_fraction(tree: Tree) -> None:
    """A container granted one and a half cores has one and a half cores."""
    root = tree(EIGHT | VERSION_2 | {"sys/fs/cgroup/user.slice/job/cpu.max": "150000 100000\n"})
    assert cores(root) == 1.5
    assert core_limits(root, {}) == {"affinity": 8.0, "quota": 1.5}


def test_quota_of_version_1_counts(tree: Tree) -> None:
    """Both files of version 1 together make a quota."""
    folder = "sys/fs/cgroup/cpu,cpuacct/job"
    files = {f"{folder}/cpu.cfs_quota_us": "250000\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    assert cores(tree(EIGHT | VERSION_1 | files)) == 2.5


def test_quota_of_version_1_is_found_under_its_short_name(tree: Tree) -> None:
    """The controller's own name is a mount point as well."""
    files = {"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "100000", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000"}
    assert cores(tree(EIGHT | VERSION_1 | files)) == 1.0


@pytest.mark.parametrize("text", ["max 100000\n", "", "rubbish", "0 100000\n", "100000\n", "100000 0\n"])
def test_no_quota_is_no_limit(tree: Tree, text: str) -> None:
    """A group without a quota, or with one that cannot be read, grants all cores."""
    assert cores(tree(EIGHT | VERSION_2 | {"sys/fs/cgroup/user.slice/job/cpu.max": text})) == 8


def test_no_quota_of_version_1_is_no_limit(tree: Tree) -> None:
    """Minus one means no quota."""
    files = {"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n"}
    assert cores(tree(EIGHT | VERSION_1 | files)) == 8


def test_the_least_quota_of_all_groups_above_counts(tree: Tree) -> None:
    """What a parent group does not grant, a child cannot use."""
    files = {
        "sys/fs/cgroup/user.slice/job/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/user.slice/cpu.max": "200000 100000\n",
    }
    assert cores(tree(EIGHT | VERSION_2 | files)) == 2


def test_a_path_of_the_host_does_not_hide_the_quota(tree: Tree) -> None:
    """In a container the listed path may be the host's; the mount point itself is then the group."""
    assert cores(tree(EIGHT | {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/cpu.max": "50000 100000"})) == 0.5


def test_what_the_interpreter_counts_is_one_of_the_limits(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-X cpu_count` and `PYTHON_CPU_COUNT` are obeyed where the interpreter knows them."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)
    assert core_limits(tree(EIGHT), {}) == {"affinity": 8.0, "interpreter": 3.0}
    assert cores(tree(EIGHT)) == 3


@pytest.mark.parametrize(("override", "count"), [("2", 2), ("1.5", 1.5), (" 0.5 ", 0.5), ("64", 8), ("", 8)])
def test_the_override_lowers_and_never_raises(tree: Tree, override: str, count: float) -> None:
    """The user's variable is the last of the limits, and the least of all wins."""
    assert cores(tree(EIGHT), **{CORES_VARIABLE: override}) == count


@pytest.mark.parametrize("override", ["two", "0", "-1", "nan", "inf"])
def test_a_bad_override_is_an_error_that_names_it(tree: Tree, override: str) -> None:
    """A variable that cannot be read is not passed over."""
    with pytest.raises(InvalidOption, match=f"{CORES_VARIABLE}=.*{override}.*such as 2 or 1.5"):
        cores(tree(EIGHT), **{CORES_VARIABLE: override})


@pytest.mark.parametrize(("count", "workers"), [(0.5, 1), (1, 1), (1.5, 1), (2.9, 2), (64, 64)])
def test_workers_round_down_to_at_least_one(count: float, workers: int) -> None:
    """A fraction of a core is kept for the model and makes no worker."""
    machine = Machine(cores=count)
    assert (machine.cores, machine.workers) == (count, workers)


def test_detect_reads_the_limits(tree: Tree) -> None:
    """Descriptors and processes are the soft limits, and the group's own limit counts too."""
    machine = Machine.detect(tree(EIGHT | {"proc/self/limits": LIMITS}), {})
    assert (machine.cores, machine.descriptors, machine.processes) == (8, 1024, 500)
    files = {"proc/self/limits": LIMITS, "sys/fs/cgroup/user.slice/job/pids.max": "100\n"}
    assert Machine.detect(tree(EIGHT | VERSION_2 | files), {}).processes == 100


def test_detect_reads_unlimited_as_no_limit(tree: Tree) -> None:
    """A limit that is not set is not a number."""
    limits = LIMITS.replace("500 ", "unlimited").replace("1024 ", "unlimited")
    machine = Machine.detect(tree(EIGHT | {"proc/self/limits": limits}), {})
    assert (machine.descriptors, machine.processes, machine.memory) == (None, None, None)


def test_detect_reads_the_memory_that_is_left(tree: Tree) -> None:
    """What the machine has available, or less if the control group grants less."""
    meminfo = {"proc/meminfo": "MemTotal: 16000 kB\nMemFree: 100 kB\nMemAvailable:    8000 kB\n"}
    assert Machine.detect(tree(EIGHT | meminfo), {}).memory == 8000 * 1024
    group = "sys/fs/cgroup/user.slice/job"
    files = {f"{group}/memory.max": "5000000\n", f"{group}/memory.current": "2000000\n"}
    assert Machine.detect(tree(EIGHT | meminfo | VERSION_2 | files), {}).memory == 3_000_000


def test_detect_reads_the_memory_of_version_1(tree: Tree) -> None:
    """Version 1 has other names for the same."""
    group = "sys/fs/cgroup/memory/job"
    files = {f"{group}/memory.limit_in_bytes": "5000000\n", f"{group}/memory.usage_in_bytes": "6000000\n"}
    assert Machine.detect(tree(EIGHT | VERSION_1 | files), {}).memory == 0


def test_detect_knows_a_worker_of_this_library(tree: Tree) -> None:
    """The depth that a process worker's environment holds is seen."""
    root = tree(EIGHT)
    assert [Machine.detect(root, {DEPTH_VARIABLE: depth}).nested for depth in ("", "0", "1", "2")] == [
        False,
        False,
        True,
        True,
    ]


def test_detect_sees_a_running_loop(tree: Tree) -> None:
    """Inside a coroutine the caller is inside a loop, and outside it is not."""
    root = tree(EIGHT)

    async def ask() -> bool:
        return Machine.detect(root, {}).running_loop

    assert asyncio.run(ask()) is True
    assert Machine.detect(root, {}).running_loop is False


def test_detect_sees_the_interpreter(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GIL is asked for when it matters, as an import may switch it on again."""
    root = tree(EIGHT)
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    machine = Machine.detect(root, {})
    assert (machine.gil, machine.python, machine.platform) == (False, sys.version_info[:2], sys.platform)
    monkeypatch.delattr(sys, "_is_gil_enabled")
    assert Machine.detect(root, {}).gil is True


def test_the_start_method_never_forks_threads() -> None:
    """Linux has the forkserver, everything else starts afresh."""
    assert [default_start_method(name) for name in ("linux", "darwin", "win32")] == ["forkserver", "spawn", "spawn"]


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("cores", 0),
        ("cores", -1),
        ("cores", math.nan),
        ("cores", True),
        ("cores", "2"),
        ("start_method", "thread"),
        ("threads", None),
        ("threads", 1.5),
        ("descriptors", -1),
        ("memory", "1 GB"),
    ],
)
def test_a_fact_that_cannot_be_is_named(fact: str, value: object) -> None:
    """A machine made by hand is checked like any option."""
    with pytest.raises(InvalidOption, match=f"^{fact}="):
        Machine(**{fact: value})  # type: ignore[arg-type]


IN_A_FRESH_PROCESS = """
import sys
from concurrent_strategies._machine import Machine, usable_cores
usable_cores()
machine = Machine.detect()
heavy = {"asyncio", "multiprocessing", "concurrent.futures", "gevent", "logging"} & set(sys.modules)
print(sorted(heavy), machine.daemon, machine.gevent_patched, machine.running_loop, machine.threads)
"""
PATCHED = """
from gevent import monkey
monkey.patch_all()
from concurrent_strategies._machine import Machine
print(Machine.detect().gevent_patched)
"""
DAEMON = """
import multiprocessing
from concurrent_strategies._machine import Machine
def tell(queue): queue.put(Machine.detect().daemon)
queue = multiprocessing.get_context("fork").SimpleQueue()
child = multiprocessing.get_context("fork").Process(target=tell, args=(queue,), daemon=True)
child.start()
print(Machine.detect().daemon, queue.get())
child.join()
"""


@pytest.mark.parametrize(
    ("script", "output"),
    [(IN_A_FRESH_PROCESS, "[] False False False 1"), (PATCHED, "True"), (DAEMON, "False True")],
    ids=["looking costs no import", "gevent", "daemon"],
)
def test_facts_of_another_process(script: str, output: str) -> None:
    """Facts that only a process of its own can show; looking for them imports nothing."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == output
