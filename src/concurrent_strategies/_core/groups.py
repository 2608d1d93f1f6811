"""The loops around the user's function: a group of items, each in a context that shows nothing of the others, at nearly
the speed of a bare loop.

What is done stands in `out` at any moment, and what is not begun in the iterator, from which
another thread may take it.
Worker processes import this file: nothing heavy may be imported here.
"""

from __future__ import annotations

from time import perf_counter as clock

from .call import HOLD, SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context
    from typing import Any, Protocol, TypeAlias

    Func: TypeAlias = Callable[[Any], Any]

    class Journal(Protocol):
        """Where a lane writes down what it runs without a word."""

        def begin(self, chunk: int, first: int, count: int) -> None:
            """Write that items are begun one after the other."""

        def note(self, value: Any) -> bool:
            """Write that the item under way is done and the next one begun; False if its value cannot be written."""

        def begin_group(self, count: int) -> None:
            """Write that so many items are begun together, behind what is done."""

        def note_group(self, out: list[Any], count: int) -> bool:
            """Write that the last values in `out` are what the first of them returned; False if that is impossible."""

        def cut(self, end: int) -> None:
            """Write that nothing behind this index is begun."""


def run_shared(func: Func, items: Iterator[Any], out: list[Any]) -> None:
    """Run items in the context that they share, which is the current one.

    `out.extend(map(func, items))` would be twice as fast, but takes a StopIteration of the function's own for the end.
    """
    for item in items:
        out.append(func(item))  # noqa: PERF401  (what is done must stand there; a bound `append` is a fifth slower)


def run_bare(func: Func, items: Iterator[Any], out: list[Any], fresh: Context) -> None:
    """Run items where no variables but ours are set.

    Whatever an item sets makes the context larger then: a look at its size costs a third of a copy for each item, and
    keeps the same promise. Whether it is empty still is quicker to see.
    """
    context = fresh.copy()
    run = _run_unchanged if context else _run_empty
    while context.run(run, func, items, out, context):
        context = fresh.copy()


def _run_empty(func: Func, items: Iterator[Any], out: list[Any], context: Context) -> bool:
    """Run items in one context, empty as it is, until one of them has set a variable; return whether that was so."""
    for item in items:
        out.append(func(item))
        if context:
            return True
    return False


def _run_unchanged(func: Func, items: Iterator[Any], out: list[Any], context: Context) -> bool:
    """Run items in one context until one of them has set a variable; return whether that was so."""
    size = len(context)
    for item in items:
        out.append(func(item))
        if len(context) != size:
            return True
    return False


def run_apart(func: Func, items: Iterator[Any], out: list[Any], fresh: Context) -> None:
    """Run each item in a copy of its own."""
    copy = fresh.copy
    for item in items:
        out.append(copy().run(func, item))  # noqa: PERF401


def run_briefly(
    func: Func,
    items: Iterator[Any],
    out: list[Any],
    ends: list[float],
    context: Callable[[], Context],
    known: bool,
    note: Callable[[Any], bool] | None,
    until: float,
) -> bool:
    """Run items up to a time, or up to an awaitable, unless it is `known` what comes; return whether that is for later.

    Each runs in what `context` returns. The time at which it has ended goes into `ends`. Its value is noted, if it can
    be; else it is the last one.
    """
    for item in items:
        value = context().run(func, item)
        out.append(value)
        ends.append(now := clock())
        if now > until or (note is not None and not note(value)):
            return False
        if not (known or (known := not hasattr(type(value), "__await__"))):
            return False
    return True


def run_held(
    func: Func, items: Iterator[Any], out: list[Any], ends: list[float], context: Callable[[], Context]
) -> None:
    """Run items for as long as none of them is short, up to an awaitable, and for no longer than may be kept quiet.

    The time at which each has ended goes into `ends`.
    """
    last = clock()
    until = last + HOLD
    for item in items:
        value = context().run(func, item)
        out.append(value)
        ends.append(now := clock())
        if now > until or now - last < SHORT or hasattr(type(value), "__await__"):
            break
        last = now


def trimmed(error: BaseException, *files: str) -> BaseException:
    """Drop our own frames, those in these files and this, off the head of a traceback: the user's first helps."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, *files):
        trace = trace.tb_next
    return error.with_traceback(trace)
