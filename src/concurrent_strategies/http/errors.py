"""What can go wrong with one download; the same classes and texts whichever side fetched it.

    FetchError               (OSError)          `url` is what was asked for
     +-- HTTPStatusError                        the server answered with another status than 2xx
     +-- FetchTimeout        (TimeoutError)     it took longer than `timeout`
     +-- BodyTooLarge        (ValueError)       the body is longer than `max_bytes`
     +-- FetchConnectionError (ConnectionError) no connection, a lost one, or an answer that is not HTTP

These are errors of an item, not of the strategy that ran it, so they are no `StrategyError`. The exception of the
library underneath is the `__cause__`, where there is one.
"""

from __future__ import annotations

from typing import Any

from .._errors import rebuild


class FetchError(OSError):
    """The root of what `fetch` raises about a download.

    Attributes:
        url: the address that was asked for, before any redirect.
    """

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"{url}: {problem}")
        self.url = url

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError is rebuilt from its `args`, which are not what our __init__ takes.
        return rebuild, (type(self), self.args, self.__dict__)


class HTTPStatusError(FetchError):
    """The server answered, but not with a status of 200 to 299.

    Attributes:
        status: its number, such as 404.
        reason: the server's words for it, such as `Not Found`; may be empty.
        retry_after: what the server says about when to ask again, seconds or a date; `None` if it says nothing.
    """

    def __init__(self, url: str, status: int, reason: str, final: str, retry_after: str | None = None) -> None:
        by = f" (from {final})" if final != url else ""
        super().__init__(url, f"status {status} {reason}".rstrip() + by)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class FetchTimeout(FetchError, TimeoutError):
    """The download took longer than it may.

    Attributes:
        seconds: the limit that was passed.
    """

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(url, f"took longer than timeout={seconds:g} s")
        self.seconds = seconds


class BodyTooLarge(FetchError, ValueError):
    """The body is longer than the caller allows; what was read of it is dropped.

    Attributes:
        max_bytes: the limit that was passed.
    """

    def __init__(self, url: str, max_bytes: int) -> None:
        super().__init__(url, f"the body is longer than max_bytes={max_bytes}")
        self.max_bytes = max_bytes


class FetchConnectionError(FetchError, ConnectionError):
    """No connection, a lost connection, or an answer that is not HTTP."""
