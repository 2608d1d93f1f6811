"""All the tests that a strategy needs, which the library brings; by name, so that the entry point is tested too."""

from __future__ import annotations

from functools import partial

from concurrent_strategies import get_strategy
from concurrent_strategies.testing import StrategyContract


class TestPykkaStrategy(StrategyContract):
    """Holds the actors to what every strategy promises."""

    make = staticmethod(partial(get_strategy, "pykka"))
