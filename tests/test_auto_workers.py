"""`max_workers="auto"` against a real server, which works on eight pages at a time and refuses above twelve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from concurrent_strategies import AsyncioStrategy, AutoLimit, GreenStrategy, Retry, ThreadStrategy, TrioStrategy
from concurrent_strategies._congestion import POLITE_START, START
from concurrent_strategies.cli.server import body, serving
from concurrent_strategies.http import HTTPStatusError, fetch

PAGES = 400


class Refusals:
    """Counts them, as `Retry` asks whether to try again."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: BaseException) -> bool:
        """Tell whether this is one."""
        assert isinstance(error, HTTPStatusError), error
        self.count += error.status == 503
        return error.status == 503


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Give the address of the server."""
    with serving(0.02, capacity=8) as address:
        yield address


@pytest.mark.parametrize("polite", [False, True], ids=["fast", "polite"])
@pytest.mark.parametrize("kind", [ThreadStrategy, AsyncioStrategy, TrioStrategy, GreenStrategy])
def test_a_server_that_refuses_is_not_asked_in_vain(kind: Any, polite: bool, server: str) -> None:
    """All pages come, by the one in twenty that is asked for once more, and those of the first round trip."""
    refusals, limit = Refusals(), AutoLimit(256, polite=polite)
    retry = Retry(attempts=100, on=refusals, wait=0.02, max_wait=0.1)
    pages = kind(max_workers=limit, retry=retry).map(fetch, [f"{server}/{k}" for k in range(PAGES)])
    assert pages == [body(f"/{k}") for k in range(PAGES)]
    assert refusals.count < 2 * (POLITE_START if polite else START) + PAGES / 10
    assert limit.n <= 14
