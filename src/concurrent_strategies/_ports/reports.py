"""What worker processes have said since somebody last asked, with the values made again that came in frames."""

from __future__ import annotations

from .._core.gathered import Gathered
from .._core.port import Chunk, Done, Failed
from .._worker import wire
from .._worker.pickling import loads


class Reports(Gathered):
    """Reports of worker processes."""

    def values(self, chunk: Chunk, frame: wire.Frame, name: str) -> None:
        """Add the values that a frame brings; one that cannot be made again fails alone."""
        awaited = bool(frame.flags & wire.AWAITED)
        try:
            values = loads(frame.body, frame.buffers)
        except KeyboardInterrupt:  # in the caller's own thread it is the caller's
            raise
        except BaseException as error:
            self.add(Failed(chunk.id, frame.a, error, frame.seconds, name))
            return
        if not frame.flags & wire.SEPARATE:
            done = Done(chunk.id, frame.a, values, frame.seconds, name, awaited)
            if frame.flags & wire.TIMED:
                done.values, done.each = values[: frame.b], values[frame.b :]
            self.add(done)
            return
        each = frame.seconds / len(values)
        for index, data in enumerate(values, frame.a):
            try:
                alone = loads(data)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.add(Failed(chunk.id, index, error, each, name))
            else:
                self.add(Done(chunk.id, index, alone, each, name, awaited))
