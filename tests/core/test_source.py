"""The input: read only as far as asked, by whoever calls, and what it raises is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import InvalidOption
from concurrent_strategies._core.source import Labelled, Source, open_source


def read(source: Source, wanted: list[int]) -> list[Any]:
    """Read a source to its end, asking for so many at a time."""
    got: list[Any] = []
    turn = 0
    while not source.ended:
        ask = wanted[turn % len(wanted)]
        turn += 1
        part = list(source.pull(ask))
        assert len(part) <= ask
        assert part or source.ended
        got += part
    return got


class Sized:
    """An iterable that is no list, but knows its length."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))


class Old:
    """An iterable of the old protocol."""

    def __getitem__(self, index: int) -> int:
        if index > 4:
            raise IndexError
        return index


KINDS = (list, tuple, range, iter, Sized)


@given(st.integers(0, 300), st.lists(st.integers(1, 90), min_size=1), st.sampled_from(KINDS))
def test_everything_is_read_once_in_order(count: int, wanted: list[int], kind: Any) -> None:
    """However much is asked for at a time, and whatever the input is."""
    items = range(count) if kind is range else kind(count) if kind is Sized else kind(list(range(count)))
    source = open_source((items,), can_await=False)
    assert source.total == (None if kind is iter else count)
    assert read(source, wanted) == list(range(count))


def test_a_pull_never_reads_beyond_what_was_asked() -> None:
    """An input is advanced no further than the window allows."""
    pulled: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            pulled.append(len(pulled))
            yield pulled[-1]

    source = open_source((endless(),), can_await=False)
    for wanted in (1, 5, 2, 100, 3):
        before = len(pulled)
        source.pull(wanted)
        assert len(pulled) - before <= wanted


@given(st.integers(0, 40), st.lists(st.integers(1, 9), min_size=1))
def test_what_the_input_raises_is_kept_behind_its_items(count: int, wanted: list[int]) -> None:
    """Items that came before the error are not lost with it."""

    def broken() -> Iterator[int]:
        yield from range(count)
        raise LookupError("input")

    source = open_source((broken(),), can_await=False)
    assert read(source, wanted) == list(range(count))
    assert isinstance(source.error, LookupError)


def test_a_keyboard_interrupt_while_reading_is_the_callers() -> None:
    """It goes through at once."""

    def interrupted() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    source = open_source((interrupted(),), can_await=False)
    source.pull(1)
    with pytest.raises(KeyboardInterrupt):
        source.pull(1)


def test_several_iterables_are_zipped() -> None:
    """One argument from each, to the end of the shortest; the length is known if all are."""
    source = open_source(([1, 2, 3], "ab"), can_await=False)
    assert (source.total, read(source, [5])) == (2, [(1, "a"), (2, "b")])
    assert open_source(([1, 2], iter("ab")), can_await=False).total is None


def test_the_old_protocol_is_read_too() -> None:
    """Whatever `iter` takes."""
    assert read(open_source((Old(),), can_await=False), [2]) == [0, 1, 2, 3, 4]


def test_strings_and_dicts_are_iterated_like_anywhere() -> None:
    """No type is special but the exact list, tuple and range."""
    assert read(open_source(("abc",), can_await=False), [9]) == ["a", "b", "c"]
    assert read(open_source(({1: 2, 3: 4},), can_await=False), [9]) == [1, 3]


async def numbers(count: int, error: BaseException | None = None) -> AsyncIterator[int]:
    """Yield numbers, one turn of the loop after the other, then raise."""
    for k in range(count):
        await asyncio.sleep(0)
        yield k
    if error is not None:
        raise error


async def aread(source: Source) -> list[Any]:
    """Read a source to its end in a loop."""
    got: list[Any] = []
    while not source.ended:
        got += await source.apull(7)
    return got


def test_async_iterables_are_for_async_verbs() -> None:
    """A blocking verb says so at once; an async one reads them, also zipped with plain ones."""
    with pytest.raises(InvalidOption, match="amap, astream and aoutcomes"):
        open_source((numbers(3),), can_await=False)
    assert asyncio.run(aread(open_source((numbers(3),), can_await=True))) == [0, 1, 2]
    zipped = open_source((numbers(3), "abcd"), can_await=True)
    assert asyncio.run(aread(zipped)) == [(0, "a"), (1, "b"), (2, "c")]
    assert asyncio.run(aread(open_source((range(9),), can_await=True))) == list(range(9))


def test_what_an_async_input_raises_is_kept() -> None:
    """Behind its items, as in the blocking verbs."""
    source = open_source((numbers(2, LookupError("input")),), can_await=True)
    assert asyncio.run(aread(source)) == [0, 1]
    assert isinstance(source.error, LookupError)


def test_labels_are_made_while_reading() -> None:
    """`key` is called once for each item, in order, by whoever reads; what it raises ends the input."""
    keys: dict[int, Any] = {}
    source = Labelled(open_source(([1, 2, 0, 4],), can_await=False), lambda x: 10 / x, keys)
    assert read(source, [9]) == [1, 2]
    assert keys == {0: 10.0, 1: 5.0}
    assert isinstance(source.error, ZeroDivisionError)


@pytest.mark.parametrize("error", [TypeError, NotImplementedError])
def test_an_input_may_refuse_to_say_its_length(error: type[Exception]) -> None:
    """Some classes have a `__len__` that raises: then it is not known, and nothing else is wrong."""

    class Refuses:
        def __len__(self) -> int:
            raise error

        def __iter__(self) -> Iterator[int]:
            return iter((1, 2))

    source = open_source((Refuses(),), can_await=False)
    assert source.total is None
    assert read(source, [5]) == [1, 2]
