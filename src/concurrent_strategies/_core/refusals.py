"""Which errors say that the other side is asked too much, and how long it wants to be left alone.

Told by what an error has, and not by its class: no HTTP client is imported for it, and a copy of an error that came
from another process will do.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from typing import Any

from .._errors import TaskTimeout

STATUSES = frozenset({429, 503})  # Too Many Requests, Service Unavailable
DEPTH = 8  # errors in a chain that are looked at


def refusal(error: BaseException) -> float | None:
    """Return for how many seconds the other side wants to be left alone, 0 if it does not say; `None`: no refusal."""
    try:
        for link in _chain(error):
            if isinstance(link, TaskTimeout | ConnectionRefusedError):
                return 0.0
            if getattr(link, "errno", None) == errno.ECONNREFUSED:
                return 0.0
            if _status(link) in STATUSES:
                return _retry_after(link)
    except Exception:  # of an error that cannot even be looked at
        return None
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it; `urllib` has that in `reason`, and aiohttp in `os_error`."""
    seen: BaseException | None = error
    for _ in range(DEPTH):
        if seen is None:
            return
        yield seen
        inner = next((it for it in _inside(seen) if isinstance(it, BaseException)), None)
        seen = inner or seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _inside(error: BaseException) -> Iterator[object]:
    yield getattr(error, "reason", None)
    yield getattr(error, "os_error", None)


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that an error is about: aiohttp's `status`, urllib's `code`, requests' and httpx's."""
    response = getattr(error, "response", None)
    for holder in (error, response):
        for name in ("status", "status_code", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int):
                return value
    return None


def _retry_after(error: BaseException) -> float:
    told = getattr(error, "retry_after", None)
    if told is None:
        told = _header(getattr(error, "headers", None)) or _header(
            getattr(getattr(error, "response", None), "headers", None)
        )
    return _seconds(told)


def _header(headers: Any) -> Any:
    """Return the header, of a mapping of whatever kind; some take names only as they were sent."""
    if not isinstance(headers, Mapping) and not hasattr(headers, "get"):
        return None
    return headers.get("Retry-After") or headers.get("retry-after")


def _seconds(told: object) -> float:
    """Return how many seconds a `Retry-After` means: a number, or a date; 0 for what cannot be read."""
    if isinstance(told, int | float):
        return max(0.0, float(told))
    text = str(told or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if not text:
        return 0.0
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime  # 5 ms, for what hardly any server says

    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if date.tzinfo is None:  # "-0000": universal time, of a server that does not know its own
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
