"""What every group of promises stands on: how a strategy is made, what its subclass may say about it, and the bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from .._core.base import BaseStrategy
from .._strategy import Strategy
from .board import BOUND, STEP, Board
from .bound import Disarm, arm

E = TypeVar("E", bound=BaseException)


class Promises:
    """The base of all groups of promises; `StrategyContract` documents what a subclass may set."""

    make: ClassVar[Callable[..., Any]]
    patience: ClassVar[float] = 60.0
    concurrent: ClassVar[bool] = True
    moves: ClassVar[bool] = True
    loop: ClassVar[str] = "asyncio"
    sleep: ClassVar[Any] = staticmethod(time.sleep)

    _disarm: Disarm

    def setup_method(self) -> None:
        """Set the bound before each promise."""
        self._disarm = arm(self.patience)

    def teardown_method(self) -> None:
        """Take the bound away."""
        self._disarm()

    def new(self, **options: Any) -> Any:
        """Make the strategy under test, with four workers unless more is said."""
        return type(self).make(**{"max_workers": 4, **options})

    def at_once(self, max_workers: int) -> int:
        """Return how many calls may be under way at once with so many workers."""
        return max_workers

    def at_stake(self, max_workers: int) -> int:
        """Return how many items one death may cost with so many workers: the calls in one process."""
        return max(1, self.at_once(max_workers) // max_workers)

    def run_async(self, main: Callable[..., Any], *args: Any) -> Any:
        """Run a coroutine function to its end on an event loop."""
        import anyio

        return anyio.run(main, *args, backend=self.loop)

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait until something is so, cooperatively."""
        deadline = time.monotonic() + BOUND
        while not happened():
            assert time.monotonic() < deadline, f"{what} did not happen within {BOUND:g} s"
            self.sleep(STEP)

    def await_note(self, board: Board, name: str) -> None:
        """Wait until an item has put a note on the board."""
        self.until(lambda: board.has(name), name)

    def settle(self, board: Board, prefix: str, pause: float = 0.3) -> int:
        """Return how many notes there are once no more have come for a while."""
        count, since = board.count(prefix), time.monotonic()
        while time.monotonic() - since < pause:
            self.sleep(STEP)
            if (now := board.count(prefix)) != count:
                count, since = now, time.monotonic()
        return count


def raised(kind: type[E], call: Callable[..., Any], *args: Any, **options: Any) -> E:
    """Return the error of this kind that a call raises; fail if there is none."""
    try:
        result = call(*args, **options)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised, but there was the result {result!r}")


def consume(stream: Any, into: list[Any]) -> None:
    """Append what a stream yields, up to its end or its error."""
    with stream:
        into.extend(stream)


def notes(error: BaseException) -> str:
    """Return the notes of an error as one text."""
    return "\n".join(getattr(error, "__notes__", ()))


def board(path: Path) -> Board:
    """Return an empty board in the test's own directory."""
    folder = path / "board"
    folder.mkdir()
    return Board(folder)


def is_ours(strategy: Strategy) -> bool:
    """Tell whether a strategy is made from our base, and so has what the protocol does not name."""
    return isinstance(strategy, BaseStrategy)
