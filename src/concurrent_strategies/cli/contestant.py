"""One measurement, in a fresh process: open the strategy, map, close, and say how long that took.

`main` reads one job from standard input and writes one report to standard output, both as pickles with their length in
front. The process ends when the other end of its standard input is closed.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
from dataclasses import dataclass
from time import perf_counter
from typing import Any, BinaryIO, final

from .. import Failure, get_strategy
from .cpu_time import CpuTimer
from .target import load_function


@final
@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do.

    Attributes:
        function: as `module:function`.
        items: the input.
        strategy: as a spec string.
        keep_going: whether failed items are results like others, or end the run.
        wants_results: whether results are to be sent back, for comparing them.
    """

    function: str
    items: list[Any]
    strategy: str
    keep_going: bool = False
    wants_results: bool = True


@final
@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        seconds: opening, mapping and closing.
        cpu_seconds: of processor time meanwhile, in all processes.
        results: one pickle for each item, if they were wanted.
        problem: why there are none.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    results: list[bytes] | None = None
    problem: str = ""


def perform(job: Job) -> Report:
    """Do the job, and time what a user would wait for: opening, mapping, closing.

    Importing the function and making the strategy, which is configuration and no more, come before. What a strategy
    imports when it opens, and what the function imports when it is called, counts.
    """
    try:
        function, strategy = load_function(job.function), get_strategy(job.strategy)
        gc.collect()
        cpu, started = CpuTimer(), perf_counter()
        with strategy:
            if job.keep_going:
                results = [_comparable(outcome) for outcome in strategy.outcomes(function, job.items)]
            else:
                results = strategy.map(function, job.items)
    except Exception as error:
        return Report(problem=_told(error))
    seconds, cpu_seconds = perf_counter() - started, cpu.elapsed()
    return Report(seconds, cpu_seconds, [_pickled(result) for result in results] if job.wants_results else None)


def send(file: BinaryIO, value: object) -> None:
    """Write one value with its length in front."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    file.write(struct.pack("!Q", len(data)))
    file.write(data)
    file.flush()


def receive(file: BinaryIO) -> Any:
    """Read one value.

    Raises:
        EOFError: if the other side went away first.
    """
    head = file.read(8)
    size = struct.unpack("!Q", head)[0] if len(head) == 8 else -1
    data = file.read(size) if size >= 0 else b""
    if len(data) != size:
        raise EOFError
    return pickle.loads(data)


def _comparable(outcome: Any) -> Any:
    if isinstance(outcome, Failure):
        return f"{type(outcome.error).__name__}: {outcome.error}"
    return outcome.value


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception:  # what cannot travel is compared by what it says of itself
        return pickle.dumps(repr(value))


def _told(error: Exception) -> str:
    notes = "; ".join(getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error}" + (f" ({notes})" if notes else "")


def _end_with_parent(stdin: int) -> None:
    """Have the kernel end this process when the last writer of a pipe is gone: no thread could, inside a C call."""
    import fcntl

    if hasattr(fcntl, "F_SETOWN"):
        fcntl.fcntl(stdin, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(stdin, fcntl.F_SETFL, fcntl.fcntl(stdin, fcntl.F_GETFL) | os.O_ASYNC)


def main() -> None:
    """Be one contestant."""
    jobs, reports = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the user's function may read, and
    os.dup2(2, 1)  # ... print: neither may disturb what is said here
    job: Job = receive(jobs)
    _end_with_parent(jobs.fileno())
    send(reports, perform(job))
