"""The two errors that are also `concurrent.futures.BrokenExecutor`: a file of their own, because that base class
takes 20 ms to import (it loads `logging`) and a program without deaths should not pay for it."""

from __future__ import annotations

import signal
from concurrent.futures import BrokenExecutor

from ._errors import StrategyError


class WorkerDied(StrategyError, BrokenExecutor):
    """The worker died under this item, or after it and before it could report; the other items go on elsewhere.

    Attributes:
        index: position of the item in the input.
        pid: process id of the worker, where it has one.
        exitcode: its exit code, minus the signal number, or `None` where that is not known.
        indeterminate: whether the item may have been finished: it was handed out, and its report was lost.
    """

    def __init__(
        self, index: int, pid: int | None = None, exitcode: int | None = None, *, indeterminate: bool = False
    ) -> None:
        who = f"worker process {pid}" if pid else "the worker"
        lost = " or had just been finished" if indeterminate else ""
        super().__init__(f"{who} died ({describe_exit(exitcode)}) while item {index} was under way{lost}")
        self.index = index
        self.pid = pid
        self.exitcode = exitcode
        self.indeterminate = indeterminate


class WorkerStartError(StrategyError, BrokenExecutor):
    """No worker could be started; the `__cause__` says why, where there is an exception that does."""


def start_error(what: str, cause: BaseException | None) -> WorkerStartError:
    """Make the error of workers that could not be started, with what went wrong as its cause."""
    error = WorkerStartError(what if cause is None else f"{what}: {type(cause).__name__}: {cause}")
    error.__cause__ = cause
    return error


def describe_exit(exitcode: int | None) -> str:
    """Say in words how a process ended, given its exit code as `subprocess` counts it."""
    if exitcode is None:
        return "exit status unknown"
    if exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    if name == "SIGKILL":
        return "SIGKILL; if nobody killed it, the system may have run out of memory: try fewer max_workers"
    return name
