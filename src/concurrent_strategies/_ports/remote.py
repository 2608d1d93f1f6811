"""Workers in other processes: the port's verbs as messages, and each worker's own port or lane behind them.

    engine -- start --> seat --> worker: data socket    --> chunks   --> its lane, or the port of an inner strategy
           -- recall, stop ----> worker: control socket -->
           <-- poll ------------ worker: data socket    <-- reports  <--

A worker has as many seats as its inner strategy's port; seat n belongs to worker n // seats. Every socket is registered
with the port's bell, and nothing here waits: sends that do not fit are queued.
"""

from __future__ import annotations

import os
import select
import time
import warnings
from collections import deque
from collections.abc import Callable
from functools import partial

from .._core.bell import PollBell
from .._core.call import Call
from .._core.port import Broken, Chunk, Died, Failed, Report, Returned, Started
from .._worker import wire
from .._worker.pickling import error_from_wire, loads
from .echo import echo
from .luggage import pack_call
from .processes import ProcessCrew
from .sending import Sending
from .worker import Worker

DEAF = 0.1  # seconds without an answer after which a worker is taken to be held by C code that keeps the GIL
MERCY = 2.0  # seconds that an inner strategy gets to end a call, before the whole process is ended
BAD_STARTS = 3  # workers in a row that end before they have said a word: then it is no accident


class RemotePort(Sending):
    """Seats in worker processes, started when they are first given something.

    Args:
        call: what to run; pickled here, once, and sent to each worker once.
        crew: where the workers come from.
        seats: chunk holders within one worker.
        span: calls at once within one seat.

    Raises:
        NotPicklable: if the function cannot be sent.
    """

    grace = 0.05

    def __init__(self, call: Call, crew: ProcessCrew, *, seats: int = 1, span: int = 1) -> None:
        self._number = next(crew.calls)
        self._call = pack_call(call, self._number)  # before anything is opened: it may be impossible
        super().__init__(PollBell(), seats, span)
        self.seats = 0
        self._crew = crew
        self._most = 1 << 30
        self._by_fd: dict[int, int] = {}
        self.words: deque[Callable[[], object]] = deque()
        self._bad_starts = 0
        self._broken = False

    def resize(self, workers: int) -> None:
        """Have at most so many processes at work."""
        self.seats = min(workers, self._most) * self._each
        self._release()

    def _release(self) -> None:
        """Give workers back that are too many and have nothing left to do."""
        for number in [n for n, w in self._at.items() if n * self._each >= self.seats and not (w.parcels or w.rests)]:
            self._give_back(number)

    def _give_back(self, number: int) -> None:
        worker = self._at.pop(number)
        self._unregister(worker)
        self._crew.give_back(worker)

    def _unregister(self, worker: Worker) -> None:
        self._by_fd.pop(worker.fileno(), None)
        self.bell.unregister(worker.fileno())

    def start(self, chunk: Chunk) -> None:
        """Send a chunk to its worker, with the function if it does not know that yet."""
        number = chunk.seat // self._each
        worker = self._at.get(number) or self._hire(number, chunk)
        if worker is None:
            return
        if worker.call is not self._call:
            worker.call = self._call
            worker.queue(self._call)  # one message with the items: each wakes the worker
        self._send_items(worker, chunk, chunk.first)
        self._send_more(worker)

    def _hire(self, number: int, chunk: Chunk) -> Worker | None:
        if self._broken:
            self._say(Returned(chunk.id, chunk.first, len(chunk.items)))
            return None
        try:
            worker = self._crew.take(self._call)
        except OSError as error:
            self._refused(chunk, error)
            return None
        self._at[number] = worker
        self._by_fd[worker.fileno()] = number
        self.bell.register(worker.fileno())
        return worker

    def _refused(self, chunk: Chunk, error: OSError) -> None:
        self._go_on_with_others("no more worker processes could be started", error)
        self._say(Returned(chunk.id, chunk.first, len(chunk.items)))

    def _go_on_with_others(self, what: str, error: OSError | None) -> None:
        """Go on with the processes there are, or say that there is none."""
        if not self._at:
            self._break(what if error is None else "no worker process could be started", error)
            return
        self._most = len(self._at)
        self._at = dict(enumerate(self._at.values()))  # no seat below the new bound may be without a worker
        self._by_fd = {worker.fileno(): number for number, worker in self._at.items()}
        self.seats = min(self.seats, self._most * self._each)
        message = f"{what}{f' ({error})' if error else ''}; going on with {self._most}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _break(self, what: str, cause: BaseException | None) -> None:
        if self._broken:
            return
        from .._deaths import start_error  # loads concurrent.futures

        self._broken = True
        self._say(Broken(start_error(what, cause)))

    def stop(self, chunk: Chunk, index: int) -> None:
        """Have the worker end itself, if it is still at that item, or what runs the item in there; else kill it."""
        deadline = time.monotonic() + (MERCY if self._inside else DEAF)
        for worker in self._at.values():
            for serial in worker.serials(chunk):
                worker.signal(wire.STOP, serial, index=index)
                worker.condemned[serial, index] = deadline
        self.alarm = min(self.alarm, deadline)

    def poll(self) -> list[Report]:
        """Return what the workers have said, and see to those that have ended."""
        for fd, events in self.bell.poll():
            number = self._by_fd.get(fd)
            if number is None:
                continue
            worker = self._at[number]
            if events & select.POLLOUT and not worker.flush():
                self.bell.register(fd)
                self._send_more(worker)
            if events & ~select.POLLOUT:
                self._hear(number, worker)
        if (now := time.monotonic()) >= self.alarm:
            self.alarm = min((worker.attend(now) for worker in self._at.values()), default=float("inf"))
        return self._reports.take()

    def _hear(self, number: int, worker: Worker) -> None:
        known = worker.ready
        try:
            frames = worker.receive()
        except EOFError:
            self._mourn(number, worker)
            return
        if worker.ready and not known:
            self._bad_starts = 0
        for frame in frames:
            self._take(worker, frame)
        self._send_more(worker)
        if not self._inside:
            self.alarm = min(self.alarm, worker.expect(time.monotonic(), frames[-1] if frames else None))
        if number * self._each >= self.seats:
            self._release()

    def _mourn(self, number: int, worker: Worker) -> None:
        """Report the death of a worker; its seats get another one when they are next given something."""
        del self._at[number]
        self._unregister(worker)
        for word in worker.last_words():
            self._reports.add(word)
        pid, code = worker.pid, self._crew.bury(worker)
        if not worker.ready:
            self._stillborn(pid, code)
        elif (parcel := worker.reading(inside=self._inside)) and self._suspects.read(parcel.first, parcel.left):
            from .._deaths import WorkerDied  # loads concurrent.futures

            self._reports.add(Failed(parcel.chunk.id, parcel.first, WorkerDied(parcel.first, pid, code)))
        chunks = [*(parcel.chunk.id for parcel in worker.parcels.values()), *worker.rests]
        for chunk in dict.fromkeys(chunks):
            self._reports.add(Died(chunk, pid, code))

    def _stillborn(self, pid: int | None, code: int | None) -> None:
        """See to it that no worker is started for ever that ends before it is prepared."""
        self._bad_starts += 1
        if pid is None and code:  # there was no process at all: what its server says is the error number
            self._go_on_with_others("no more worker processes could be started", OSError(code, os.strerror(code)))
        elif self._bad_starts >= BAD_STARTS:
            what = f"{BAD_STARTS} worker processes in a row ended before they were prepared"
            if any(worker.ready for worker in self._at.values()):
                self._go_on_with_others(what, None)
            else:
                self._break(what, None)

    def _take(self, worker: Worker, frame: wire.Frame) -> None:
        """Turn a frame into a report."""
        kind = frame.kind
        if kind not in wire.OF_A_CHUNK:
            self._take_word(worker, frame)
            return
        parcel = worker.parcels.get(frame.chunk)
        if parcel is None:
            return
        chunk, parcel.begun = parcel.chunk, True
        if self.muted and kind in (wire.DONE, wire.FAILED):
            count = frame.b if kind == wire.DONE else 1
            worker.settle(frame.chunk, count)
            self._reports.add(Returned(chunk.id, frame.a, count))
        elif kind == wire.DONE:
            worker.settle(frame.chunk, frame.b)
            for index in range(frame.a, frame.a + frame.b) if worker.condemned else ():
                worker.condemned.pop((frame.chunk, index), None)
            self._reports.values(chunk, frame, str(worker.pid))
            if frame.then:
                self._reports.add(Started(chunk.id, frame.a + frame.b, frame.then))
        elif kind == wire.STARTED:
            self._reports.add(Started(chunk.id, frame.a, frame.b))
        elif kind == wire.UNREADABLE:
            del worker.parcels[frame.chunk]
            low = parcel.first - chunk.first
            self._send_one_by_one(worker, chunk, parcel.first, chunk.items[low : low + parcel.left])
        elif kind == wire.FAILED:
            worker.settle(frame.chunk, 1)
            worker.condemned.pop((frame.chunk, frame.a), None)
            wired, name = loads(frame.body)
            seconds = None if frame.seconds < 0 else frame.seconds
            self._reports.add(Failed(chunk.id, frame.a, error_from_wire(wired), seconds, name or str(worker.pid)))
        elif kind == wire.RETURNED:
            # Below 0: all of it, as it had not even been read.
            first, count = (frame.a, frame.b) if frame.a >= 0 else (parcel.first, parcel.left)
            worker.settle(frame.chunk, count)
            self._reports.add(Returned(chunk.id, first, count))

    def _take_word(self, worker: Worker, frame: wire.Frame) -> None:
        """Take what a worker says that is about no chunk."""
        kind = frame.kind
        if kind == wire.RELAY:
            self.words.append(partial(echo, frame.a, frame.body))
        elif kind == wire.UNSTARTABLE or (kind == wire.BROKEN_CALL and frame.chunk == self._number):
            what = "the function cannot be run" if kind == wire.BROKEN_CALL else "a worker could not be prepared"
            self._break(what, error_from_wire(loads(frame.body)))
            worker.kill()

    def close(self) -> None:
        """Kill what still runs, and give the others back."""
        for number, worker in list(self._at.items()):
            if worker.parcels or worker.rests:
                del self._at[number]
                self._unregister(worker)
                self._crew.bury(worker)
            else:
                self._give_back(number)
        self._crew.forget(self._call)
        self.bell.close()
