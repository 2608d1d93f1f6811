"""What counts as a refusal, and how long the other side wants to be left alone: by what errors have, not by who made
them."""

from __future__ import annotations

import email.message
import errno
import time
import urllib.error
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from concurrent_strategies import TaskTimeout, WorkerDied
from concurrent_strategies._core.refusals import refusal
from concurrent_strategies.http import FetchConnectionError, FetchTimeout, HTTPStatusError


class Client(Exception):
    """An error of some HTTP client, with whatever that keeps in it."""

    def __init__(self, **has: Any) -> None:
        super().__init__("refused")
        self.__dict__.update(has)


def aio(status: int, **headers: str) -> aiohttp.ClientResponseError:
    """Make what `raise_for_status` of aiohttp raises."""
    proxy = CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}))
    info = aiohttp.RequestInfo(URL("http://x"), "GET", proxy, URL("http://x"))
    return aiohttp.ClientResponseError(info, (), status=status, headers=proxy)


def urllib_error(status: int, retry_after: str | None = None) -> urllib.error.HTTPError:
    """Make what `urlopen` raises."""
    message = email.message.Message()
    if retry_after is not None:
        message["Retry-After"] = retry_after
    return urllib.error.HTTPError("http://x", status, "busy", message, None)


def caused(error: BaseException, cause: BaseException) -> BaseException:
    """Make what `raise error from cause` raises."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TaskTimeout(3, 0.5), 0),
        (ConnectionRefusedError(), 0),
        (OSError(errno.ECONNREFUSED, "refused"), 0),
        (HTTPStatusError("http://x", 503, "", "http://x"), 0),
        (HTTPStatusError("http://x", 429, "", "http://x", "7"), 7),
        (caused(FetchConnectionError("http://x", "refused"), ConnectionRefusedError()), 0),
        (aio(429), 0),
        (aio(503, Retry_After="2"), 2),
        (aio(503, retry_after="2"), 2),
        (urllib_error(503), 0),
        (urllib_error(429, "120"), 120),
        (urllib.error.URLError(ConnectionRefusedError()), 0),
        (Client(response=SimpleNamespace(status_code=429, headers={"Retry-After": "3"})), 3),
        (Client(response=SimpleNamespace(status_code=503, headers={"retry-after": "3"})), 3),
        (Client(response=SimpleNamespace(status=503)), 0),
        (Client(status_code=429, retry_after=2.5), 2.5),
        (Client(code=429, retry_after=-1), 0),
        (Client(status=429, headers={"Retry-After": "soon"}), 0),
        (Client(status=429, headers={"Retry-After": ""}), 0),
        (Client(status=429, headers=["Retry-After"]), 0),
        (Client(os_error=ConnectionRefusedError()), 0),
        (caused(ValueError(), caused(KeyError(), Client(status=503))), 0),
    ],
    ids=repr,
)
def test_a_refusal_is_recognised(error: BaseException, seconds: float) -> None:
    """By its own attributes, by those of its response, or by what led to it."""
    assert refusal(error) == seconds


@pytest.mark.parametrize(
    "error",
    [
        ValueError("429"),
        KeyboardInterrupt(),
        ConnectionResetError(),
        FetchTimeout("http://x", 3),
        FetchConnectionError("http://x", "lost"),
        HTTPStatusError("http://x", 500, "", "http://x"),
        HTTPStatusError("http://x", 404, "", "http://x", "7"),
        WorkerDied(0, 1, -9),
        aio(404),
        urllib_error(500, "3"),
        Client(status="503"),
        Client(code=lambda: 429),
        Client(response=None),
    ],
    ids=repr,
)
def test_an_ordinary_error_is_no_refusal(error: BaseException) -> None:
    """Other statuses, other connection errors, numbers in texts, time limits of a client's own."""
    assert refusal(error) is None


def test_a_date_is_as_good_as_seconds() -> None:
    """Of either kind that HTTP has; one that has passed asks for nothing."""
    soon = refusal(Client(status=503, headers={"Retry-After": formatdate(time.time() + 100, usegmt=True)}))
    assert soon == pytest.approx(100, abs=5)
    nowhere = refusal(Client(status=503, headers={"Retry-After": formatdate(time.time() + 100)}))
    assert nowhere == pytest.approx(100, abs=5)
    assert refusal(Client(status=503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})) == 0


def test_an_error_that_cannot_be_looked_at_is_no_refusal() -> None:
    """Whatever its attributes do."""

    class Hostile(Exception):
        @property
        def response(self) -> Any:
            raise RuntimeError("not yet")

    assert refusal(Hostile()) is None


def test_errors_that_led_to_each_other_have_an_end() -> None:
    """A ring of causes is looked at once round; what `from None` hides stays hidden."""
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert refusal(one) is None
    hidden = ValueError()
    hidden.__context__, hidden.__suppress_context__ = ConnectionRefusedError(), True
    assert refusal(hidden) is None
    hidden.__suppress_context__ = False
    assert refusal(hidden) == 0
