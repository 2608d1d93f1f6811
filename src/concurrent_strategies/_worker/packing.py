"""How a worker's reports become frames: values together where that is safe, errors so that they can be made again."""

from __future__ import annotations

from .._core.port import Broken, Died, Done, Failed, Report, Returned, Started
from . import wire
from .pickling import LARGE, complaint, dumps, error_to_wire, foreign, joined, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .arena import Arena


def pieces_of(report: Report, call: int, arena: Arena | None = None) -> list[Any]:
    """Return a report as the pieces of a frame; `call` is the number of the function it is about.

    Where there is an `arena` for large buffers, the pieces have to be sent in the order in which they were made.
    """
    if isinstance(report, Done):
        return _pieces_of_values(report, arena)
    if isinstance(report, Started):
        return wire.pack(wire.STARTED, report.chunk, report.first, report.count)
    if isinstance(report, Failed):
        return failed(report.chunk, report.index, report.error, report.seconds, report.worker)
    if isinstance(report, Returned):
        return wire.pack(wire.RETURNED, report.chunk, report.first, report.count)
    if isinstance(report, Broken):
        # The reason, if there is one: what it is the cause of does not cross the border with it.
        return wire.pack(wire.BROKEN_CALL, call, parts=[joined(error_to_wire(report.error.__cause__ or report.error))])
    assert isinstance(report, Died)
    return []


def _pieces_of_values(report: Done, arena: Arena | None) -> list[Any]:
    """Pickle results: together where all can be loaded if one can, else each by itself, so that a bad one is alone."""
    values, chunk, first = report.values, report.chunk, report.first
    flags = wire.AWAITED if report.awaited else 0
    if len(values) == 1:
        try:
            parts, buffers = dumps(values)
        except BaseException as error:
            return failed(chunk, first, complaint(f"the result of item {first}", values[0], error), report.seconds)
        return wire.apart(wire.pack(wire.DONE, chunk, first, 1, report.seconds, flags, parts, buffers), arena)
    timed = wire.TIMED if report.each else 0
    together = report.sealed or plain(values + report.each if report.each else values)
    if together is not None:
        return wire.pack(wire.DONE, chunk, first, len(values), report.seconds, flags | timed, together)
    pieces: list[Any] = []
    good: list[bytes] = []
    start, each = first, report.seconds / len(values)

    def close_run() -> None:
        if good:
            body = joined(good[:])
            seconds = each * len(good)
            pieces.extend(wire.pack(wire.DONE, chunk, start, len(good), seconds, flags | wire.SEPARATE, [body]))
            good.clear()

    for index, value in enumerate(values, first):
        try:
            parts, buffers = foreign([value])  # most of them are not plain, or all would have gone together
        except BaseException as error:
            close_run()
            pieces += failed(chunk, index, complaint(f"the result of item {index}", value, error), each)
            start = index + 1
        else:
            if buffers or sum(map(len, parts)) > LARGE:  # joined with others it would be copied for nothing
                close_run()
                pieces += wire.apart(wire.pack(wire.DONE, chunk, index, 1, each, flags, parts, buffers), arena)
                start = index + 1
            else:
                good.append(b"".join(parts))
    close_run()
    return pieces


def failed(chunk: int, index: int, error: BaseException, seconds: float | None, worker: str = "") -> list[Any]:
    body = joined((error_to_wire(error), worker))
    return wire.pack(wire.FAILED, chunk, index, 0, -1.0 if seconds is None else seconds, 0, [body])
