"""What goes over the socketpair between a parent and a worker process: frames, each a fixed head and a body.

    head:  kind, flags, how many buffers, chunk, three numbers and a float that depend on the kind, length of the body
    body:  lengths of the buffers, a pickle, the buffers (pickle protocol 5, out of band: sent without a copy)

Large buffers may lie in an arena instead; then their place stands before their lengths.

Both sides import this file, the worker in a fresh interpreter: nothing heavy here.
"""

from __future__ import annotations

import socket
import struct
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .arena import Arena

HEAD = struct.Struct("<BxHHIIqqdQ")
LENGTH = struct.Struct("<Q")

# To the worker: what to be, what to call, what with; on the control socket: recall, stop and look.
SETUP, CALL, CHUNK, FORGET, RECALL, STOP, RESIZE, LOOK = range(1, 9)
# From the worker.
READY, UNSTARTABLE, STARTED, DONE, FAILED, RETURNED, UNREADABLE, BROKEN_CALL, RELAY, SPAN = range(11, 21)
_APART = frozenset((CHUNK, DONE))
OF_A_CHUNK = frozenset((STARTED, DONE, FAILED, RETURNED, UNREADABLE))

#: Flags of CHUNK and DONE: each item or value is a pickle of its own; the values were awaited; the buffers lie apart;
#: behind the values there are the seconds that each of them took.
SEPARATE, AWAITED, APART, TIMED = 1, 2, 4, 8

_PIECES = 64  # buffers in one sendmsg; the system allows 1024
_SMALL = 1 << 14  # bytes that are joined
_ROOM = 1 << 16  # bytes read at once; a larger frame gets a place of its own


class Frame:
    """One message: `a`, `b` and `seconds` mean what its kind says; `then` items are started right after a DONE."""

    __slots__ = ("a", "b", "body", "buffers", "chunk", "flags", "kind", "seconds", "then")

    def __init__(self, kind: int, flags: int, chunk: int, then: int, a: int, b: int, seconds: float) -> None:
        self.kind: int = kind
        self.flags: int = flags
        self.chunk: int = chunk
        self.then: int = then
        self.a: int = a
        self.b: int = b
        self.seconds: float = seconds
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
        return [HEAD.pack(kind, flags, 0, chunk, 0, a, b, seconds, length), *parts]
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    sizes = b"".join(LENGTH.pack(len(view)) for view in views)
    length += len(sizes) + sum(map(len, views))
    return [HEAD.pack(kind, flags, len(views), chunk, 0, a, b, seconds, length), sizes, *parts, *views]


def apart(pieces: list[Any], arena: Arena | None) -> list[Any]:
    """Have the buffers of a frame go through the arena, if they are worth it and there is room."""
    kind, flags, count, chunk, then, a, b, seconds, length = HEAD.unpack(pieces[0])
    if arena is None or not count or (at := arena.put(pieces[-count:])) is None:
        return pieces
    length += LENGTH.size - sum(map(len, pieces[-count:]))
    head = HEAD.pack(kind, flags | APART, count, chunk, then, a, b, seconds, length)
    return [head, LENGTH.pack(at), *pieces[1:-count]]


def announcing(head: bytes, chunk: int, first: int, count: int) -> bytes | None:
    """Return the head of a DONE that also says what is started right behind its values; `None` if it is none such."""
    kind, flags, buffers, its_chunk, _, a, b, seconds, length = HEAD.unpack(head)
    if kind != DONE or its_chunk != chunk or a + b != first:
        return None
    return HEAD.pack(kind, flags, buffers, chunk, count, a, b, seconds, length)


class Reader:
    """Takes frames off a socket, blocking or not, as the socket is.

    Attributes:
        drained: whether the last read took all that there was.
        arena: where buffers lie that do not come with their frames.
    """

    def __init__(self, sock: socket.socket, arena: Arena | None = None) -> None:
        self.drained: bool = False
        self.arena: Arena | None = arena
        self._sock = sock
        self._room = memoryview(bytearray(_ROOM))  # one for good: making it anew would cost more than reading
        self._filled = 0  # bytes at its front that are no whole frame yet
        self._big: memoryview | None = None  # the body of a large frame is read right where it will stay
        self._big_frame: tuple[Any, ...] = ()
        self._big_filled = 0

    def read(self) -> list[Frame]:
        """Wait for input as the socket does, and return the frames that are complete.

        Raises:
            EOFError: when the other side has closed, or is gone.
            BlockingIOError: when a socket that does not block has nothing.
        """
        if self._big is not None:
            self._big_filled += self._receive(self._big[self._big_filled :])
            if self._big_filled < len(self._big):
                return []
            body, self._big = self._big, None
            return [_frame(self._big_frame, body, self.arena)]
        self._filled += self._receive(self._room[self._filled :])
        return self._split()

    def _receive(self, into: memoryview) -> int:
        try:
            count = self._sock.recv_into(into)
        except (ConnectionResetError, BrokenPipeError):
            count = 0
        if not count:
            raise EOFError
        self.drained = count < len(into)
        return count

    def _split(self) -> list[Frame]:
        frames: list[Frame] = []
        room, at, filled = self._room, 0, self._filled
        while filled - at >= HEAD.size:
            head = HEAD.unpack_from(room, at)
            length, start = head[-1], at + HEAD.size
            if length > _ROOM - HEAD.size:
                self._big, self._big_frame = memoryview(bytearray(length)), head
                self._big_filled = filled - start
                self._big[: self._big_filled] = room[start:filled]
                at = filled
                break
            if start + length > filled:
                break
            at = start + length
            frames.append(_frame(head, memoryview(bytearray(room[start:at])), self.arena))
        if at:
            rest = bytes(room[at:filled])
            self._filled = len(rest)
            room[: len(rest)] = rest
        return frames


def _frame(head: tuple[Any, ...], body: memoryview, arena: Arena | None) -> Frame:
    kind, flags, count, chunk, then, a, b, seconds, _ = head
    frame = Frame(kind, flags, chunk, then, a, b, seconds)
    if flags & APART and kind in _APART:
        assert arena is not None
        at, *sizes = [LENGTH.unpack_from(body, k * LENGTH.size)[0] for k in range(count + 1)]
        frame.buffers = arena.take(at, sizes)
        frame.body = body[(count + 1) * LENGTH.size :]
    elif count:
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


class Sender:
    """Sends frames from any thread, on a socket that blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def __call__(self, pieces: Sequence[Any]) -> None:
        """Send pieces, one frame or more; EOFError when the other side is gone."""
        with self._lock:
            send_all(self._sock, pieces)

    def leave(self) -> None:
        """Close the socket, in a forked child; whoever was sending is not here to give the lock back."""
        self._lock = threading.Lock()
        self._sock.close()


def send_all(sock: socket.socket, pieces: Sequence[Any]) -> None:
    """Send pieces on a socket that blocks.

    Raises:
        EOFError: when the other side is gone.
    """
    queue = queued(pieces)
    while queue:
        queue = send_some(sock, queue)


def queued(pieces: Sequence[Any]) -> list[memoryview]:
    """Return pieces as they are to be sent: small ones as one, which costs less than several."""
    if sum(map(len, pieces)) <= _SMALL:
        return [memoryview(b"".join(pieces))] if pieces else []
    return [memoryview(piece) for piece in pieces if len(piece)]


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
