"""Rows V and C: values are what they are, functions have any colour, and the context goes along."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import concurrent_strategies as cs

from .catalogue import case
from .probe import Async, Probe, caught, is_a, plus_one, same

EVERY = "STPGIA"


def an_error(item: int) -> Any:
    """Return an exception, or a class of them."""
    return (ValueError(item), StopIteration(item), SystemExit, KeyboardInterrupt(), ExceptionGroup("g", [OSError()]))[
        item
    ]


@case("V1", EVERY, bound=1)
def errors_as_values(probe: Probe) -> None:
    """A returned exception is a value."""
    for func in (an_error, Async(an_error)):
        with probe.make(2) as strategy:
            got = strategy.map(func, range(5))
            assert [value if isinstance(value, type) else type(value) for value in got] == [
                ValueError, StopIteration, SystemExit, KeyboardInterrupt, ExceptionGroup,
            ]  # fmt: skip
            assert all(isinstance(outcome, cs.Success) for outcome in strategy.outcomes(func, range(5)))
            assert len(list(strategy.stream(func, range(5)))) == 5


class Contrary:
    """Says no to whatever is asked of it."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    def __bool__(self) -> bool:
        raise RuntimeError("neither true nor false")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __hash__ = None  # type: ignore[assignment]


ODD: list[Any] = [
    None, (), (1, 2), (None,), [], {}, {"a": 1}, ..., NotImplemented, StopIteration, StopIteration(3), GeneratorExit,
    "", b"", 0, False, float("nan"), set(), frozenset(), bytearray(b"x"), memoryview, type, Exception, ValueError("x"),
    cs.Success(0, None, 1, 1, None, ""), cs.Failure(0, None, ValueError(), 1, None, ""), Contrary, range(0), 10**400,
]  # fmt: skip


def looks_odd(item: Any) -> Any:
    """Return the item as the only element of a tuple, and once more as it is."""
    return item


@case("V2", EVERY, bound=2)
def odd_items(probe: Probe) -> None:
    """Odd items and results pass as they are: never unpacked, never taken for a sign."""
    for func in (looks_odd, Async(looks_odd)):
        with probe.make(2) as strategy:
            for items in (ODD, iter(ODD), [*ODD] * 20):
                sent = list(items)
                got = strategy.map(func, iter(sent) if items is not ODD else sent)
                assert [repr(value) for value in got] == [repr(item) for item in sent]
            assert strategy.map(looks_odd, [(1, 2)]) == [(1, 2)]
            assert strategy.map(looks_odd, [{"a": 1}]) == [{"a": 1}]


@case("V2", EVERY, bound=2)
def contrary_items(probe: Probe) -> None:
    """An item that refuses to be compared, measured or printed passes, too; and can fail."""
    items = [0, 1, Contrary(), 3]
    with probe.make(2) as strategy:
        got = strategy.map(same, items)
        assert type(got[2]) is Contrary
        outcomes = list(strategy.outcomes(fails_for_contrary, items))
        assert [isinstance(outcome, cs.Failure) for outcome in outcomes] == [False, False, True, False]
        raised = caught(lambda: strategy.map(fails_for_contrary, items))
        is_a(ValueError, "contrary")(raised or SystemExit())
        assert any("item 2" in note for note in getattr(raised, "__notes__", ()))
        probe.usable(strategy)


def fails_for_contrary(item: Any) -> Any:
    """Fail."""
    if isinstance(item, Contrary):
        raise ValueError("contrary")
    return item


async def awaited(item: int) -> int:
    """Double, after a pause."""
    await asyncio.sleep(0)
    return item * 2


def plain(item: int) -> int:
    """Double."""
    return item * 2


class Doubler:
    """Doubles, in both colours."""

    async def __call__(self, item: int) -> int:
        """Double."""
        return item * 2

    async def method(self, item: int) -> int:
        """Double."""
        return item * 2


def undeclared(item: int) -> Any:
    """Return an awaitable, without having said so."""
    return Doubler()(item)


FUNCTIONS: list[Callable[[int], Any]] = [
    awaited, plain, functools.partial(awaited), Doubler(), Doubler().method, undeclared, lambda item: plain(item),
    lambda item: Doubler()(item), cs.dual(sync=plain, async_=Doubler().method),
]  # fmt: skip


@case("V4", "STPHGIA", bound=2)
def functions_of_both_colours(probe: Probe) -> None:
    """A function of the other colour gives the same values; a coroutine object never comes back."""
    with probe.make(2) as strategy:
        for func in FUNCTIONS:
            if probe.spec == "trio" and func in FUNCTIONS[:1] + FUNCTIONS[2:3]:
                continue  # it awaits something of asyncio's
            assert strategy.map(func, range(100)) == list(range(0, 200, 2)), func
            assert list(strategy.stream(func, range(10))) == list(range(0, 20, 2)), func
            unordered = strategy.stream(func, iter(range(10)), ordered=False, buffersize=3)
            assert sorted(unordered) == list(range(0, 20, 2)), func


def sometimes(item: int) -> Any:
    """Return an awaitable for item 50 only."""
    return Doubler()(item) if item == 50 else item


@case("V4", EVERY, bound=2)
def late_awaitable(probe: Probe) -> None:
    """An awaitable that comes after plain values is an item error that says so."""
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(sometimes, range(100)))
        failed = [outcome for outcome in outcomes if isinstance(outcome, cs.Failure)]
        assert [failure.index for failure in failed] == [50], failed
        is_a(TypeError, "async def")(failed[0].error)


# ------------------------------------------------------------------------------------------------------- the context

REQUEST: ContextVar[str] = ContextVar("request", default="nobody's")


def read_and_set(item: int) -> str:
    """Return what is set, and set something else, which nobody else may see."""
    seen = REQUEST.get()
    REQUEST.set(f"changed by {item}")
    return seen


@case("C1", "STPFHGIA", bound=2)
def context_goes_along(probe: Probe) -> None:
    """A variable set before the call is seen by every item, and no item sees what another has set."""
    chosen: dict[str, Any] = {"context": [REQUEST]} if probe.remote or probe.spec == "green" else {}
    token = REQUEST.set("mine")
    try:
        for func in (read_and_set, Async(read_and_set)):
            with probe.make(2) as strategy:
                assert set(strategy.map(func, range(200), **chosen)) == {"mine"}
                with contextlib.ExitStack() as stack:
                    other = REQUEST.set("other")
                    stack.callback(REQUEST.reset, other)
                    assert set(strategy.map(func, range(20), **chosen)) == {"other"}
                assert set(strategy.map(func, range(20), **chosen)) == {"mine"}
                assert REQUEST.get() == "mine"
                if chosen:
                    assert set(strategy.map(func, range(20))) == {"nobody's"}
        cold = probe.make(2)
        assert set(cold.map(read_and_set, range(20), **chosen)) == {"mine"}
        assert cold.map(plus_one, [1]) == [2]
    finally:
        REQUEST.reset(token)
