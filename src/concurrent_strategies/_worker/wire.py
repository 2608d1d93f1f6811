"""What goes over the socketpair between a parent and a worker process: frames, each a fixed head and a body.

    head:  kind, chunk, three numbers and a float that depend on the kind, how many buffers, length of the body
    body:  lengths of the buffers, a pickle, the buffers (pickle protocol 5, out of band: sent without a copy)

Both sides import this file, the worker in a fresh interpreter: nothing heavy here.
"""

from __future__ import annotations

import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

HEAD = struct.Struct("<BxHHIqqdQ")
LENGTH = struct.Struct("<Q")

# To the worker: what to be, what to call, what with; on the control socket: recall and stop.
SETUP, CALL, CHUNK, FORGET, RECALL, STOP, RESIZE = range(1, 8)
# From the worker.
READY, UNSTARTABLE, STARTED, DONE, FAILED, RETURNED, UNREADABLE, BROKEN_CALL, RELAY, SPAN = range(11, 21)

#: Flags of CHUNK and DONE: each item or value is a pickle of its own; the values were awaited.
SEPARATE, AWAITED = 1, 2

_PIECES = 64  # buffers in one sendmsg; the system allows 1024
_ROOM = 1 << 18  # bytes read at once


class Frame:
    """One message: `a`, `b` and `seconds` mean what its kind says."""

    __slots__ = ("a", "b", "body", "buffers", "chunk", "flags", "kind", "seconds")

    def __init__(self, kind: int, flags: int, chunk: int, a: int, b: int, seconds: float) -> None:
        self.kind = kind
        self.flags = flags
        self.chunk = chunk
        self.a = a
        self.b = b
        self.seconds = seconds
        self.body: Any = b""
        self.buffers: list[memoryview] = []


def pack(
    kind: int,
    chunk: int = 0,
    a: int = 0,
    b: int = 0,
    seconds: float = 0.0,
    flags: int = 0,
    parts: Sequence[Any] = (),
    buffers: Sequence[Any] = (),
) -> list[Any]:
    """Return the pieces of a frame, to be sent one after the other without being joined."""
    length = sum(map(len, parts))
    if not buffers:
        return [HEAD.pack(kind, flags, 0, chunk, a, b, seconds, length), *parts]
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    sizes = b"".join(LENGTH.pack(len(view)) for view in views)
    length += len(sizes) + sum(map(len, views))
    return [HEAD.pack(kind, flags, len(views), chunk, a, b, seconds, length), sizes, *parts, *views]


class Reader:
    """Takes frames off a socket, blocking or not, as the socket is."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._got = bytearray()
        self._big: memoryview | None = None  # the body of a large frame is read right where it will stay
        self._big_frame: tuple[Any, ...] = ()
        self._filled = 0

    def read(self) -> list[Frame]:
        """Wait for input as the socket does, and return the frames that are complete.

        Raises:
            EOFError: when the other side has closed, or is gone.
            BlockingIOError: when a socket that does not block has nothing.
        """
        frames: list[Frame] = []
        if self._big is not None:
            count = self._receive(self._big[self._filled :])
            self._filled += count
            if self._filled == len(self._big):
                frames.append(_frame(self._big_frame, self._big))
                self._big = None
            return frames
        room = memoryview(bytearray(_ROOM)) if not self._got else None
        if room is not None:
            count = self._receive(room)
            self._got += room[:count]
        else:
            more = bytearray(_ROOM)
            count = self._receive(memoryview(more))
            self._got += memoryview(more)[:count]
        self._split(frames)
        return frames

    def _receive(self, into: memoryview) -> int:
        try:
            count = self._sock.recv_into(into)
        except (ConnectionResetError, BrokenPipeError):
            count = 0
        if not count:
            raise EOFError
        return count

    def _split(self, frames: list[Frame]) -> None:
        got, at = self._got, 0
        while len(got) - at >= HEAD.size:
            head = HEAD.unpack_from(got, at)
            length = head[-1]
            end = at + HEAD.size + length
            if end > len(got):
                if length > _ROOM:
                    self._big, self._big_frame = memoryview(bytearray(length)), head
                    rest = len(got) - at - HEAD.size
                    self._big[:rest] = got[at + HEAD.size :]
                    self._filled = rest
                    at = len(got)
                break
            frames.append(_frame(head, memoryview(bytes(got[at + HEAD.size : end]))))
            at = end
        del got[:at]


def _frame(head: tuple[Any, ...], body: memoryview) -> Frame:
    kind, flags, count, chunk, a, b, seconds, _ = head
    frame = Frame(kind, flags, chunk, a, b, seconds)
    if count:
        sizes = [LENGTH.unpack_from(body, k * LENGTH.size)[0] for k in range(count)]
        start = count * LENGTH.size
        end = len(body) - sum(sizes)
        frame.body = body[start:end]
        for size in sizes:
            frame.buffers.append(body[end : end + size])
            end += size
    else:
        frame.body = body
    return frame


def send_all(sock: socket.socket, pieces: Sequence[Any]) -> None:
    """Send pieces on a socket that blocks.

    Raises:
        EOFError: when the other side is gone.
    """
    queue = [memoryview(piece) for piece in pieces if len(piece)]
    while queue:
        queue = send_some(sock, queue)


def send_some(sock: socket.socket, queue: list[memoryview]) -> list[memoryview]:
    """Send as much as the socket takes in one go, and return what is left.

    Raises:
        EOFError: when the other side is gone.
        BlockingIOError: when a socket that does not block takes nothing.
    """
    try:
        sent = sock.sendmsg(queue[:_PIECES])
    except (BrokenPipeError, ConnectionResetError):
        raise EOFError from None
    at = 0
    while at < len(queue) and sent >= len(queue[at]):
        sent -= len(queue[at])
        at += 1
    rest = queue[at:]
    if sent:
        rest[0] = rest[0][sent:]
    return rest
