"""Results that a thread keeps for a while: told a few at a time, each with its time, at once when somebody asks, and
exactly once whoever asks or calls back meanwhile."""

from __future__ import annotations

import random
import threading
import time

from concurrent_strategies import ThreadStrategy
from concurrent_strategies._core.call import HOLD, SHORT, Call
from concurrent_strategies._core.lane import Lane
from concurrent_strategies._core.port import Chunk, Done, Failed, Report, Returned, Started

LONG = 2 * SHORT


def nap(x: int) -> int:
    """Be not short."""
    time.sleep(LONG)
    return x


def work(lane: Lane) -> None:
    """Run what the lane has."""
    while lane.busy:
        lane.step()


def test_items_that_are_not_short_are_told_together_and_each_has_its_time() -> None:
    """But for the first, which shows what they are; nothing is announced."""
    reports: list[Report] = []
    lane = Lane(Call(nap), reports.append, quiet=True, holds=True)
    lane.begin(Chunk(1, 0, 0, range(5)))
    work(lane)
    assert all(isinstance(report, Done) for report in reports)
    done = [report for report in reports if isinstance(report, Done)]
    assert [value for report in done for value in report.values] == list(range(5))
    assert done[0].values == [0]
    for report in done[1:]:
        assert report.each is not None
        assert len(report.each) == len(report.values)
        assert all(seconds >= LONG for seconds in report.each)


def test_what_takes_long_is_told_when_it_ends() -> None:
    """Nothing is kept for longer than that, even if nobody asks."""
    reports: list[Report] = []
    told: list[int] = []

    def func(x: int) -> None:
        told.append(sum(len(report.values) for report in reports if isinstance(report, Done)))
        time.sleep(1.5 * HOLD)

    lane = Lane(Call(func), reports.append, quiet=True, holds=True)
    lane.begin(Chunk(1, 0, 0, range(4)))
    work(lane)
    assert told == [0, 1, 2, 3]


def test_a_look_takes_what_there_is_and_the_group_goes_on() -> None:
    """A slow item hides nothing before it."""
    reports: list[Report] = []
    inside, go = threading.Event(), threading.Event()

    def func(x: int) -> int:
        if x == 3:
            inside.set()
            go.wait(10)
        return nap(x)

    lane = Lane(Call(func), reports.append, quiet=True, holds=True)
    lane.begin(Chunk(1, 0, 0, range(6)))
    worker = threading.Thread(target=work, args=(lane,))
    worker.start()
    assert inside.wait(10)
    assert lane.look()
    assert [value for report in reports if isinstance(report, Done) for value in report.values] == [0, 1, 2]
    go.set()
    worker.join(10)
    assert [value for report in reports if isinstance(report, Done) for value in report.values] == list(range(6))


def test_whoever_looks_and_calls_back_every_item_has_one_fate() -> None:
    """Short items, long ones and failures, at random, with somebody who never stops asking."""
    chance = random.Random(5)
    for number in range(30):
        kinds = [chance.choice("sssssslf") for _ in range(150)]
        ran: list[int] = []
        reports: list[Report] = []

        def func(x: int, kinds: list[str] = kinds, ran: list[int] = ran) -> int:
            ran.append(x)
            if kinds[x] == "l":
                time.sleep(LONG)
            elif kinds[x] == "f":
                raise ValueError(x)
            return x

        lane = Lane(Call(func), reports.append, quiet=True, holds=True)
        chunk = Chunk(number, 0, 0, range(150))
        lane.begin(chunk)
        worker = threading.Thread(target=work, args=(lane,))
        worker.start()
        while worker.is_alive():
            if chance.random() < 0.05:
                lane.recall(chunk, keep=True)
            else:
                lane.look()
            time.sleep(chance.random() * LONG)
        fates: list[int] = []
        for report in reports:
            if isinstance(report, Done):
                fates += range(report.first, report.first + len(report.values))
                assert report.values == list(range(report.first, report.first + len(report.values)))
            elif isinstance(report, Failed):
                fates.append(report.index)
            elif isinstance(report, Returned):
                fates += range(report.first, report.first + report.count)
            else:
                assert isinstance(report, Started)
        assert sorted(fates) == list(range(150))
        assert len(ran) == len(set(ran))


def test_a_slow_item_among_short_ones_hides_nothing_from_a_stream() -> None:
    """One thread, which has nobody to call it back: what is before the slow item is asked for."""
    had = threading.Event()

    def func(x: int) -> int:
        if x == 900:
            assert had.wait(10)
        return x

    with ThreadStrategy(1) as strategy, strategy.stream(func, range(1000)) as stream:
        for value in stream:
            if value == 899:
                had.set()
    assert had.is_set()


def test_a_slow_item_among_long_ones_hides_nothing_from_a_stream() -> None:
    """The same where each item has its time."""
    had = threading.Event()

    def func(x: int) -> int:
        if x == 18:
            assert had.wait(10)
        return nap(x)

    with ThreadStrategy(1) as strategy, strategy.stream(func, range(20), chunksize=20) as stream:
        for value in stream:
            if value == 17:
                had.set()
    assert had.is_set()
