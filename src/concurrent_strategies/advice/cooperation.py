"""Whether a function's waiting becomes cooperative once gevent has patched the standard library: tried, not guessed.

Items are run *again*, in a child process patched from its start, beside a greenlet that does nothing but sleep and
look at the clock. If that one goes on sleeping and waking while an item waits, the wait is cooperative. So this is for
functions of which an item may be run twice, and for nobody else.
"""

from __future__ import annotations

import time
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, Final

from .._errors import StrategyError
from .thread_facts import ThreadFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Seconds between two beats; a gap of more than three says that somebody kept the processor.
BEAT: Final = 0.001
#: Seconds of waiting that are needed to tell, and for all of it.
ENOUGH, PATIENCE = 0.02, 20.0


class Beside:
    """An item and its witness; both are called in one child process, where they share this object."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func
        self.over: bool = False
        self.ready: bool = False

    def __call__(self, items: Sequence[Any] | None) -> float:
        """Be the witness if there are no items: return for how long it could beat. Else run them: return how long."""
        return self._witness() if items is None else self._run(items)

    def _witness(self) -> float:
        facts, beaten = ThreadFacts(), 0.0  # all greenlets share one thread: what that queues for a core, all do
        try:
            self.ready = True
            since = clock() - facts.queued()
            while not self.over:
                time.sleep(BEAT)
                now = clock() - facts.queued()
                beaten += min(now - since, 3 * BEAT)
                since = now
            return beaten
        finally:
            facts.close()

    def _run(self, items: Sequence[Any]) -> float:
        facts = ThreadFacts()
        try:
            while not self.ready:
                time.sleep(BEAT)
            began = clock() - facts.queued()
            for item in items:
                self.func(item)
                if clock() - facts.queued() - began > ENOUGH:
                    break
            return clock() - facts.queued() - began
        finally:
            self.over = True
            facts.close()


def cooperates(func: Callable[[Any], Any], items: Sequence[Any], waiting: float) -> bool | None:
    """Run items again, and tell whether others could go on meanwhile; `None` if that cannot be told.

    Args:
        func: the function; its calls must be harmless when repeated.
        items: to run, one after the other, until enough was seen.
        waiting: how much of an item is waiting, from 0 to 1.
    """
    from .._strategies.green import GreenStrategy

    try:
        with GreenStrategy(2, chunksize=1) as strategy:
            beaten, took = strategy.map(Beside(func), [None, list(items)], timeout=PATIENCE)
    except (StrategyError, ImportError, OSError):
        return None
    except Exception:  # an item may fail there that did not fail here
        return None
    return bool(beaten > waiting * took / 2)
