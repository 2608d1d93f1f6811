"""What the consumer gets for finished entries: outcomes as they are, or values, with `on_error` applied."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count, repeat
from typing import Any

from .._errors import ItemExited, TooManyFailures
from .._options import Options
from .._outcome import Failure, Outcome, Success
from .run import Run
from .shelf import Block, Entry, Fault


class Delivery:
    """Turns entries into what a verb yields.

    Args:
        options: of the run.
        run: asked, at the end, why it ended.
        keys: label of each item that is under way, by index; emptied as they are delivered.
    """

    def __init__(self, options: Options, run: Run, keys: dict[int, Any]) -> None:
        self._on_error = options.on_error
        self._max_failures = options.max_failures
        self._run = run
        self._keys = keys
        self._collected: list[Exception] = []

    def outcomes(self, batch: Sequence[Entry]) -> Iterator[Outcome[Any]]:
        """Yield each entry's items one by one."""
        take = self._keys.pop
        for entry in batch:
            if isinstance(entry, Fault):
                index = entry.first
                yield Failure(index, take(index, None), entry.error, entry.attempt, entry.seconds, entry.worker)
                continue
            attempt, workers, times = entry.attempt, entry.worker, entry.seconds
            each = times if isinstance(times, Sequence) else repeat(times)
            names = repeat(workers) if isinstance(workers, str) else workers
            for index, value, seconds, worker in zip(count(entry.first), entry.values, each, names):
                yield Success(index, take(index, None), value, attempt, seconds, worker)

    def values(self, batch: Sequence[Entry]) -> Iterator[list[Any]]:
        """Yield lists of values; raise, keep or leave out the failures between them."""
        for entry in batch:
            if isinstance(entry, Block):
                yield entry.values
            elif self._on_error == "raise" and self._max_failures is None:
                raise self._raisable(entry)
            elif self._on_error != "skip":
                self._collected.append(self._raisable(entry))

    def end(self, *, values: bool) -> None:
        """Raise what stands against a good end: too many failures, or those that were collected."""
        run = self._run
        if run.overflowed:
            failures = [self._raisable(fault) for fault in run.faults]
            message = f"max_failures={self._max_failures} was reached after {run.done} items"
            raise TooManyFailures(message, failures)
        if values and self._collected:
            if self._on_error == "raise":
                raise self._collected[0]
            raise ExceptionGroup(f"{len(self._collected)} of {run.done} items failed", self._collected)

    def _raisable(self, fault: Fault) -> Exception:
        """Return the item's error with a note that names the item, or an `ItemExited` around what must not escape."""
        note = f"item {fault.first}" + self._label(fault)
        error = fault.error
        raisable = error if _is_ordinary(error) else ItemExited(fault.first, error)
        with suppress(Exception):  # it may let nobody write on it: better no note than no error
            if note not in getattr(raisable, "__notes__", ()):
                raisable.add_note(note)
        return raisable  # type: ignore[return-value]

    def _label(self, fault: Fault) -> str:
        key = self._keys.get(fault.first)
        label = f" (key {reprlib.repr(key)})" if key is not None else ""
        if fault.has_item:
            label += f": {_repr.repr(fault.item)}"
        return label + (f", in attempt {fault.attempt}" if fault.attempt > 1 else "")


class _Repr(reprlib.Repr):
    """Spells out no more of an item than is shown: of a large one that alone would take a second and more."""

    def repr_bytes(self, item: bytes | bytearray, _level: int) -> str:
        """Show the first bytes, and how many there are."""
        return repr(item) if len(item) <= self.maxother else f"{bytes(item[:40])!r}... ({len(item)} bytes)"

    repr_bytearray = repr_bytes


_repr = _Repr()
_repr.maxstring = _repr.maxother = 120


def _is_ordinary(error: BaseException) -> bool:
    """Tell whether raising this to the caller cannot be taken for the caller's own control flow."""
    if not isinstance(error, Exception) or isinstance(error, StopIteration | StopAsyncIteration):
        return False
    # concurrent.futures.CancelledError is an Exception; if nobody has imported it, this cannot be one.
    futures = sys.modules.get("concurrent.futures._base")
    return futures is None or not isinstance(error, futures.CancelledError)
