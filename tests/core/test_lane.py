"""One worker's way through its chunks, called back at any moment: every item is run once, reported once or given back
once, and partial reports are right."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import TaskTimeout, item_random, worker_resource
from concurrent_strategies._core.call import ASYNC, Call
from concurrent_strategies._core.lane import Lane
from concurrent_strategies._core.port import Chunk, Done, Failed, Report, Returned, Started

NUMBER: ContextVar[int] = ContextVar("number", default=0)


class Diary:
    """Takes a lane's reports, and says what became of each item."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.returned: list[int] = []

    def fates(self, chunk: Chunk) -> dict[int, Any]:
        """Return value, error or `Returned` by index; fails if an item has two fates, or one before it started."""
        found: dict[int, Any] = {}
        started: set[int] = set()
        for report in self.reports:
            assert report.chunk == chunk.id
            if isinstance(report, Started):
                started |= set(range(report.first, report.first + report.count))
                continue
            if isinstance(report, Done):
                assert report.seconds >= 0.0
                pairs = list(enumerate(report.values, report.first))
            elif isinstance(report, Failed):
                pairs = [(report.index, report.error)]
            else:
                assert isinstance(report, Returned)
                pairs = [(report.first + k, Returned) for k in range(report.count)]
            for index, fate in pairs:
                assert index not in found, f"item {index} was reported twice"
                assert fate is Returned or index in started, f"item {index} was never announced"
                found[index] = fate
        return found


def run(func: Callable[..., Any], items: Sequence[Any], first: int = 0, **how: Any) -> tuple[Diary, Lane]:
    """Run one chunk to its end and return what was reported."""
    diary = Diary()
    lane = Lane(Call(func, **how), diary.reports.append, "worker")
    chunk = Chunk(1, 0, first, items)
    lane.begin(chunk)
    while lane.busy:
        lane.step()
    lane.close()
    return diary, lane


def double(x: int) -> int:
    """Return twice the number; 13 has no double."""
    if x == 13:
        raise ValueError(x)
    return 2 * x


@given(st.integers(1, 3000), st.integers(0, 50), st.sampled_from((list, tuple, range)))
def test_a_chunk_is_reported_whole_and_in_order(count: int, first: int, kind: Callable[..., Any]) -> None:
    """Whatever the groups, each item has its own result, and its own error if it failed."""
    items = range(count) if kind is range else kind(range(count))
    diary, _ = run(double, items, first)
    fates = diary.fates(Chunk(1, 0, first, items))
    assert list(fates) == [first + k for k in range(count)]
    for k in range(count):
        assert isinstance(fates[first + k], ValueError) if k == 13 else fates[first + k] == 2 * k


def test_short_items_are_reported_in_groups_and_long_ones_alone() -> None:
    """After a while of short items a report speaks of many; an item that sleeps is announced by itself."""
    pause = threading.Event()
    diary, _ = run(lambda x: pause.wait(0.2) if x == 2500 else x, range(30_000))  # several times the longest group
    announced = {report.first: report.count for report in diary.reports if isinstance(report, Started)}
    assert max(announced.values()) > 8
    assert len(announced) < 1000
    assert announced[0] == 1
    after = min(first for first in announced if first > 2500)
    assert announced[after] <= 64, "after a long item the next are not believed to be as short as those before it"


@given(st.integers(1, 400), st.lists(st.tuples(st.integers(0, 399), st.booleans()), max_size=6))
def test_a_recall_at_any_item_leaves_nothing_out(count: int, recalls: list[tuple[int, bool]]) -> None:
    """Called back from within an item, as another thread may at that very moment: the item under way is finished,
    the rest is given back or kept, and nothing has two fates."""
    diary = Diary()
    chunk = Chunk(1, 0, 0, list(range(count)))
    ran: list[int] = []
    when = dict(recalls)

    def func(x: int) -> int:
        ran.append(x)
        if x in when:
            lane.recall(chunk, when[x])
        return double(x)

    lane = Lane(Call(func), diary.reports.append)
    lane.begin(chunk)
    while lane.busy:
        lane.step()
    fates = diary.fates(chunk)
    assert sorted(fates) == list(range(count))
    assert ran == [index for index in sorted(fates) if fates[index] is not Returned]
    for index in ran:
        assert isinstance(fates[index], ValueError) if index == 13 else fates[index] == 2 * index
    if all(not keep for _, keep in recalls) and any(index < count for index, _ in recalls):
        assert len(ran) == min(index for index, _ in recalls) + 1


@pytest.mark.parametrize("seed", range(8))
def test_a_recall_from_another_thread_leaves_nothing_out(seed: int) -> None:
    """Twenty chunks of short items, called back at random moments by a thread beside: the same holds."""
    dice = random.Random(seed)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(20):
            _race(dice)
    finally:
        sys.setswitchinterval(switch)


def _race(dice: random.Random) -> None:
    count = dice.randrange(1, 4000)
    chunk = Chunk(1, 0, 0, list(range(count)))
    diary, ran = Diary(), []

    def func(x: int) -> int:
        ran.append(x)
        return double(x)

    lane = Lane(Call(func), diary.reports.append)
    began = threading.Event()

    def call_back() -> None:
        began.wait()
        for _ in range(dice.randrange(1, 8)):
            lane.recall(chunk, dice.random() < 0.7)

    other = threading.Thread(target=call_back)
    other.start()
    lane.begin(chunk)
    began.set()
    while lane.busy:
        lane.step()
    other.join()
    fates = diary.fates(chunk)
    assert sorted(fates) == list(range(count))
    assert ran == [index for index in range(count) if fates[index] is not Returned]
    for index in ran:
        assert isinstance(fates[index], ValueError) if index == 13 else fates[index] == 2 * index


def test_a_recall_of_another_chunk_changes_nothing() -> None:
    """A chunk that is over, or not here, has nothing to give back, and says so."""
    diary = Diary()
    lane = Lane(Call(double), diary.reports.append)
    assert not lane.recall(Chunk(7, 0, 0, [1]), keep=False)
    lane.begin(Chunk(1, 0, 0, [1]))
    assert not lane.recall(Chunk(7, 0, 0, [1]), keep=False)
    assert diary.reports == []


def test_a_recall_reports_what_a_slow_item_hides() -> None:
    """While one item of a group sleeps, the results before it come out with the recall."""
    diary = Diary()
    chunk = Chunk(1, 0, 0, list(range(3000)))
    asleep, wake = threading.Event(), threading.Event()

    def func(x: int) -> int:
        if x == 2900:
            asleep.set()
            wake.wait(10)
        return x

    lane = Lane(Call(func), diary.reports.append)
    lane.begin(chunk)
    worker = threading.Thread(target=lambda: [lane.step() for _ in iter(lambda: lane.busy, False)])
    worker.start()
    assert asleep.wait(10)
    assert lane.recall(chunk, keep=False)
    fates = diary.fates(chunk)
    wake.set()
    worker.join(10)
    assert [index for index, fate in fates.items() if fate is not Returned] == list(range(2900))
    assert [index for index, fate in fates.items() if fate is Returned] == list(range(2901, 3000))


async def later(x: int) -> int:
    """Return the number, one turn of the loop later."""
    await asyncio.sleep(0)
    return double(x)


@pytest.mark.parametrize("colour", [ASYNC, "plain"])
def test_coroutines_are_awaited_declared_or_not(colour: str) -> None:
    """A declared coroutine function runs on the lane's loop, and a lambda that returns awaitables likewise."""
    func = later if colour == ASYNC else (lambda x: later(x))
    diary, _ = run(func, range(20), colour=colour)
    fates = diary.fates(Chunk(1, 0, 0, range(20)))
    assert [fates[k] for k in range(20) if k != 13] == [2 * k for k in range(20) if k != 13]
    assert isinstance(fates[13], ValueError)
    assert all(report.awaited == (colour != ASYNC) for report in diary.reports if isinstance(report, Done))


def test_a_late_awaitable_is_an_error_that_says_so() -> None:
    """The first item decides: an awaitable that comes later is that item's error, and no value."""
    made: list[Coroutine[Any, Any, int]] = []

    def func(x: int) -> Any:
        if x == 3:
            made.append(later(x))
            return made[0]
        return x

    diary, _ = run(func, range(6))
    fates = diary.fates(Chunk(1, 0, 0, range(6)))
    assert [fates[k] for k in (0, 1, 2, 4, 5)] == [0, 1, 2, 4, 5]
    assert isinstance(fates[3], TypeError)
    assert "declare it `async def`" in str(fates[3])
    assert made[0].cr_frame is None, "it was closed, so that Python does not complain"


def test_an_awaitable_behind_the_first_item_is_for_the_run_to_judge() -> None:
    """A lane that has not had the run's first item awaits what comes late, also around a failure, and says so."""

    def func(x: int) -> Any:
        return later(x) if x % 3 == 0 else x

    diary, _ = run(func, range(10, 18), first=10)
    fates = diary.fates(Chunk(1, 0, 10, range(10, 18)))
    assert list(fates.values()) == [10, 11, 24, 13, 14, 30, 16, 17]
    awaited = {report.first for report in diary.reports if isinstance(report, Done) and report.awaited}
    assert awaited == {12, 15}


def test_a_late_awaitable_in_a_group_hides_nothing() -> None:
    """While it is awaited, a recall finds the results before it, and cuts what is behind the group."""
    diary = Diary()
    chunk = Chunk(1, 0, 1, list(range(1, 4001)))
    asleep, wake = threading.Event(), threading.Event()

    async def sleeper(x: int) -> int:
        asleep.set()
        await asyncio.to_thread(wake.wait, 10)
        return -x

    lane = Lane(Call(lambda x: sleeper(x) if x == 3000 else x), diary.reports.append)
    lane.begin(chunk)
    worker = threading.Thread(target=lambda: [lane.step() for _ in iter(lambda: lane.busy, False)])
    worker.start()
    assert asleep.wait(10)
    assert lane.recall(chunk, keep=False)
    before = diary.fates(chunk)
    wake.set()
    worker.join(10)
    lane.close()
    fates = diary.fates(chunk)
    assert 3000 not in before
    assert set(range(1, 3000)) <= set(before)
    assert fates[3000] == -3000
    assert sorted(fates) == list(range(1, 4001))


@pytest.mark.parametrize("others", [False, True])
def test_items_do_not_see_each_others_variables(others: bool) -> None:
    """Each item runs in a context as the caller's was, whether that had variables or none."""

    def func(x: int) -> int:
        seen = NUMBER.get()
        NUMBER.set(x + 1)
        return seen

    def caller() -> list[Any]:
        if others:
            NUMBER.set(-5)
        diary, _ = run(func, range(500))
        return list(diary.fates(Chunk(1, 0, 0, range(500))).values())

    import contextvars

    context = contextvars.Context()
    assert set(context.run(caller)) == {-5 if others else 0}


def test_a_shared_context_is_shared_on_purpose() -> None:
    """With `shared_context` the items of one lane see what the earlier ones left there."""

    def func(x: int) -> int:
        seen = NUMBER.get()
        NUMBER.set(x + 1)
        return seen

    diary, _ = run(func, range(50), shared_context=True)
    assert list(diary.fates(Chunk(1, 0, 0, range(50))).values()) == list(range(50))


def test_each_item_has_its_own_generator() -> None:
    """What `item_random` gives depends on the seed and the index, not on the chunk or what ran before."""
    whole, _ = run(lambda _x: item_random().random(), range(20), seed=5)
    part, _ = run(lambda _x: item_random().random(), range(5), first=10, seed=5)
    numbers = whole.fates(Chunk(1, 0, 0, range(20)))
    assert list(part.fates(Chunk(1, 0, 10, range(5))).values()) == [numbers[k] for k in range(10, 15)]
    assert len(set(numbers.values())) == 20


def test_an_item_that_took_too_long_is_judged_when_it_returns() -> None:
    """Where nobody could end it, the time beside the call decides; its neighbours are untouched."""
    pause = threading.Event()
    diary, _ = run(lambda x: pause.wait(0.1) if x == 2 else x, range(4), task_timeout=0.05)
    fates = diary.fates(Chunk(1, 0, 0, range(4)))
    assert isinstance(fates[2], TaskTimeout)
    assert (fates[2].index, fates[2].seconds) == (2, 0.05)
    assert [fates[0], fates[1], fates[3]] == [0, 1, 3]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, asyncio.CancelledError])
def test_whatever_ends_a_call_is_reported(error: type[BaseException]) -> None:
    """One unreported item would be waited for for ever."""

    def func(x: int) -> int:
        if x == 3:
            raise error("item 3")
        return x

    diary, _ = run(func, range(8))
    fates = diary.fates(Chunk(1, 0, 0, range(8)))
    assert isinstance(fates.pop(3), error)
    assert list(fates.values()) == [0, 1, 2, 4, 5, 6, 7]


def test_a_keyboard_interrupt_in_the_callers_thread_is_the_callers() -> None:
    """Ctrl-C during an inline call goes through; what was done before can still be reported."""
    diary = Diary()

    def func(x: int) -> int:
        if x == 3:
            raise KeyboardInterrupt
        return x

    lane = Lane(Call(func), diary.reports.append, callers_thread=True)
    lane.begin(Chunk(1, 0, 0, range(8)))
    with pytest.raises(KeyboardInterrupt):
        while lane.busy:
            lane.step()
    assert list(diary.fates(Chunk(1, 0, 0, range(8))).values()) == [0, 1, 2]


def test_the_traceback_begins_in_the_users_function() -> None:
    """Our own frames are cut off the head: the first one shown is the user's."""
    diary, _ = run(double, [13])
    error = diary.fates(Chunk(1, 0, 0, [13]))[0]
    assert traceback.extract_tb(error.__traceback__)[0].name == "double"


def test_several_arguments_are_spread() -> None:
    """With `star` an item is a tuple of arguments; without, it stays one, whatever it is."""
    two = Chunk(1, 0, 0, [0, 0])
    assert list(run(lambda a, b: a - b, [(5, 3), (9, 1)], star=True)[0].fates(two).values()) == [2, 8]
    assert list(run(lambda pair: pair, [(5, 3), ()])[0].fates(two).values()) == [(5, 3), ()]


def test_a_provided_resource_is_there_for_every_item() -> None:
    """What the worker was given, its items get."""
    diary = Diary()
    lane = Lane(Call(lambda _x: worker_resource()), diary.reports.append)
    lane.provide("connection")
    lane.begin(Chunk(1, 0, 0, range(3)))
    while lane.busy:
        lane.step()
    assert list(diary.fates(Chunk(1, 0, 0, range(3))).values()) == ["connection"] * 3
