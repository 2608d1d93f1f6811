"""`fetch`: the canonical function that waits, in both colours.

    pages = AsyncioStrategy(max_workers=500).map(fetch, urls)     # aiohttp, one session per event loop
    pages = ThreadStrategy(max_workers=16).map(fetch, urls)       # http.client, connections kept alive per thread

The same bytes and the same errors from both: `rules.py` decides, `blocking.py` and `awaiting.py` only move bytes.
Each is imported on its first use, as is what it stands on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from .. import dual
from .errors import BodyTooLarge, FetchConnectionError, FetchError, FetchTimeout, HTTPStatusError
from .rules import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "BodyTooLarge",
    "Fetch",
    "FetchConnectionError",
    "FetchError",
    "FetchTimeout",
    "HTTPStatusError",
    "fetch",
]


class Fetch(Protocol):
    """What `fetch` is: a function that blocks, with a twin to await."""

    def __call__(self, url: str, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the body behind an address.

        Redirects are followed, bodies are not decompressed, proxies and credentials are not supported.

        Args:
            url: an `http://` or `https://` address.
            timeout: seconds for all of it: connecting, redirects, the whole body.
            max_bytes: the longest body that is accepted.

        Returns:
            the body as it was sent.

        Raises:
            HTTPStatusError: if the status is not 2xx; it has `url`, `status` and `reason`.
            FetchTimeout: a `TimeoutError`.
            BodyTooLarge: a `ValueError`.
            FetchConnectionError: a `ConnectionError`: refused, lost, unknown host, not secure, not HTTP.
            InvalidOption: a `ValueError`: an address or a limit that cannot be.

        The first download of a process costs 0.2 s more on an event loop, which is what aiohttp takes to import.
        """

    @property
    def sync(self) -> Callable[..., bytes]:
        """The blocking side, which is what a call takes too."""

    @property
    def async_(self) -> Callable[..., Awaitable[bytes]]:
        """The awaiting side: `await fetch.async_(url)`."""


def _fetch(url: str, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> bytes:
    from .blocking import fetch_blocking

    return fetch_blocking(url, timeout, max_bytes)


async def _fetch_awaiting(url: str, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> bytes:
    from .awaiting import fetch_awaiting

    return await fetch_awaiting(url, timeout, max_bytes)


fetch: Fetch = dual(sync=_fetch, async_=_fetch_awaiting)
"""Return the body behind an address, blocking when called and awaiting as `fetch.async_`; see `Fetch`."""
