"""Every strategy keeps every promise; what a strategy's class says here is all that is special about it."""

from __future__ import annotations

from concurrent_strategies import SyncStrategy, ThreadStrategy
from concurrent_strategies.testing import StrategyContract


class TestSync(StrategyContract):
    """The oracle."""

    make = SyncStrategy
    concurrent = moves = False


class TestThread(StrategyContract):
    """OS threads."""

    make = ThreadStrategy
