"""What a lane runs without another word about each item: groups, and what is written down for whoever finds it dead.

Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from itertools import islice
from time import perf_counter as clock

from .call import SHORT, Call
from .groups import run_apart, run_bare, run_briefly, run_shared
from .item import OURS
from .port import Report
from .telling import Telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context
    from typing import Any

    from .groups import Journal

HERE = __file__


class Unannounced(Telling):
    """The loops of a lane; `_run_items` decides which."""

    def __init__(self, call: Call, emit: Callable[[Report], object], worker: str, journal: Journal | None) -> None:
        from contextvars import copy_context

        super().__init__(call, emit, worker, journal)
        self._func = call.bound()
        self._context: Context = (copy_context() if call.context is None else call.context).copy()
        self._bare = OURS.issuperset(self._context)  # whether no variables but ours are set
        self._fits = True  # whether the values of a group can be written down
        self._fresh: Callable[[], Context] = (lambda: self._context) if call.shared_context else self._context.copy

    def _run_group_of(self, items: Iterator[Any], out: list[Any]) -> None:
        """Run items at nearly the speed of a bare loop."""
        if self._call.shared_context:
            self._context.run(run_shared, self._func, items, out)
        elif self._bare:
            run_bare(self._func, items, out, self._context)
        else:
            run_apart(self._func, items, out, self._context)

    def _run_unannounced(self, out: list[Any]) -> None:
        """Run items without a word, for a while; where there is a journal, write down each, or groups of short ones."""
        journal, stride = self._journal, self._stride
        until = (now := clock()) + (SHORT if journal is None else self._tell_after)
        note = None if journal is None else journal.note
        more = True
        while more and now < until:
            with self._lock:  # whoever calls back or looks takes the rest, and may take values off the front
                begun, self._mark = self._base + len(out), now
            known, since = self._decided, now
            if stride.size == 1 or journal is None or not known:
                some = islice(self._iterator, stride.left or 1)
                more = run_briefly(self._func, some, out, self._ends, self._fresh, known, note, until)
            else:
                journal.begin_group(stride.size)
                # As it is, it is quicker; then there is one group in it.
                self._run_group_of(islice(self._iterator, stride.size) if self._fits else self._iterator, out)
            now = clock()
            with self._lock:
                count = self._base + len(out) - begun
                if not 0 < count <= len(out) or journal is None:
                    return
                if stride.size > 1 and known:
                    # As much as was meant to be one group must fit before there can be several; less is told at once.
                    more = self._fits = (self._fits or count >= stride.size) and journal.note_group(out, count)
                stride.measured(count, now - since)
