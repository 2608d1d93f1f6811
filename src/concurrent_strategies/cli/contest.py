"""Several strategies do the same work in turns, each time in a fresh process; what came of it, as numbers."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast, final

from .contestant import Job, Report, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Not `-m`: the program would be known as `__main__`, and its classes pickled by that name.
PROGRAM: Final = "from concurrent_strategies.cli.contestant import main; main()"
ENDING: Final = 10.0  # seconds that a process may take to end after its report


@final
@dataclass(frozen=True, slots=True)
class Workload:
    """What all strategies are given.

    Attributes:
        name: one word.
        title: what it is, for people.
        function: as `module:function`.
        items: the input.
        profile: what `advise` is told about it; `None`: what the plain loop shows.
    """

    name: str
    title: str
    function: str
    items: list[Any]
    profile: Mapping[str, Any] | None = None


@final
@dataclass(slots=True)
class Standing:
    """How one strategy did, over all rounds.

    Attributes:
        strategy: as a spec string.
        items: how many there were.
        seconds: of each round that succeeded.
        cpu: seconds of processor time, of each of them.
        results: of the first round, one pickle for each item.
        problem: why there are none.
    """

    strategy: str
    items: int
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    results: list[bytes] | None = None
    problem: str = ""

    def add(self, report: Report) -> None:
        """Take in one round."""
        if report.problem:
            self.problem = report.problem
            return
        self.seconds.append(report.seconds)
        self.cpu.append(report.cpu_seconds)
        if report.results is not None:
            self.results = report.results

    @property
    def median(self) -> float:
        """Seconds, the middle one of the rounds."""
        return statistics.median(self.seconds)

    @property
    def cpu_seconds(self) -> float:
        """Seconds of processor time, the middle one of the rounds."""
        return statistics.median(self.cpu)

    @property
    def rate(self) -> float:
        """Items per second."""
        return self.items / self.median


def compete(
    workload: Workload,
    strategies: Sequence[str],
    rounds: int,
    *,
    keep_going: bool = False,
    announce: Callable[[int, str], None] = lambda _round, _strategy: None,
) -> list[Standing]:
    """Have each strategy do the work once a round; who begins changes, so that nobody always meets a warm machine.

    Args:
        workload: the work.
        strategies: spec strings.
        rounds: how often.
        keep_going: whether failed items are results like others.
        announce: called before each measurement with the round, from 1, and the strategy.

    Returns:
        one standing for each strategy, in the order of `strategies`.
    """
    standings = {strategy: Standing(strategy, len(workload.items)) for strategy in strategies}
    for turn in range(rounds):
        shift = turn % len(strategies)
        for strategy in (*strategies[shift:], *strategies[:shift]):
            standing = standings[strategy]
            if standing.problem:  # it would only fail again
                continue
            announce(turn + 1, strategy)
            standing.add(measure(Job(workload.function, workload.items, strategy, keep_going, turn == 0)))
    return list(standings.values())


def measure(job: Job) -> Report:
    """Run one job in a fresh process.

    It gets a session of its own: Ctrl-C in the terminal reaches us alone, and we end all of it.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        send(cast("BinaryIO", process.stdin), job)
        report: Report = receive(cast("BinaryIO", process.stdout))
        process.wait(ENDING)
    except (EOFError, BrokenPipeError):
        return Report(problem=f"its process ended without a report (exit status {_status(process)})")
    except subprocess.TimeoutExpired:
        return Report(problem=f"it did not end within {ENDING:g} s of its last result")
    finally:
        _end(process)
    return report


def _status(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(ENDING)
    except subprocess.TimeoutExpired:  # it closed its standard output and went on
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
