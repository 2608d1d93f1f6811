"""The catalogue looks for what is left behind by itself: by a mark in the environment, after each fault."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> None:
    """Stand in for the check of the other tests: the program that runs the cases of one strategy lives through all of
    them."""
