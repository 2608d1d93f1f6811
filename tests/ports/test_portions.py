"""Heavy items: a few at a time are sent, so that what is called back has not been sent for nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest

from concurrent_strategies import Failure, GreenStrategy, ProcessStrategy, Success, ThreadStrategy, WorkerDied
from concurrent_strategies._ports import portions, worker
from concurrent_strategies._ports.portions import MOST, Portions, weight

HEAVY = [bytes([number]) * MOST for number in range(24)]

MAKERS = {
    "process": partial(ProcessStrategy, 2),
    "inner": partial(ProcessStrategy, 2, inner=ThreadStrategy(2)),
    "green": partial(GreenStrategy, 4, isolate=True),
}


@pytest.fixture(params=MAKERS)
def strategy(request: pytest.FixtureRequest) -> Any:
    """Give each kind of strategy that sends items away."""
    return MAKERS[request.param]()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list of the sizes of what is sent to workers."""
    sizes: list[int] = []
    queue = worker.Worker.queue

    def counted(self: worker.Worker, pieces: Sequence[Any]) -> None:
        sizes.append(sum(map(len, pieces)))
        queue(self, pieces)

    monkeypatch.setattr(worker.Worker, "queue", counted)
    return sizes


def size(item: bytes) -> tuple[int, int]:
    """Return what the item was."""
    return item[0], len(item)


def first_waits(folder: Path, item: bytes) -> int:
    """Wait with the first item until all the others are done."""
    if item[0] == 0:
        deadline = time.monotonic() + 20
        while len(list(folder.iterdir())) < len(HEAVY) - 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(list(folder.iterdir()))
    (folder / str(item[0])).touch()
    return item[0]


def dies_of(fatal: int, item: bytes) -> int:
    """End the process at one item."""
    if item[0] == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return item[0]


def fails_at(bad: int, item: bytes) -> int:
    """Fail at one item."""
    if item[0] == bad:
        raise LookupError(bad)
    return item[0]


def meets(folder: Path, item: bytes) -> bool:
    """Return whether three others are under way at the same time."""
    (folder / str(item[0])).touch()
    deadline = time.monotonic() + 20
    while len(list(folder.iterdir())) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(list(folder.iterdir())) >= 4


def test_each_comes_and_hardly_any_is_sent_twice(strategy: Any, sent: list[int]) -> None:
    """Whatever is called back meanwhile; also for a function that was quick the last time."""
    with strategy:
        for _ in range(2):
            sent.clear()
            assert strategy.map(size, HEAVY) == [(number, MOST) for number in range(24)]
            assert sum(sent) < 2.2 * sum(map(len, HEAVY))


def test_what_waits_behind_a_slow_item_goes_elsewhere(tmp_path: Path) -> None:
    """As with light items."""
    assert ProcessStrategy(2).map(partial(first_waits, tmp_path), HEAVY)[0] == len(HEAVY) - 1


@pytest.mark.parametrize("fatal", [0, 1, 7, 23])
def test_a_death_costs_one(fatal: int) -> None:
    """What had not been sent, or not been begun, goes to another worker."""
    outcomes = list(ProcessStrategy(2).outcomes(partial(dies_of, fatal), HEAVY))
    assert [outcome.index for outcome in outcomes if isinstance(outcome, Success)] == [
        number for number in range(24) if number != fatal
    ]
    (failure,) = (outcome for outcome in outcomes if isinstance(outcome, Failure))
    assert type(failure.error) is WorkerDied


def test_a_run_that_ends_early_leaves_nothing_behind(strategy: Any) -> None:
    """By an error, or as nobody wants more of it: the workers go on with the next."""
    with strategy:
        with pytest.raises(LookupError):
            strategy.map(partial(fails_at, 0), HEAVY)
        with strategy.stream(size, HEAVY, buffersize=24) as results:
            assert next(results) == (0, MOST)
        assert strategy.map(size, HEAVY[:3]) == [(0, MOST), (1, MOST), (2, MOST)]


def test_calls_at_once_are_not_fewer(tmp_path: Path) -> None:
    """Where one worker makes several, it has several items."""
    assert GreenStrategy(4, isolate=True).map(partial(meets, tmp_path), HEAVY[:8]) == [True] * 8


def test_an_item_that_cannot_be_sent_fails_alone(strategy: Any) -> None:
    """Between others that are heavy."""
    items = [*HEAVY[:5], [HEAVY[5], threading.Lock()], *HEAVY[6:12]]
    outcomes = list(strategy.outcomes(len, items))
    assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == [5]


@pytest.mark.parametrize(
    ("items", "together"),
    [
        ([1] * 1000, 1000),
        ([], 0),
        ([bytes(MOST * 3)], 1),
        ([bytes(MOST * 3)] * 5, 1),
        ([bytes(MOST // 4)] * 10, 4),
        ([("name", bytes(MOST // 2))] * 10, 1),
        ([memoryview(bytes(MOST // 2))] * 10, 2),
    ],
)
def test_heavy_items_go_a_few_at_a_time(items: Sequence[Any], together: int) -> None:
    """As many as weigh about as much as one message should."""
    assert Portions().size(items) == together


def test_what_cannot_be_seen_is_learnt() -> None:
    """From what the last message came to."""
    found = Portions()
    assert found.size([object()] * 10) == 10
    found.learn(10 * MOST, 10)
    assert found.size([object()] * 10) == 1
    found.learn(100, 10)
    assert found.size([object()] * 10) == 10


def test_odd_items_have_some_weight() -> None:
    """Whatever they say of themselves, and whatever they hold."""

    class Raises:
        @property
        def nbytes(self) -> int:
            raise RuntimeError

    class Lies:
        nbytes = "many"

    endless: list[Any] = []
    endless.append(endless)
    assert [weight(item) for item in (Raises(), Lies(), endless, (), None, portions)] == [0] * 6


def grown(array: Any) -> Any:
    """Return the array, one more in each place, after a child of this process has tried to return something."""
    array += 1
    if array[0] == 3 and not (pid := os.fork()):
        os._exit(0)
    elif array[0] == 3:
        os.waitpid(pid, 0)
    return array


@pytest.mark.parametrize("make", [partial(ProcessStrategy, 2), partial(ProcessStrategy, 2, inner=ThreadStrategy(2))])
def test_large_arrays_go_and_come(make: Callable[..., Any]) -> None:
    """Through memory that is used again and again: none of them is written over, and all can be written to."""
    with make() as strategy:
        for size in (100, 40_000, 1_000_000, 3_000_000):
            arrays = [numpy.full(size, float(number)) for number in range(7)]
            kept = [strategy.map(grown, arrays) for _ in range(3)]
            for results in kept:
                assert [(result[0], result[-1]) for result in results] == [
                    (number + 1, number + 1) for number in range(7)
                ]
                assert all((result == result[0]).all() for result in results)
                results[0] *= 2
