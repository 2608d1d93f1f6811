"""What an `IsolatedPort` has at the other end: greenlets in place, for the process that was patched for them.

The process has to import this, and the program that starts it must not import gevent: so there is nothing else here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.crew import Crew, Setup
from .._core.port import Port

if TYPE_CHECKING:
    from .._core.job import Job


class Inside:
    """As much of a strategy as a worker process needs of the one inside it.

    Args:
        setup: what each greenlet does first and last.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def hire(self, workers: int) -> Crew:
        """Keep greenlets between runs."""
        from .green_crew import GreenCrew

        return GreenCrew(self._setup)

    def open(self, job: Job) -> Port:
        """Open a port in this process."""
        from .green_crew import GreenCrew
        from .greenlets import GreenletsPort

        assert isinstance(job.crew, GreenCrew)
        return GreenletsPort(job.call, job.crew, apart=job.apart, looped=job.loop is not None)
