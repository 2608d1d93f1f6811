"""The contract for greenlets in a patched program; `test_green.py` runs this file in such a process."""

from __future__ import annotations

from concurrent_strategies import GreenStrategy
from concurrent_strategies.testing import StrategyContract


class TestGreenInPlace(StrategyContract):
    """Greenlets beside the caller's own."""

    make = GreenStrategy
