"""What a strategy is told when it is to open a port; in a file of its own, as worker processes import it, too.

Nothing heavy may be imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .call import Call
    from .crew import Crew
    from .loops import Loop


class Job:
    """What a strategy needs to open a port.

    Attributes:
        call: the function and what goes along with it.
        crew: the workers, if the strategy keeps any.
        workers: how many at most.
        loop: the caller's event loop, if an async verb was called; else `None`.
        apart: whether the run is driven by a thread that exists for it, and not by the caller.
        items: how many there are, where that is known.
    """

    __slots__ = ("apart", "call", "crew", "items", "loop", "workers")

    def __init__(
        self,
        call: Call,
        crew: Crew,
        workers: int,
        loop: Loop | None = None,
        *,
        apart: bool = False,
        items: int | None = None,
    ) -> None:
        self.call: Call = call
        self.crew: Crew = crew
        self.workers: int = workers
        self.loop: Loop | None = loop
        self.apart: bool = apart
        self.items: int | None = items
