"""What every interpreter of a fault test does first, worker processes included: it can say where it hangs, and it has
the faults that can only be injected from within.

    SIGINT                   interrupts, though a test runner in the background ignores it, and hands that on
    SIGUSR1                  appends the stacks of all threads to $FAULTS_DIR/stacks
    FAULTS_FORKS=n           `os.fork` fails after n forks in this process, as on a machine that has no process left
    FAULTS_NO_SEMAPHORES=1   making a semaphore fails, as where /dev/shm is full
"""

from __future__ import annotations

import os


def _signals(directory: str) -> None:
    import faulthandler
    import fcntl
    import signal

    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    low = os.open(f"{directory}/stacks", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    # Far above what a program uses, and never 0, 1 or 2, which a test may have closed on purpose.
    high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(low)
    faulthandler.register(signal.SIGUSR1, file=high, all_threads=True)


def _no_more_forks(left: int) -> None:
    import errno

    real = os.fork

    def fork() -> int:
        nonlocal left
        if left <= 0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        left -= 1
        return real()

    os.fork = fork


def _no_semaphores() -> None:
    import _multiprocessing
    import errno

    class Refused:
        SEM_VALUE_MAX = _multiprocessing.SemLock.SEM_VALUE_MAX

        def __init__(self, *_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    _multiprocessing.SemLock = Refused  # type: ignore[assignment,misc]


if _directory := os.environ.get("FAULTS_DIR"):
    _signals(_directory)
if "FAULTS_FORKS" in os.environ:
    _no_more_forks(int(os.environ["FAULTS_FORKS"]))
if "FAULTS_NO_SEMAPHORES" in os.environ:
    _no_semaphores()
