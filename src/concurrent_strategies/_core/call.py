"""The function of a run with everything that goes along with it into a worker, and how long items may be to be short.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any

SHORT = 0.0004  # seconds: items below this are run in groups, those above are announced and reported one by one
BARE = 0.00004  # the same where items can be written down: that costs about 1 us each
TELL = 0.001  # seconds for which a worker writes down what it does, before its first word about it
LONGEST_TELL = 0.016  # the same later on; an item of 2 ms and more is announced, and told by itself
GROUP = 0.001  # seconds of work in a group; with what is found only afterwards this stays below 2 ms
PROOF = 32  # short items in a row before the first group: a death among a few items then costs exactly one
HOLD = 0.01  # seconds for which a worker that cannot die keeps results of items that are not short, if nobody asks
LOOK = 0.002  # seconds after which a port asks for what a worker has not announced
PLAIN, ASYNC = "plain", "async"


class Call:
    """The user's function, with everything that goes along with it into a worker.

    Args:
        func: what to call.
        star: whether an item is a tuple of several arguments.
        colour: `"async"` if it is declared to return awaitables, else `"plain"`.
        context: the context in a copy of which each item runs; `None` stands for the worker's own.
        shared_context: whether the items of one worker share one copy.
        seed: what `item_random()` starts from.
        task_timeout: seconds an item may take, where each is judged by itself.
    """

    __slots__ = ("colour", "context", "func", "seed", "shared_context", "star", "task_timeout")

    def __init__(
        self,
        func: Callable[..., Any],
        *,
        star: bool = False,
        colour: str = PLAIN,
        context: Context | None = None,
        shared_context: bool = False,
        seed: int | None = None,
        task_timeout: float | None = None,
    ) -> None:
        self.func: Callable[..., Any] = func
        self.star: bool = star
        self.colour: str = colour
        self.context: Context | None = context
        self.shared_context: bool = shared_context
        self.seed: int | None = seed
        self.task_timeout: float | None = task_timeout

    def bound(self) -> Callable[[Any], Any]:
        """Return a function of one item."""
        if not self.star:
            return self.func
        func = self.func
        return lambda arguments: func(*arguments)
