"""One worker process, as the parent holds it: its sockets, what it has been given, how it ends.

Nothing is shared by two workers: each has a socketpair for data, one for control, a pipe for its life, of which only
the parent holds the other end, and a journal, in which it leaves what it had no time to say. Death is the end of the
data socket; the exit code is a detail.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from mmap import mmap
from typing import Any

from .._core.bell import PollBell, above_two
from .._core.call import LONGEST_TELL, SHORT
from .._core.port import Chunk, Done, Report, Started
from .._worker import wire
from .._worker.arena import Arena
from .._worker.journal import create, read
from .ends import pair, watch
from .launch import Launcher, Process

INFINITY = float("inf")
ROOM = 1 << 21  # bytes that may be on their way, where the system allows it
LAST_WORDS = 0.2  # seconds to wait for the exit code of a process whose socket has ended


class Parcel:
    """Items of one chunk on their way through a worker: all of them, or one that is sent alone.

    `begun` says that the worker has read it, and gone on to its items.
    """

    __slots__ = ("begun", "chunk", "first", "left")

    def __init__(self, chunk: Chunk, first: int, left: int) -> None:
        self.chunk: Chunk = chunk
        self.first: int = first
        self.left: int = left
        self.begun: bool = False


class Worker:
    """One worker process.

    Attributes:
        parcels: what it has been given and not finished, by a number of its own.
        call: the pickled function that it knows.
        ready: whether it has said that it is prepared.
        condemned: calls that the worker has been asked to end, and the time at which that has taken too long.
        look_at: when it is to be asked what it has run without a word.
        arena: where large buffers go past the socket, if there is such a place.
        rests: chunks that have been sent in part, and the index from which on they have not.
    """

    ready: bool
    look_at: float

    def __init__(self, launcher: Launcher, setup: Sequence[Any]) -> None:
        (data, control, life), (theirs, their_control, their_life) = _connections()
        self._journal: mmap | None = None
        self.arena: Arena | None = None
        self._data, self._control, self._life = data, control, life
        self.parcels: dict[int, Parcel] = {}
        self.call: object = None
        self.condemned: dict[tuple[int, int], float] = {}
        self.rests: dict[int, tuple[Chunk, int]] = {}
        self.ready = False
        self.look_at = INFINITY
        self._serial = 0
        self._reader = wire.Reader(data)
        self._queue: list[memoryview] = []
        self._process = Process()
        watch(self)
        journal = -1
        try:
            journal, self._journal, self.arena = create()
            self._reader.arena = self.arena
            self._process = launcher.start((theirs.fileno(), their_control.fileno(), their_life, journal))
        except BaseException:
            self.forget()
            raise
        finally:
            theirs.close()
            their_control.close()
            os.close(their_life)
            if journal >= 0:
                os.close(journal)
        data.setblocking(False)
        control.setblocking(False)
        self.send(setup)

    def fileno(self) -> int:
        """Return the descriptor that is readable when the worker has said something, or has ended."""
        return self._data.fileno()

    @property
    def pid(self) -> int | None:
        """Its process id, once it has told."""
        return self._process.pid or None

    def book(self, chunk: Chunk, first: int, count: int) -> int:
        """Note that items of a chunk go to this worker, and return the number they are known by there."""
        self._serial += 1
        self.parcels[self._serial] = Parcel(chunk, first, count)
        return self._serial

    def settle(self, serial: int, count: int) -> None:
        """Note that items of a parcel need nothing more from this worker."""
        parcel = self.parcels[serial]
        parcel.left -= count
        if parcel.left <= 0:
            del self.parcels[serial]

    def serials(self, chunk: Chunk) -> list[int]:
        """Return the numbers under which this worker knows parts of a chunk."""
        return [serial for serial, parcel in self.parcels.items() if parcel.chunk is chunk]

    def expect(self, now: float, heard: wire.Frame | None = None) -> float:
        """Note that it may be running items without a word, unless its last one announces some; return until when."""
        told = heard is not None and (heard.kind == wire.STARTED or heard.then)
        self.look_at = now + 2 * LONGEST_TELL if self.ready and self.parcels and not told else INFINITY
        return self.look_at

    def attend(self, now: float) -> float:
        """End it if it has not ended a call in time, and ask it if it has been silent; return when to come again."""
        if self.condemned and min(self.condemned.values()) <= now:
            self.condemned.clear()
            self.kill()
        if self.look_at <= now:
            self.look_at = INFINITY
            self.signal(wire.LOOK, self._serial)
        return min(self.look_at, *self.condemned.values(), INFINITY)

    def last_words(self) -> list[Report]:
        """Return what it had done and begun when it ended, and had not told."""
        assert self._journal is not None
        serial, first, values, begun = read(self._journal)
        parcel = self.parcels.get(serial)
        if parcel is None:
            return []
        parcel.begun = True
        chunk = parcel.chunk.id
        words: list[Report] = [Done(chunk, first, values, SHORT, str(self.pid))] if values else []
        return [*words, Started(chunk, first + len(values), begun)] if begun else words

    def reading(self, *, inside: bool) -> Parcel | None:
        """Return what it may have been reading when it ended: what comes first and is not begun.

        Args:
            inside: whether it reads on while calls are under way.
        """
        for parcel in self.parcels.values():
            if not parcel.begun:
                return parcel if self.ready else None
            if not inside:
                break
        return None

    def needs(self, calls: int) -> tuple[Chunk, int] | None:
        """Return what of a chunk should go next: once it has been sent up to here, and has but one message ahead.

        Args:
            calls: how many items of a chunk it may be running at once.
        """
        if self._queue or not self.rests:
            return None
        for chunk, first in self.rests.values():
            parcels = [parcel.left for parcel in self.parcels.values() if parcel.chunk is chunk]
            if len(parcels) < 2 or sum(parcels) < 2 * calls:
                return chunk, first
        return None

    def queue(self, pieces: Sequence[Any]) -> None:
        """Queue pieces of frames, which go with what is sent next."""
        self._queue += wire.queued(pieces)

    def send(self, pieces: Sequence[Any]) -> None:
        """Queue pieces of frames, and send what the socket takes."""
        self.queue(pieces)
        self.flush()

    def flush(self) -> bool:
        """Send what the socket takes; return whether something is left. A death is left to `receive`."""
        try:
            while self._queue:
                self._queue = wire.send_some(self._data, self._queue)
        except BlockingIOError:
            return True
        except EOFError:
            self._queue.clear()
        return False

    def signal(self, kind: int, serial: int, *, flags: int = 0, index: int = 0) -> None:
        """Send a word on the control socket, past whatever is queued."""
        try:
            self._control.send(b"".join(wire.pack(kind, serial, a=index, flags=flags)))
        except OSError:
            return  # it is ending, or so stuck that it has not read for thousands of words: a death will be seen

    def receive(self) -> list[wire.Frame]:
        """Return the frames that have come in.

        Raises:
            EOFError: when the process has ended.
        """
        frames: list[wire.Frame] = []
        try:
            while True:
                frames += self._reader.read()
                if self._reader.drained:
                    break
        except BlockingIOError:
            pass
        except EOFError:
            if not frames:
                raise  # else it is read again next time
        return self._met(frames)

    def _met(self, frames: list[wire.Frame]) -> list[wire.Frame]:
        while not self.ready and frames and frames[0].kind == wire.READY:
            frame = frames.pop(0)
            self._process.pid = frame.a
            self.ready = bool(frame.b)
        return frames

    def hang_up(self) -> None:
        """Tell it that nothing more will come: it ends by itself after what it has."""
        try:
            self._data.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it has ended

    def ended(self, deadline: float) -> bool:
        """Wait until the process has ended, or for the deadline."""
        bell = PollBell()
        try:
            bell.register(self.fileno())
            while (left := deadline - time.monotonic()) > 0:
                bell.wait(left)
                try:
                    self.receive()
                except EOFError:
                    return True
            return False
        finally:
            bell.close()

    def kill(self) -> None:
        """End it at once: the kernel does when its life pipe is closed."""
        life, self._life = self._life, -1
        if life >= 0:
            os.close(life)
            self._process.kill()

    def bury(self) -> int | None:
        """Free everything of a process that has ended or is to; return its exit code where that is known."""
        self.kill()
        try:
            return self._process.exitcode(LAST_WORDS)
        finally:
            self.forget()

    def forget(self) -> None:
        """Close our ends, without a word: for whoever has seen the process end."""
        self._data.close()
        self._control.close()
        if self._journal is not None:
            self._journal.close()
        if self.arena is not None:
            self.arena.close()
        life, self._life = self._life, -1
        if life >= 0:
            os.close(life)

    def disown(self) -> None:
        """Close our ends in a forked child: it is not its process."""
        self.forget()
        self._process.disown()


def _connections() -> tuple[tuple[socket.socket, socket.socket, int], tuple[socket.socket, socket.socket, int]]:
    """Make what connects us with a worker, our ends and its own: data, control, life. All of it or nothing."""
    with ExitStack() as undo:
        data, theirs = pair()
        for end in (data, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        undo.callback(data.close)
        undo.callback(theirs.close)
        control, their_control = pair()
        undo.callback(control.close)
        undo.callback(their_control.close)
        their_life, life = (above_two(fd) for fd in os.pipe2(os.O_CLOEXEC))
        undo.pop_all()
    return (data, control, life), (theirs, their_control, their_life)
