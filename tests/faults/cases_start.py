"""Rows F1 to F7: workers that cannot be started, and machines that lack something."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import concurrent_strategies as cs

from . import specs
from .catalogue import case
from .probe import Probe, caught, failures, plus_one, same, values

EVERY = "STPWFGIA"


def broken_initializer(kind: str = "ValueError") -> None:
    """Count, and fail."""
    specs.log("starts", os.getpid())
    if kind == "exit":
        os._exit(5)
    if kind == "second" and len(specs.logged("starts")) < 2:
        return
    if kind == "SystemExit":
        raise SystemExit(4)
    raise ValueError("the initializer's own")


def _start_error(error: BaseException | None, cause: type[BaseException] | None) -> None:
    assert isinstance(error, cs.WorkerStartError), repr(error)
    if cause is not None:
        assert isinstance(error.__cause__, cause), repr(error.__cause__)


@case("F1", "TPW", bound=2)
def initializer_raises(probe: Probe) -> None:
    """An initializer that raises is the cause of WorkerStartError, in every verb; nothing is started for ever."""
    for kind, cause in (("ValueError", ValueError), ("SystemExit", SystemExit)):
        with probe.make(2, initializer=broken_initializer, initargs=(kind,)) as strategy:
            _start_error(caught(lambda: strategy.map(plus_one, range(8))), cause)
            _start_error(caught(lambda: list(strategy.stream(plus_one, iter(range(8))))), cause)
            lost = failures(strategy.outcomes(plus_one, range(8)))
            assert len(lost) == 8
            for error in lost.values():
                _start_error(error, cause)
    cold = probe.make(2, initializer=broken_initializer)
    _start_error(caught(lambda: cold.map(plus_one, range(8))), ValueError)
    assert len(specs.logged("starts")) <= (2 * 3 + 1) * 4, specs.logged("starts")
    # A mistake in one strategy is none in the next.
    probe.usable(probe.make(2))


@case("F1", "TPF", bound=2)
def initializer_raises_later(probe: Probe) -> None:
    """When only some workers can be prepared, nothing hangs and every item has one outcome."""
    with probe.make(3, initializer=broken_initializer, initargs=("second",)) as strategy:
        outcomes = list(strategy.outcomes(same, range(50)))
        assert [outcome.index for outcome in outcomes] == list(range(50))
        for error in failures(outcomes).values():
            _start_error(error, ValueError)


class BrokenResource:
    """A resource that cannot be made."""

    def __init__(self) -> None:
        raise ConnectionError("no server")


@case("F1", "TPIA", bound=2)
def resource_raises(probe: Probe) -> None:
    """So does a `worker_resource` that cannot be made."""
    with probe.make(2, worker_resource=BrokenResource) as strategy:
        _start_error(caught(lambda: strategy.map(plus_one, range(8))), ConnectionError)


@case("F2", "PWF", bound=5)
def initializer_kills(probe: Probe) -> None:
    """An initializer that ends its process does so a few times, and then that is the error."""
    for warm in (True, False):
        strategy = probe.make(2, initializer=broken_initializer, initargs=("exit",))
        if warm:
            strategy.__enter__()
        before = len(specs.logged("starts"))
        raised = caught(lambda s=strategy: s.map(plus_one, range(8)))
        assert isinstance(raised, cs.WorkerStartError), repr(raised)
        assert len(specs.logged("starts")) - before <= 8, specs.logged("starts")
        outcomes = list(strategy.outcomes(plus_one, range(50)))
        assert len(failures(outcomes)) == 50
        strategy.close()
    probe.usable(probe.make(2))


def _refuse_after(count: int) -> Any:
    """Have starting a process fail after so many, as on a machine that has none left; return what puts it back."""
    import _posixsubprocess
    import subprocess

    real_exec, real_fork, left = _posixsubprocess.fork_exec, os.fork, count

    def limited(real: Any, *args: Any) -> Any:
        nonlocal left
        if left <= 0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        left -= 1
        return real(*args)

    def patch(new_exec: Any, new_fork: Any) -> None:
        _posixsubprocess.fork_exec = new_exec
        os.fork = new_fork
        subprocess._fork_exec = new_exec  # type: ignore[attr-defined]

    patch(partial(limited, real_exec), partial(limited, real_fork))
    return lambda: patch(real_exec, real_fork)


@case("F4", "PWFH", bound=3, alone=True)
def second_process_refused(probe: Probe) -> None:
    """With one process fewer than wanted it goes on and warns; with none it says so; nothing hangs."""
    for count in (1, 0):
        restore = _refuse_after(count)
        try:
            with warnings.catch_warnings(record=True) as caught_warnings, probe.make(3) as strategy:
                warnings.simplefilter("always")
                outcomes = list(strategy.outcomes(nap, range(30)))
                raised = caught(lambda s=strategy: s.map(nap, range(8)))
        finally:
            restore()
        assert [outcome.index for outcome in outcomes] == list(range(30))
        if count:
            assert values(outcomes) == {k: k for k in range(30)}, failures(outcomes)
            assert raised is None
            if probe.spec in ("process-spawn", "process-fork"):  # else the one process is the server that forks
                assert [str(w.message) for w in caught_warnings if issubclass(w.category, RuntimeWarning)]
        else:
            assert len(failures(outcomes)) == 30
            for error in failures(outcomes).values():
                _start_error(error, OSError)
            _start_error(raised, OSError)
        probe.usable(strategy := probe.make(2))
        strategy.close()


def nap(item: int) -> int:
    """Take 5 ms."""
    time.sleep(0.005)
    return item


@case("F4", "P", bound=4, environment=(("FAULTS_FORKS", "1"),), noise=r"(.*RuntimeWarning.*)?")
def second_fork_refused_far_away(probe: Probe) -> None:
    """So it is when the fork fails in another process than the program's own."""
    with probe.make(3) as strategy:
        assert strategy.map(nap, range(30)) == list(range(30))


@case("F4", "P", bound=4, environment=(("FAULTS_FORKS", "0"),), noise=r"(.*RuntimeWarning.*)?")
def first_fork_refused_far_away(probe: Probe) -> None:
    """With no process at all, each item says that none could be started."""
    if probe.spec == "process-spawn":
        return  # starts no process by a fork of its own
    with probe.make(3) as strategy:
        lost = failures(strategy.outcomes(nap, range(30)))
        assert len(lost) == 30, sorted(lost)
        for error in lost.values():
            _start_error(error, None)


@case("F4", "TPWFIA", bound=8, alone=True, noise=r".*")
def no_processes_left(probe: Probe) -> None:
    """Under a real limit of processes and threads, however low, every item has an outcome and nothing hangs."""
    import resource

    _bow_to_limits()
    probe.usable(probe.make(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    here = _tasks_of_this_user()
    for more in range(8):
        resource.setrlimit(resource.RLIMIT_NPROC, (here + more, hard))
        try:
            with probe.make(3) as strategy:
                outcomes = list(strategy.outcomes(nap, range(12)))
        finally:
            resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
        assert [outcome.index for outcome in outcomes] == list(range(12)), (more, outcomes)
        for error in failures(outcomes).values():
            assert isinstance(error, cs.WorkerStartError | cs.WorkerDied), (more, error)
    probe.usable(probe.make(2))


def _bow_to_limits() -> None:
    """Have the kernel hold this process to its limits although it is root's: it has another real user from now on."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, sys_admin, sys_resource = 24, 21, 24
    for capability in (sys_admin, sys_resource):
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)
    os.setresuid(54321, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    libc.capget(header, sets)
    for index in (0, 1):  # effective and permitted; the inheritable set is empty
        sets[index] &= ~(1 << sys_admin | 1 << sys_resource)
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def _tasks_of_this_user() -> int:
    mine, count = str(os.getuid()), 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                status = Path(f"/proc/{entry}/status").read_text()
                if status.partition("\nUid:")[2].split()[0] == mine:
                    count += len(os.listdir(f"/proc/{entry}/task"))
            except (OSError, IndexError):
                continue
    return count


@case("F4", "TPWFIA", bound=6, alone=True, noise=r".*")
def no_descriptors_left(probe: Probe) -> None:
    """When descriptors run out, every item has an outcome or the call one clear error, and nothing hangs."""
    import resource

    probe.usable(probe.make(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    here = len(os.listdir("/proc/self/fd"))
    for more in range(0, 26, 2):
        strategy = probe.make(3)
        resource.setrlimit(resource.RLIMIT_NOFILE, (here + more, hard))
        try:
            got = caught(lambda s=strategy: s.map(nap, range(12)))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert got is None or isinstance(got, OSError | cs.WorkerStartError), (more, repr(got))
        strategy.close()
    probe.usable(probe.make(2))


@case("F6", "STPWFHGIA", bound=3, environment=(("FAULTS_NO_SEMAPHORES", "1"),))
def no_semaphores(probe: Probe) -> None:
    """Nothing needs a semaphore."""
    with probe.make(2) as strategy:
        assert strategy.map(nap, range(20)) == list(range(20))
        probe.usable(strategy)
    assert "multiprocessing.synchronize" not in sys.modules


_FULL = (
    "mount -t tmpfs -o size=4k tmpfs /dev/shm 2>/dev/null && dd if=/dev/zero of=/dev/shm/full bs=4k count=1 2>/dev/null;"
    'exec "$@"'
)
# Where not even an own name space is allowed, the case above remains, which needs no permission.
_PRIVATE = (
    f"unshare -m sh -c '{_FULL}' sh true 2>/dev/null && exec unshare -m sh -c '{_FULL}' sh \"$@\"; "
    f"unshare -rm sh -c '{_FULL}' sh true 2>/dev/null && exec unshare -rm sh -c '{_FULL}' sh \"$@\"; "
    'exec "$@"'
)


@case("F6", EVERY, bound=3, shell=_PRIVATE)
def no_room_in_shared_memory(probe: Probe) -> None:
    """A full /dev/shm, in a private mount where the kernel allows one, takes nothing away."""
    with probe.make(2) as strategy:
        assert strategy.map(nap, range(20)) == list(range(20))
        assert strategy.map(len, [bytes(3 << 20)] * 4) == [3 << 20] * 4
        probe.usable(strategy)


@case("F7", EVERY, bound=3, shell='exec "$@" <&- >&- 2>&-')
def no_standard_descriptors(probe: Probe) -> None:
    """A program without stdin, stdout and stderr works, and what is printed hits nothing."""
    _works_without_streams(probe)


@case("F7", "PF", bound=3, shell='exec "$@" <&-')
def no_stdin(probe: Probe) -> None:
    """A program without stdin works."""
    _works_without_streams(probe)


@case("F7", "PF", bound=3, shell='exec "$@" >&-')
def no_stdout(probe: Probe) -> None:
    """A program without stdout works."""
    _works_without_streams(probe)


def _works_without_streams(probe: Probe) -> None:
    os.environ["FAULTS_HOME"] = str(os.getpid())
    for _ in range(2):
        with probe.make(2) as strategy:
            assert strategy.map(noisy, range(20)) == list(range(20))
            assert len(list(strategy.stream(same, iter(range(500))))) == 500
            probe.usable(strategy)


def noisy(item: int) -> int:
    """Write to where the standard streams would be, and look, in a worker process, whether something else is there."""
    if sys.stdout is not None:
        print("x" * 100)
    for fd in (1, 2) if os.environ["FAULTS_HOME"] != str(os.getpid()) else ():
        try:
            kind = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        if kind.startswith(("socket:", "anon_inode:", "pipe:")):
            raise AssertionError(f"descriptor {fd} is {kind}")
    return item


@case("F17", "TPWFIA", bound=3, alone=True)
def many_descriptors_open(probe: Probe) -> None:
    """A program with more than a thousand descriptors open works: none of ours needs a small number."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1200)]
    with probe.make(2) as strategy:
        assert strategy.map(nap, range(20)) == list(range(20))
        probe.usable(strategy)
    for fd in opened:
        os.close(fd)


@case("F18", "SPWFI", bound=3, alone=True)
def directory_gone(probe: Probe) -> None:
    """A program whose working directory has been removed works."""
    directory = specs.scratch() / "gone"
    directory.mkdir()
    os.chdir(directory)
    directory.rmdir()
    with probe.make(2) as strategy:
        assert strategy.map(nap, range(20)) == list(range(20))
        probe.usable(strategy)


def slow_initializer() -> None:
    """Take longer than an item may."""
    time.sleep(0.8)


@case("F1", "TP", bound=3)
def initializer_is_slow(probe: Probe) -> None:
    """What the initializer takes is not the first item's time."""
    with probe.make(2, initializer=slow_initializer, task_timeout=0.4) as strategy:
        assert strategy.map(nap, range(20)) == list(range(20))
        probe.usable(strategy)
