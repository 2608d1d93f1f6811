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
    """As much of an opened strategy as a worker process needs of the one inside it.

    Args:
        setup: what each greenlet does first and last.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._crew: Crew | None = None

    def __enter__(self) -> Inside:
        """Keep greenlets from now on."""
        from .green_crew import GreenCrew

        self._crew = GreenCrew(self._setup)
        return self

    def __exit__(self, *exc: object) -> None:
        """End them."""
        self.close()

    def warm(self) -> tuple[Crew | None, None]:
        """Return what keeps them."""
        return self._crew, None

    def open(self, job: Job) -> Port:
        """Open a port in this process."""
        from .green_crew import GreenCrew
        from .greenlets import GreenletsPort

        assert isinstance(job.crew, GreenCrew)
        return GreenletsPort(job.call, job.crew, apart=job.apart, looped=job.loop is not None)

    def close(self, timeout: float = 5.0) -> None:
        """End the greenlets."""
        if self._crew is not None:
            self._crew.close(timeout)
