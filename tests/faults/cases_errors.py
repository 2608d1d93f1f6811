"""Rows E: what a function raises costs its item only, whatever it is."""

from __future__ import annotations

import asyncio
import concurrent.futures
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import concurrent_strategies as cs

from .catalogue import Case, add, case
from .probe import Async, Probe, caught, is_a, raised_by

EVERY = "STPGIA"


class OwnExit(BaseException):
    """No `Exception`."""


class Unprintable(ValueError):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Frozen(ValueError):
    """Does not let anybody write on it."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def add_note(self, note: str) -> None:
        """Refuse."""
        raise AttributeError("add_note")


def raise_at_3(kind: type[BaseException], arguments: tuple[Any, ...], item: int) -> int:
    """Raise for item 3."""
    if item == 3:
        raise kind(*arguments)
    return item


RAISED: dict[str, tuple[type[BaseException], tuple[Any, ...]]] = {
    "E1": (SystemExit, (3,)),
    "E2": (KeyboardInterrupt, ()),
    "E3": (GeneratorExit, ()),
    "E4": (OwnExit, ("mine",)),
    "E5": (asyncio.CancelledError, ()),
    "E6": (concurrent.futures.CancelledError, ()),
    "E7": (StopIteration, (5,)),
    "E7b": (StopAsyncIteration, ()),
    "E8": (TimeoutError, ("slow",)),
    "E9": (ValueError, ("plain",)),
}


def _is_raised(kind: type[BaseException]) -> Callable[[BaseException], None]:
    # A coroutine that raises StopIteration raises RuntimeError: the language sees to that.
    if issubclass(kind, StopIteration | StopAsyncIteration):
        return is_a((kind, RuntimeError))  # type: ignore[arg-type]
    return is_a(kind)


def _body(kind: type[BaseException], arguments: tuple[Any, ...]) -> Callable[[Probe], None]:
    return lambda probe: probe.item_error(partial(raise_at_3, kind, arguments), _is_raised(kind))


for _row, (_kind, _arguments) in RAISED.items():
    if _row != "E2":
        add(Case(_row, _kind.__name__, _body(_kind, _arguments), EVERY, bound=2.0))


@case("E2", "STPHGIA", bound=2)
def interrupt(probe: Probe) -> None:
    """A KeyboardInterrupt that an item raises is an item error; but in the caller's own thread it is the caller's."""
    interrupting = partial(raise_at_3, KeyboardInterrupt, ())
    with probe.make(2) as strategy:
        for func in (interrupting, Async(interrupting)):
            # Coroutines of greenlets run on a loop in a thread of its own.
            if probe.kind == "S" or (probe.kind == "G" and func is interrupting):
                for verb in (strategy.map, _drained(strategy.stream), _drained(strategy.outcomes)):
                    is_a((KeyboardInterrupt, cs.ItemExited))(raised_by(verb, func, range(8)))
                    probe.usable(strategy)
            else:
                outcomes = list(strategy.outcomes(func, range(8)))
                assert [isinstance(outcome, cs.Failure) for outcome in outcomes] == [k == 3 for k in range(8)]
                is_a(KeyboardInterrupt)(outcomes[3].error)
                is_a(cs.ItemExited)(raised_by(strategy.map, func, range(8)))
                probe.usable(strategy)
            # Awaited on the caller's own loop, it may be the caller's again.
            is_a((KeyboardInterrupt, cs.ItemExited))(raised_by(_awaited, probe, strategy, func))
            probe.usable(strategy)


def _drained(verb: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda *args: list(verb(*args))


def _awaited(probe: Probe, strategy: Any, func: Callable[..., Any]) -> None:
    probe.run_async(lambda: strategy.amap(func, range(8)))


def every_other(item: int) -> int:
    """Fail for the odd ones, always with the same error object."""
    if item % 2:
        raise SHARED
    return item


SHARED = ValueError("shared")


@case("E9", EVERY, bound=2)
def one_error_object_for_all(probe: Probe) -> None:
    """An error object that is raised again and again names, wherever it is raised, an item that it was raised for."""
    for func in (every_other, Async(every_other)):
        with probe.make(2) as strategy:
            raised = caught(lambda: strategy.map(func, range(8)))
            assert "item 1: 1" in getattr(raised, "__notes__", ()), getattr(raised, "__notes__", ())
            group = caught(lambda: strategy.map(func, range(8), on_error="collect"))
            assert isinstance(group, ExceptionGroup)
            assert len(group.exceptions) == 4
            assert strategy.map(func, range(8), on_error="skip") == [0, 2, 4, 6]


@case("E9", EVERY, bound=2)
def unprintable(probe: Probe) -> None:
    """An error whose text cannot be had is an item error all the same."""

    def check(error: BaseException) -> None:
        assert isinstance(error, Unprintable | cs.RemoteError), type(error)

    probe.item_error(partial(raise_at_3, Unprintable, ()), check)


@case("E9", EVERY, bound=2)
def frozen(probe: Probe) -> None:
    """An error that takes no note is an item error all the same."""
    failing = partial(raise_at_3, Frozen, ("cold",))

    def check(error: BaseException | None) -> None:
        assert isinstance(error, Frozen | cs.RemoteError), type(error)

    for func in (failing, Async(failing)):
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(func, range(8)))
            assert [isinstance(outcome, cs.Failure) for outcome in outcomes] == [k == 3 for k in range(8)]
            check(outcomes[3].error)
            check(caught(lambda: strategy.map(func, range(8))))
            probe.usable(strategy)


def deep(item: int) -> int:
    """Raise from a function that is called by a function."""
    return _deeper(item)


def _deeper(item: int) -> int:
    if item == 3:
        try:
            raise KeyError("the reason")
        except KeyError as reason:
            raise LookupError("the error") from reason
    return item


@case("E10", EVERY, bound=2)
def traceback_of_the_worker(probe: Probe) -> None:
    """What Python prints of the error shows the lines that raised it, its cause, and the item."""

    def check(error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        for part in ("in _deeper", "in deep", "the reason", "the error"):
            assert part in text, text

    probe.item_error(deep, check)
    raised = caught(lambda: probe.make(2).map(deep, range(8)))
    assert raised is not None
    assert "item 3: 3" in "".join(traceback.format_exception(raised))


@case("E11", "STPHGIA", bound=2)
def mixed(probe: Probe) -> None:
    """Many kinds of errors at once, each at its item, in one run."""
    kinds = [kind for row, (kind, _) in RAISED.items() if row != "E2"]
    items = [(k, kinds[k % len(kinds)] if k % 3 else None) for k in range(60)]
    with probe.make(4) as strategy:
        outcomes = list(strategy.outcomes(raise_given, items))
        assert [outcome.index for outcome in outcomes] == list(range(60))
        for (index, kind), outcome in zip(items, outcomes, strict=True):
            if kind is None:
                assert outcome.value == index
            else:
                assert type(outcome.error) is kind
        probe.usable(strategy)


def raise_given(item: tuple[int, type[BaseException] | None]) -> int:
    """Raise what the item says."""
    index, kind = item
    if kind is not None:
        raise kind("given")
    return index


def fails_for_large(item: bytes) -> int:
    """Fail."""
    raise ValueError(len(item))


@case("E12", "STPIA", bound=3)
def large_item_fails(probe: Probe) -> None:
    """An error that names its item does not spell out 200 MB for that."""
    with probe.make(1) as strategy:
        for item in (bytes(200 << 20), bytearray(200 << 20), {"key": bytes(200 << 20)}, (bytes(200 << 20),)):
            raised = raised_by(strategy.map, fails_for_large, [item])
            is_a(ValueError)(raised)
            (note,) = raised.__notes__
            assert note.startswith("item 0: ")
            assert len(note) < 1000
