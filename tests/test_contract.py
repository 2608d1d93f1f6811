"""Every strategy keeps every promise; what a strategy's class says here is all that is special about it."""

from __future__ import annotations

from functools import partial

from concurrent_strategies import (
    AsyncioStrategy,
    AutoStrategy,
    GreenStrategy,
    ProcessStrategy,
    SyncStrategy,
    ThreadStrategy,
    TrioStrategy,
)
from concurrent_strategies.testing import StrategyContract


class TestSync(StrategyContract):
    """The oracle."""

    make = SyncStrategy
    concurrent = moves = False


class TestThread(StrategyContract):
    """OS threads."""

    make = ThreadStrategy


class TestThreadCalledFromTrio(StrategyContract):
    """The async verbs, from the other event loop."""

    make = ThreadStrategy
    loop = "trio"


class TestProcess(StrategyContract):
    """OS processes, by a fork server."""

    make = ProcessStrategy


class TestProcessSpawn(StrategyContract):
    """OS processes, each started anew."""

    make = staticmethod(partial(ProcessStrategy, start_method="spawn"))


class TestProcessOfAsyncio(StrategyContract):
    """Processes with eight coroutines, or eight threads, in each."""

    make = staticmethod(partial(ProcessStrategy, inner=AsyncioStrategy(8)))

    def at_once(self, max_workers: int) -> int:
        """Return the calls in all processes together."""
        return 8 * max_workers


class TestProcessOfThreads(StrategyContract):
    """Processes with two threads in each."""

    make = staticmethod(partial(ProcessStrategy, inner=ThreadStrategy(2)))

    def at_once(self, max_workers: int) -> int:
        """Return the calls in all processes together."""
        return 2 * max_workers


class TestAsyncio(StrategyContract):
    """Tasks of an event loop."""

    make = AsyncioStrategy


class TestAsyncioOnUvloop(StrategyContract):
    """The same on libuv."""

    make = staticmethod(partial(AsyncioStrategy, loop="uvloop"))


class TestAsyncioCalledFromTrio(StrategyContract):
    """A caller whose own loop is another one."""

    make = AsyncioStrategy
    loop = "trio"


class TestTrio(StrategyContract):
    """Tasks of trio's loop."""

    make = TrioStrategy


class TestTrioCalledFromTrio(StrategyContract):
    """On the caller's own loop."""

    make = TrioStrategy
    loop = "trio"


class TestGreen(StrategyContract):
    """Greenlets in a child process that was patched first."""

    make = GreenStrategy

    def at_stake(self, max_workers: int) -> int:
        """Return all of them: they share their process."""
        return max_workers


class TestAuto(StrategyContract):
    """Whatever pays."""

    make = AutoStrategy


class TestAutoCalledFromTrio(StrategyContract):
    """On loops of the caller's kind."""

    make = AutoStrategy
    loop = "trio"
