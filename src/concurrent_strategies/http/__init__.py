"""`fetch`: the canonical function that waits, in both colours.

    pages = AsyncioStrategy(max_workers=500).map(fetch, urls)     # aiohttp, one session per event loop
    pages = ThreadStrategy(max_workers=16).map(fetch, urls)       # http.client, connections kept alive per thread

The same bytes and the same errors from both: `rules.py` decides, `blocking.py` and `awaiting.py` only move bytes.
Each is imported on its first use, as is what it stands on.
"""

from __future__ import annotations

from .. import dual
from .errors import BodyTooLarge, FetchConnectionError, FetchError, FetchTimeout, HTTPStatusError
from .rules import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "BodyTooLarge",
    "FetchConnectionError",
    "FetchError",
    "FetchTimeout",
    "HTTPStatusError",
    "fetch",
]


def _fetch(url: str, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the body behind an address; `await fetch.async_(url)` is its awaiting twin.

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
    """
    from .blocking import fetch_blocking

    return fetch_blocking(url, timeout, max_bytes)


async def _fetch_awaiting(url: str, *, timeout: float = 30.0, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the body behind an address, awaiting; see `fetch`."""
    from .awaiting import fetch_awaiting

    return await fetch_awaiting(url, timeout, max_bytes)


fetch = dual(sync=_fetch, async_=_fetch_awaiting)
"""Return the body behind an address, blocking when called and awaiting as `fetch.async_`."""
