"""The blocking side of `fetch`: `http.client` over plain sockets, which is what gevent can make cooperative.

Connections are kept alive per thread, and one is never shared: it is taken off the shelf for an exchange and put back
after it, so greenlets that happen to share a thread's shelf do not share a connection either.
"""

from __future__ import annotations

import functools
import io
import os
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

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
    from collections.abc import Callable

KEPT = 8  # idle connections per thread: a worker that meets thousands of hosts must not run out of descriptors


def fetch_blocking(url: str, timeout: float, max_bytes: int) -> bytes:
    """Return the body of an address, blocking; see `concurrent_strategies.http.fetch`."""
    check_limits(timeout, max_bytes)
    target = aim(url)
    deadline = monotonic() + timeout
    try:
        for _ in range(MAX_REDIRECTS + 1):
            answer = _exchange(url, target, deadline, max_bytes)
            following = next_target(url, target, answer)
            if following is None:
                return answer.body
            target = following
    except TimeoutError as error:
        raise FetchTimeout(url, timeout) from error
    raise too_many_redirects(url)


class _TimedReader(io.RawIOBase):
    """The raw stream under an answer; see `_TimedSocket`."""

    def __init__(self, raw: socket.SocketIO, arm: Callable[[], None]) -> None:
        self._raw = raw
        self._arm = arm

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._arm()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """What `http.client` needs of a socket, each operation with the time that is left.

    A socket's own time-out starts anew with every packet, so a server that drips could hold a worker for ever.
    """

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock = sock
        self._remaining = remaining

    def _arm(self) -> None:
        self._sock.settimeout(self._remaining())

    def sendall(self, data: bytes) -> None:
        self._arm()
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock.makefile("rb", buffering=0), self._arm))

    def close(self) -> None:
        self._sock.close()


class _Connection(HTTPConnection):
    """One connection to one host, with a deadline for the exchange it is used for."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port)
        self.tls = target.scheme == "https"
        self.default_port = 443 if self.tls else 80  # decides whether the Host header names the port
        self.deadline = 0.0

    def remaining(self) -> float:
        """Return the seconds left, or raise `TimeoutError`."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def connect(self) -> None:
        sock = socket.create_connection((self.host, self.port), self.remaining())
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                sock.settimeout(self.remaining())
                sock = _tls_context().wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
        self.sock = cast("socket.socket", _TimedSocket(sock, self.remaining))


class _Shelf:
    """The idle connections of one thread, oldest first."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._idle: list[tuple[tuple[str, str, int], _Connection]] = []

    def take(self, target: Target) -> _Connection | None:
        key = (target.scheme, target.host, target.port)
        for place in range(len(self._idle) - 1, -1, -1):
            if self._idle[place][0] == key:
                return self._idle.pop(place)[1]
        return None

    def put(self, target: Target, connection: _Connection) -> None:
        self._idle.append(((target.scheme, target.host, target.port), connection))
        if len(self._idle) > KEPT:
            self._idle.pop(0)[1].close()

    def __del__(self) -> None:
        # The thread has ended: close at once what would be a "ResourceWarning: unclosed socket" later.
        for _, connection in self._idle:
            connection.close()


# The one thing kept between calls: a kept-alive connection is a matter of the thread, and `fetch` must stay a plain
# function that is called without an object to keep it in.
_threads = threading.local()


def _shelf() -> _Shelf:
    shelf: _Shelf | None = getattr(_threads, "shelf", None)
    if shelf is None or shelf.pid != os.getpid():  # after a fork the connections are the parent's
        shelf = _threads.shelf = _Shelf()
    return shelf


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()  # 10 ms and more: it reads all certificates; safe to share between threads


def _exchange(url: str, target: Target, deadline: float, max_bytes: int) -> Answer:
    """Ask once, and once more on a new connection if a kept-alive one turns out to be closed by the server."""
    shelf = _shelf()
    kept = shelf.take(target)
    connection = kept or _Connection(target)
    try:
        try:
            response = _ask(connection, target, deadline)
        except ConnectionError:
            connection.close()
            if kept is None:
                raise
            connection = _Connection(target)
            response = _ask(connection, target, deadline)
        answer = _read(url, response, max_bytes)
    except (TimeoutError, HTTPException, OSError, ValueError) as error:
        connection.close()
        if isinstance(error, IncompleteRead):
            raise connection_error(url, ConnectionResetError(str(error))) from error
        if isinstance(error, TimeoutError) or hasattr(error, "url"):
            raise
        raise connection_error(url, error) from error
    except BaseException:  # such as a KeyboardInterrupt, or a greenlet that is killed: the answer is still under way
        connection.close()
        raise
    if connection.sock is not None and response.isclosed():
        shelf.put(target, connection)
    else:
        connection.close()
    return answer


def _ask(connection: _Connection, target: Target, deadline: float) -> HTTPResponse:
    connection.deadline = deadline
    connection.request("GET", target.path, headers=HEADERS)
    return connection.getresponse()


def _read(url: str, response: HTTPResponse, max_bytes: int) -> Answer:
    header = response.getheader
    answer = Answer(response.status, response.reason, header("Location"), header("Retry-After"))
    if not 200 <= answer.status <= 299:
        response.read(READ_SIZE)  # most error pages end here, and the connection can be kept
        return answer
    check_length(url, response.length, max_bytes)
    pieces, size = [], 0
    while piece := response.read(READ_SIZE):
        size += len(piece)
        check_length(url, size, max_bytes)
        pieces.append(piece)
    if response.length:  # `read(n)` takes the end of the connection for the end of the body
        raise IncompleteRead(b"", response.length)
    return Answer(answer.status, answer.reason, None, body=b"".join(pieces))
