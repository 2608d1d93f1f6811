"""What an author of a strategy needs besides `BaseStrategy` and `Traits`: the same parts that the built-in ones use.

The law of this file: it defines nothing. Each name is documented at its home; docs/writing-a-strategy.md explains them.
"""

from __future__ import annotations

from ._core.bell import Bell as Bell
from ._core.call import Call as Call
from ._core.crew import Crew as Crew
from ._core.lane import Lane as Lane
from ._core.port import Broken as Broken
from ._core.port import Chunk as Chunk
from ._core.port import Died as Died
from ._core.port import Done as Done
from ._core.port import Failed as Failed
from ._core.port import Port as Port
from ._core.port import Report as Report
from ._core.port import Returned as Returned
from ._core.port import Started as Started
from ._core.verb import Job as Job

__all__ = [
    "Bell",
    "Broken",
    "Call",
    "Chunk",
    "Crew",
    "Died",
    "Done",
    "Failed",
    "Job",
    "Lane",
    "Port",
    "Report",
    "Returned",
    "Started",
]
