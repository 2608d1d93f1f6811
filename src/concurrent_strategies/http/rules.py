"""What is asked of a server and what its answer means: the rules that both sides of `fetch` share.

Nothing here opens a connection, waits, or knows which side calls it.
"""

from __future__ import annotations

import errno
import math
import os
import socket
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from .._errors import InvalidOption
from .errors import BodyTooLarge, FetchConnectionError, HTTPStatusError

MAX_BYTES = 64 * 2**20
MAX_REDIRECTS = 10
READ_SIZE = 64 * 2**10
# Bodies are taken as they are: no compression is asked for, so both sides see the same bytes, and `max_bytes` bounds
# memory as well as traffic.
HEADERS = {"User-Agent": "concurrent-strategies", "Accept": "*/*", "Accept-Encoding": "identity"}

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DELIMITERS = "/%:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart and quoted, ready to be asked."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address again, in ASCII."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; the body only for a status of 200 to 299."""

    status: int
    reason: str
    location: str | None
    retry_after: str | None = None
    body: bytes = b""


def check_limits(timeout: float, max_bytes: int) -> None:
    """Refuse limits that cannot be.

    Raises:
        InvalidOption: naming the limit and what is allowed.
    """
    if not (isinstance(timeout, int | float) and math.isfinite(timeout) and timeout > 0):
        raise InvalidOption("timeout", timeout, "it must be a number of seconds above 0")
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise InvalidOption("max_bytes", max_bytes, "it must be a whole number of bytes above 0")


def aim(url: str) -> Target:
    """Take an address apart.

    Raises:
        InvalidOption: if it is not one that can be fetched.
    """
    allowed = "it must be an address such as 'https://example.org/page'"
    if not isinstance(url, str):
        raise InvalidOption("url", url, allowed)
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("ascii" if parts.netloc.isascii() else "idna").decode("ascii")
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise InvalidOption("url", url, f"{allowed} ({error})") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidOption("url", url, allowed)
    if parts.username is not None:
        raise InvalidOption("url", url, "a user name or password in the address is not supported")
    path = quote(parts.path or "/", safe=_DELIMITERS)
    query = f"?{quote(parts.query, safe=_DELIMITERS)}" if parts.query else ""
    return Target(parts.scheme, host, port, path + query)


def next_target(url: str, at: Target, answer: Answer) -> Target | None:
    """Judge an answer: `None` if its body is the result, else where to ask next.

    Args:
        url: what the caller asked for, for errors.
        at: who gave the answer.
        answer: the answer.

    Raises:
        HTTPStatusError: if the status is neither 2xx nor a redirect.
        FetchConnectionError: if it is redirected to what cannot be fetched.
    """
    if 200 <= answer.status <= 299:
        return None
    if answer.status not in _REDIRECTS or not answer.location:
        raise HTTPStatusError(url, answer.status, answer.reason, _shown(url, at), answer.retry_after)
    try:
        return aim(urljoin(at.url, answer.location))
    except ValueError:
        raise FetchConnectionError(url, f"it redirects to {answer.location!r}, which cannot be fetched") from None


def too_many_redirects(url: str) -> FetchConnectionError:
    """Make the error for a chain of redirects that does not end."""
    return FetchConnectionError(url, f"more than {MAX_REDIRECTS} redirects")


def check_length(url: str, announced: int | None, max_bytes: int) -> None:
    """Refuse a body by the length that was announced, or read so far.

    Raises:
        BodyTooLarge: if it is longer than `max_bytes`.
    """
    if announced is not None and announced > max_bytes:
        raise BodyTooLarge(url, max_bytes)


def connection_error(url: str, error: Exception) -> FetchConnectionError:
    """Say in the same words, whichever library met it, why there is no answer."""
    import ssl  # 10 ms, and loaded already if there is anything to say about it

    if isinstance(error, socket.gaierror):
        problem = "the host name cannot be resolved"
    elif isinstance(error, ssl.SSLError | ssl.CertificateError):
        problem = f"no secure connection: {getattr(error, 'verify_message', '') or error.reason or error}"
    elif isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) == errno.ECONNREFUSED:
        problem = "the connection was refused"
    elif isinstance(error, ConnectionError):
        problem = "the server closed the connection before the answer was complete"
    elif isinstance(error, OSError):
        problem = os.strerror(error.errno) if error.errno else str(error)
    else:
        problem = "the answer is not valid HTTP"
    return FetchConnectionError(url, problem)


def _shown(url: str, at: Target) -> str:
    """Return the address that answered, or the caller's own if it is the same."""
    return url if at == aim(url) else at.url
