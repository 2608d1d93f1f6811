"""A bound on a test: what hangs fails, with the stacks of all threads."""

from __future__ import annotations

import faulthandler
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Hang(AssertionError):
    """A promise that did not come to an end."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Fail what takes longer, and write the stacks of all threads to stderr.

    It interrupts the main thread by a signal, also in the middle of a wait; a timer that a test runner may have set is
    put back afterwards. Elsewhere, and where there are no such timers, it does nothing.

    Args:
        seconds: the bound.

    Raises:
        Hang: when it is passed.
    """
    disarm = arm(seconds)
    try:
        yield
    finally:
        disarm()


def arm(seconds: float) -> Disarm:
    """Set the timer; call what is returned to put everything back."""
    return Disarm(seconds)


class Disarm:
    """A timer that is set, and what was there before."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._set = False
        try:
            self._before = signal.signal(signal.SIGALRM, self._expired)
        except (AttributeError, ValueError):  # no such signal here, or not the main thread
            return
        self._set = True
        self._began = time.monotonic()
        self._left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)

    def _expired(self, _number: int, _frame: FrameType | None) -> None:
        if sys.__stderr__ is not None:
            faulthandler.dump_traceback(sys.__stderr__)
        raise Hang(f"not over after {self._seconds:g} s")

    def __call__(self) -> None:
        """Put back the timer and the handler that were there before."""
        if not self._set:
            return
        self._set = False
        left = max(0.001, self._left - (time.monotonic() - self._began)) if self._left else 0.0
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, self._before)
