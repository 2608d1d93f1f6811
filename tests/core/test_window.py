"""How far the input is read ahead: never farther than that, and half a window at a time where items are trifles."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import ProcessStrategy, ThreadStrategy
from concurrent_strategies._core.port import Done
from concurrent_strategies._core.rules import Rules
from concurrent_strategies._core.run import Run
from concurrent_strategies._core.window import Window


@given(st.integers(1, 100), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans()), max_size=60))
def test_no_more_is_read_than_the_window_allows(size: int, steps: list[tuple[int, int, bool]]) -> None:
    """What was handed counts as consumed when more is asked for; and whoever waits for nothing may read at once."""
    window = Window(size)
    given, consumed, handing = 0, 0, 0
    for read, handed, in_turn in steps:
        room = window.room(in_turn=in_turn)
        assert room in (0, size - (given - consumed))
        assert room or not in_turn or given - consumed == size
        count = min(read, room)
        assert window.fed(count) == given
        given += count
        consumed, handing = consumed + handing, min(handed, given - consumed - handing)
        window.hand(handing)
    assert window.read == given


def test_trifles_are_read_half_a_window_at_a_time() -> None:
    """As soon as it is known what they take, and while something is under way; in chunks that are as long as that."""
    run = Run(Rules(window=64), 0.0)
    assert run.wants == 64
    run.feed(range(64))
    starts = [chunk for _, chunk, _ in run.plan(0.0, 2, 1)]
    first, second = starts[:2]
    run.report([Done(first.id, first.first, list(first.items), 1e-6 * len(first.items))], 0.0)
    taken = len(first.items)
    assert sum(map(len, run.take())) == taken
    run.take()
    assert taken == 32 == run.wants
    run.feed(range(10))
    assert run.wants == 22, "what was begun is gone on with, however slowly the input comes"
    run.feed(range(22))
    (third,) = [chunk for _, chunk, _ in run.plan(0.0, 2, 1)]
    assert len(third.items) == 32, "and it goes to one worker, which has done it before a second one is awake"
    part = list(second.items)[:8]
    run.report([Done(second.id, second.first, part, 8e-6)], 0.0)
    run.take()
    run.take()
    assert run.wants == 0, "eight by themselves are not worth it"


def test_what_is_no_trifle_is_read_as_soon_as_there_is_room() -> None:
    """So that nobody waits for work."""
    run = Run(Rules(window=64), 0.0)
    run.feed(range(64))
    first = run.plan(0.0, 2, 1)[0][1]
    run.report([Done(first.id, first.first, [first.items[0]], 0.01)], 0.01)
    run.take()
    run.take()
    assert run.wants == 1


def test_trifles_that_turn_slow_do_not_end_the_reading() -> None:
    """Thousands of short items and then some that are not: all come, in their order, by a small window."""
    items = [0.0] * 3000 + [0.002] * 40 + [0.0] * 3000
    for strategy in (ThreadStrategy(3), ProcessStrategy(2)):
        with strategy, strategy.stream(wait, iter(items), buffersize=16) as stream:
            assert list(stream) == items


def wait(seconds: float) -> float:
    """Wait, if at all."""
    if seconds:
        time.sleep(seconds)
    return seconds
