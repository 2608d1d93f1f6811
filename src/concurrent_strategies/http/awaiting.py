"""The awaiting side of `fetch`: one aiohttp session per event loop, made when first needed, closed with its loop.

A session holds connections of one loop and cannot serve another, and `fetch` is a function without an object to keep
it in: hence the one dictionary. Trio has no aiohttp; there the blocking side runs in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from asyncio import AbstractEventLoop
from typing import TYPE_CHECKING

from .errors import FetchTimeout
from .rules import (
    HEADERS,
    MAX_REDIRECTS,
    READ_SIZE,
    Answer,
    Target,
    aim,
    check_length,
    check_limits,
    connection_error,
    next_target,
    too_many_redirects,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import ClientSession

KEPT_SECONDS = 5.0  # idle connections are bounded by time: a crawl of many hosts must not run out of descriptors


async def fetch_awaiting(url: str, timeout: float, max_bytes: int) -> bytes:
    """Return the body of an address, awaiting; see `concurrent_strategies.http.fetch`."""
    check_limits(timeout, max_bytes)
    target = aim(url)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await _in_thread(url, timeout, max_bytes)
    session = await _session(loop)
    try:
        async with asyncio.timeout(timeout):
            for _ in range(MAX_REDIRECTS + 1):
                answer = await _exchange(session, url, target, max_bytes)
                following = next_target(url, target, answer)
                if following is None:
                    return answer.body
                target = following
    except TimeoutError as error:
        raise FetchTimeout(url, timeout) from error
    raise too_many_redirects(url)


class _Held:
    """The session of one loop, the generator that closes it, and what closes it when the program ends."""

    def __init__(
        self, loop: AbstractEventLoop, session: ClientSession, life: AsyncGenerator[ClientSession, None]
    ) -> None:
        self.session = session
        self.life = life
        self.pid = os.getpid()
        # A session holds its loop, so a loop that never closes its generators is not collected either.
        self.at_exit = weakref.finalize(loop, _end, loop)


_sessions: weakref.WeakKeyDictionary[AbstractEventLoop, _Held] = weakref.WeakKeyDictionary()


async def _session(loop: AbstractEventLoop) -> ClientSession:
    held = _sessions.get(loop)
    if held is None:
        for forgotten in [ref() for ref in _sessions.keyrefs()]:
            if forgotten is not None and forgotten.is_closed():
                _end(forgotten)
        life = _life(loop)
        held = _sessions[loop] = _Held(loop, await anext(life), life)
    return held.session


async def _life(loop: AbstractEventLoop) -> AsyncGenerator[ClientSession, None]:
    """Live as long as the loop: it closes its unfinished asynchronous generators before it ends.

    That is the only notice of its end which a loop gives (`asyncio.run`, `Runner`, `anyio.run` all do).
    """
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

    session = ClientSession(
        connector=TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),  # max_workers is the limit
        timeout=ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),  # ours covers all
        cookie_jar=DummyCookieJar(),
        headers=HEADERS,
        auto_decompress=False,
    )
    try:
        yield session
    finally:
        held = _sessions.pop(loop, None)
        if held is not None:
            held.at_exit.detach()
        await session.close()


def _end(loop: AbstractEventLoop) -> None:
    """Close the session of a loop that was closed, or left behind, without closing its generators."""
    held = _sessions.get(loop)
    if held is None or loop.is_running() or held.pid != os.getpid():  # after a fork it is the parent's
        return
    closing = held.life.aclose()
    if not loop.is_closed():
        loop.run_until_complete(closing)
        return
    with contextlib.suppress(StopIteration, RuntimeError):
        closing.send(None)  # nothing is awaited on a closed loop; this only tells aiohttp that we know


async def _exchange(session: ClientSession, url: str, target: Target, max_bytes: int) -> Answer:
    import aiohttp
    from yarl import URL

    try:
        async with session.get(URL(target.url, encoded=True), allow_redirects=False) as response:
            header = response.headers.get
            answer = Answer(response.status, response.reason or "", header("Location"), header("Retry-After"))
            if not 200 <= answer.status <= 299:
                await response.content.read(READ_SIZE)  # most error pages end here, and the connection can be kept
                return answer
            check_length(url, response.content_length, max_bytes)
            pieces, size = [], 0
            async for piece in response.content.iter_chunked(READ_SIZE):
                size += len(piece)
                check_length(url, size, max_bytes)
                pieces.append(piece)
            return Answer(answer.status, answer.reason, None, body=b"".join(pieces))
    except aiohttp.ClientConnectorCertificateError as error:
        raise connection_error(url, error.certificate_error) from error
    except aiohttp.ClientConnectorError as error:
        raise connection_error(url, error.os_error) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError) as error:
        raise connection_error(url, ConnectionResetError()) from error
    except aiohttp.ClientOSError as error:
        raise connection_error(url, OSError(error.errno, error.strerror)) from error  # becomes its proper subclass
    except aiohttp.ClientError as error:
        raise connection_error(url, error) from error


async def _in_thread(url: str, timeout: float, max_bytes: int) -> bytes:
    import anyio

    from .blocking import fetch_blocking

    own = anyio.CapacityLimiter(1)  # for each call, which is no limit at all: max_workers is the limit
    return await anyio.to_thread.run_sync(fetch_blocking, url, timeout, max_bytes, abandon_on_cancel=True, limiter=own)
