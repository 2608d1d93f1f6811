"""What worker processes have said since somebody last asked, with the values made again that came in frames."""

from __future__ import annotations

from .._core.port import Chunk, Done, Failed, Report, Started
from .._worker import wire
from .._worker.pickling import loads


class Reports(list[Report]):
    """Reports in order; values that come one by one are kept together, which saves the engine a round for each."""

    def values(self, chunk: Chunk, frame: wire.Frame, name: str) -> None:
        """Add the values that a frame brings; one that cannot be made again fails alone."""
        awaited = bool(frame.flags & wire.AWAITED)
        try:
            values = loads(frame.body, frame.buffers)
        except KeyboardInterrupt:  # in the caller's own thread it is the caller's
            raise
        except BaseException as error:
            self.append(Failed(chunk.id, frame.a, error, frame.seconds, name))
            return
        if not frame.flags & wire.SEPARATE:
            self._done(Done(chunk.id, frame.a, values, frame.seconds, name, awaited))
            return
        each = frame.seconds / len(values)
        for index, data in enumerate(values, frame.a):
            try:
                alone = loads(data)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.append(Failed(chunk.id, index, error, each, name))
            else:
                self.append(Done(chunk.id, index, alone, each, name, awaited))

    def _done(self, done: Done) -> None:
        """Add values: to those right before them, if nobody has taken these in yet and they go together."""
        if (
            self
            and isinstance(last := self[-1], Started)
            and last.chunk == done.chunk
            and last.first == done.first
            and last.count == len(done.values)
        ):
            self.pop()  # that they were started is no news any more
        if not (
            self
            and isinstance(last := self[-1], Done)
            and last.chunk == done.chunk
            and last.first + len(last.values) == done.first
            and last.absorb(done)
        ):
            self.append(done)
