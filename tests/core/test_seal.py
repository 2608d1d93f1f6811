"""Values that are plain all over are pickled once, which shows that they are so; anything else goes alone."""

from __future__ import annotations

import asyncio
import datetime
import enum
import pickle
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import Failure, ProcessStrategy, Success
from concurrent_strategies._core.call import Call
from concurrent_strategies._core.lane import Lane
from concurrent_strategies._core.port import Chunk, Done, Failed, Report, Returned
from concurrent_strategies._worker.pickling import plain

COUNT = 30_000


class _Colour(enum.IntEnum):
    RED = 1


class _Text(str):
    __slots__ = ()


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary(max_size=300)
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.frozensets(st.integers() | st.text(), max_size=4)
        | st.sets(st.binary(max_size=9), max_size=4)
        | st.binary().map(bytearray)
    ),
    max_leaves=12,
)
FOREIGN = st.sampled_from(
    [object, _Colour.RED, _Text("a"), datetime.date(2026, 1, 1), Fraction(1, 3), OrderedDict(a=1), range(3), len, int]
)


def _loaded(parts: list[Any] | None) -> Any:
    assert parts is not None
    return pickle.loads(b"".join(parts))


@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    """Whatever is made of the built-in kinds is recognised, and comes back as pickle brings it."""
    assert repr(_loaded(plain([value]))) == repr(pickle.loads(pickle.dumps([value])))


@given(PLAIN, FOREIGN, st.sampled_from([lambda v: v, lambda v: [1, [v]], lambda v: {"k": (v,)}, lambda v: {1: {2: v}}]))
def test_anything_else_is_noticed_wherever_it_lies(before: Any, foreign: Any, wrap: Callable[[Any], Any]) -> None:
    """One value that is not plain, at any depth, and the whole is not."""
    assert plain([before, wrap(foreign)]) is None


def test_a_list_that_holds_itself_and_one_too_deep() -> None:
    """What pickle can do is done; what it cannot is not plain."""
    loop: list[Any] = []
    loop.append(loop)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    again = _loaded(plain(loop))
    assert again[0] is again
    assert plain(deep) is None
    while deep:  # in steps: the interpreter of an older version has no room to end it at once
        deep = deep[0]


def _run(func: Callable[[int], Any], seal: Callable[[Lane, list[Any]], Any]) -> tuple[list[Report], dict[int, Any]]:
    reports: list[Report] = []
    lane = Lane(Call(func), reports.append, seal=lambda values: seal(lane, values))
    lane.begin(Chunk(1, 0, 7, range(COUNT)))
    while lane.busy:
        lane.step()
    lane.close()
    found: dict[int, Any] = {}
    for report in reports:
        if isinstance(report, Done):
            new = dict(enumerate(report.values, report.first))
        elif isinstance(report, Failed):
            new = {report.index: report.error}
        elif isinstance(report, Returned):
            new = dict.fromkeys(range(report.first, report.first + report.count), Returned)
        else:
            continue
        assert not found.keys() & new.keys()
        found |= new
    assert sorted(found) == list(range(7, 7 + COUNT))
    return reports, found


def test_groups_are_sealed_with_what_they_bring() -> None:
    """A group that was sealed brings its own values, and no other's."""
    reports, _ = _run(lambda x: [x], lambda _, values: plain(values))
    sealed = [report for report in reports if isinstance(report, Done) and report.sealed is not None]
    assert sum(len(report.values) for report in sealed) > COUNT / 2
    for report in sealed:
        assert _loaded(report.sealed) == report.values


def test_an_awaitable_among_thousands_is_awaited() -> None:
    """A group that has one is not plain, so that it is looked for as ever."""

    async def late(x: int) -> int:
        await asyncio.sleep(0)
        return -x

    _, found = _run(lambda x: late(x) if x and x % 9000 == 0 else x, lambda _, values: plain(values))
    assert [x for x in range(COUNT) if found[7 + x] != x] == [9000, 18_000, 27_000]
    assert all(found[7 + x] == -x for x in (9000, 18_000, 27_000))


def test_values_that_are_taken_away_meanwhile_are_told_once() -> None:
    """Somebody calls back while a group is being sealed, and is told what it has done."""
    reports, found = _run(lambda x: x, lambda lane, values: (lane.recall(Chunk(1, 0, 7, ()), True), plain(values))[1])
    for report in reports:
        if isinstance(report, Done) and report.sealed is not None:
            assert _loaded(report.sealed) == report.values
    assert all(value in (Returned, index - 7) for index, value in found.items())


class _Trap:
    """Can be pickled, and not be made again."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


def _trapped(x: int) -> Any:
    return {"a": [_Trap()] if x == 5000 else [x]}


def test_one_value_that_cannot_be_read_fails_alone() -> None:
    """It lies deep in one of thousands of results that are plain otherwise."""
    with ProcessStrategy(2) as strategy:
        outcomes = list(strategy.outcomes(_trapped, range(10_000), ordered=True))
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert [(failure.index, str(failure.error).count("no number")) for failure in failed] == [(5000, 1)]
    fine = {outcome.index: outcome.value for outcome in outcomes if isinstance(outcome, Success)}
    assert fine == {k: {"a": [k]} for k in range(10_000) if k != 5000}
