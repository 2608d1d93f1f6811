"""`max_workers="auto"` and `AutoLimit`: what they are taken for everywhere, and what the runs on them tell."""

from __future__ import annotations

import asyncio
import functools
import math
import operator
import pickle
import threading
import time
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from concurrent_strategies import (
    AsyncioStrategy,
    AutoLimit,
    GreenStrategy,
    InvalidOption,
    Limit,
    ProcessStrategy,
    Retry,
    SyncStrategy,
    TaskTimeout,
    ThreadStrategy,
    TrioStrategy,
)
from concurrent_strategies._autolimit import Answer
from concurrent_strategies._congestion import POLITE_START, START
from concurrent_strategies._core import verb
from concurrent_strategies._core.base import BaseStrategy
from concurrent_strategies._core.feedback import Feedback
from concurrent_strategies._core.port import Chunk, Done, Failed, Returned, Started
from concurrent_strategies._core.rules import Rules
from concurrent_strategies._core.run import Run
from concurrent_strategies._limit import Lease

WAITING = [ThreadStrategy, AsyncioStrategy, TrioStrategy, GreenStrategy]


class Crowd:
    """A function that waits, and knows how many of it were under way at once."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.most = self._now = 0
        self._seconds = seconds
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        """Return the item, after a while."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        return item


class Refused(Exception):
    """What our own service says when it has enough."""

    status = 429


class Service:
    """Takes so many calls at once and refuses the others."""

    def __init__(self, most: int, error: type[Exception] = Refused) -> None:
        self.refused = self._now = 0
        self._most = most
        self._error = error
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        """Return the item, after a while, or refuse."""
        with self._lock:
            if self._now >= self._most:
                self.refused += 1
                raise self._error
            self._now += 1
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        return item


def feedback_of(strategy: BaseStrategy, **options: Any) -> Feedback | None:
    """Return who listens to a run of this strategy, if anybody does."""
    ready = strategy.prepare(abs, ([-1],), options)
    engine = ready.begin(None)
    for _ in engine.closing(hurry=True):
        pass
    return engine.feedback


# --------------------------------------------------------------------------------------------------- what it is


@pytest.mark.parametrize("most", [0, -1, 1.5, "2", True])
def test_the_most_is_a_whole_number_above_zero(most: Any) -> None:
    """As of a `Limit`."""
    with pytest.raises(InvalidOption, match="max_workers must be greater than 0"):
        AutoLimit(most)


def test_what_tells_refusals_is_callable() -> None:
    """Anything else is an error at construction."""
    with pytest.raises(InvalidOption, match="refused"):
        AutoLimit(refused=ValueError("x"))  # type: ignore[arg-type]


def test_it_begins_with_what_its_kind_begins_with() -> None:
    """32 calls at once, 8 if polite, and never more than the most."""
    assert [limit.n for limit in (AutoLimit(), AutoLimit(polite=True), AutoLimit(5))] == [START, POLITE_START, 5]


def test_it_travels_as_what_it_was_made_of() -> None:
    """Another process gets one that has learned nothing yet."""
    limit = AutoLimit(50, polite=True, refused=callable)
    assert repr(pickle.loads(pickle.dumps(limit))) == repr(limit) == f"AutoLimit(50, polite=True, refused={callable!r})"
    assert repr(AutoLimit()) == "AutoLimit()"


@pytest.mark.parametrize("kind", WAITING)
def test_auto_is_an_option_of_constructors_and_calls(kind: Any) -> None:
    """It is shown as it was given, and a misspelt one gets a suggestion."""
    assert repr(kind(max_workers="auto")) == f"{kind.__name__}(max_workers='auto')"
    for refused in (lambda: kind(max_workers="atuo"), lambda: kind().map(abs, [-1], max_workers="atuo")):
        with pytest.raises(InvalidOption, match="Did you mean 'auto'"):
            refused()


@pytest.mark.parametrize("kind", WAITING)
def test_only_who_asks_for_it_pays_for_it(kind: Any) -> None:
    """Where nothing adapts, nobody listens to the workers."""
    assert feedback_of(kind(max_workers=4)) is None
    assert feedback_of(kind(max_workers=Limit(4))) is None
    assert feedback_of(kind(), max_workers=4) is None
    assert feedback_of(kind(max_workers="auto")) is not None
    assert feedback_of(kind(max_workers=AutoLimit())) is not None
    assert feedback_of(kind(max_workers=4), max_workers="auto") is not None


@pytest.mark.parametrize("given", ["auto", AutoLimit()], ids=str)
@pytest.mark.parametrize("make", [SyncStrategy, ProcessStrategy], ids=lambda make: make.__name__)
def test_where_calls_do_not_wait_it_stands_for_the_default(make: Any, given: Any) -> None:
    """Processes as many as cores, one caller; chunks as ever, and nobody listens."""
    strategy = make(max_workers=given)
    assert strategy.most() == make().most()
    assert feedback_of(strategy) is None
    with make() as opened:
        assert feedback_of(opened, max_workers=given) is None
    assert make(max_workers=AutoLimit(1)).most() == 1


def test_inside_processes_it_stands_for_the_default() -> None:
    """A hybrid has as many calls at once in each process as without it."""
    for given in ("auto", AutoLimit()):
        inner = AsyncioStrategy(max_workers=given)
        assert inner.shape("async") == AsyncioStrategy().shape("async")
        hybrid = ProcessStrategy(1, inner=inner)
        assert hybrid.map(functools.partial(operator.mul, 2), range(20)) == list(range(0, 40, 2))


def test_an_executor_keeps_to_the_default() -> None:
    """What was submitted and no worker has can be cancelled, so no more than the default is taken off the queue."""
    crowd = Crowd(0.005)
    with ThreadStrategy(max_workers="auto") as strategy, strategy.executor() as executor:
        assert list(executor.map(crowd, range(100))) == list(range(100))
    assert crowd.most <= ThreadStrategy().most()


# ----------------------------------------------------------------------------------------------- what it does


def test_calls_that_only_wait_become_more_and_more() -> None:
    """On a service without bounds it goes far beyond what it began with."""
    limit, crowd = AutoLimit(), Crowd(0.02)
    assert ThreadStrategy(max_workers=limit).map(crowd, range(600)) == list(range(600))
    assert crowd.most > 2 * START
    assert limit.n > 2 * START


@pytest.mark.parametrize("kind", [AsyncioStrategy, ThreadStrategy])
def test_awaited_runs_learn_as_well(kind: Any) -> None:
    """On the caller's own loop, and in threads from there."""
    limit = AutoLimit()
    assert asyncio.run(kind(max_workers=limit).amap(_wait, range(400))) == list(range(400))
    assert limit.n > START


async def _wait(item: int) -> int:
    await asyncio.sleep(0.02)
    return item


def test_a_consumer_that_is_busy_elsewhere_does_not_spoil_it() -> None:
    """A stream whose window is full waits for its consumer: that is no slow server, and the limit stays."""
    limit = AutoLimit(40)
    for item in ThreadStrategy(max_workers=limit).stream(Crowd(0.002), range(300), buffersize=8):
        if item % 50 == 0:
            time.sleep(0.02)
    assert limit.n >= START


def test_the_most_is_never_passed() -> None:
    """Neither its own nor what the descriptors allow."""
    crowd = Crowd()
    ThreadStrategy(max_workers=AutoLimit(7)).map(crowd, range(200))
    assert crowd.most == 7


@pytest.mark.parametrize(("free", "most"), [(12, 6), (1, 1)])
def test_half_of_the_free_descriptors_is_the_most(free: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call may need some, and so does the rest of the program."""
    monkeypatch.setattr(verb, "free_descriptors", lambda: free)
    crowd = Crowd(0.005)
    assert ThreadStrategy(max_workers="auto").map(crowd, range(60)) == list(range(60))
    assert crowd.most == most


def test_a_number_for_one_call_lowers_it() -> None:
    """Inside `with`, too: the run keeps to its number, on the limit of all."""
    crowd = Crowd()
    with ThreadStrategy(max_workers="auto") as strategy:
        strategy.map(crowd, range(100), max_workers=3)
    assert crowd.most == 3


def test_what_was_opened_with_a_number_keeps_to_it() -> None:
    """`"auto"` for one call does not let the runs of an opened strategy be more than it was opened for."""
    crowd = Crowd()
    with ThreadStrategy(max_workers=3) as strategy:
        strategy.map(crowd, range(100), max_workers="auto")
    assert crowd.most == 3


def test_a_limit_that_is_shared_with_others_keeps_to_its_number() -> None:
    """Whoever shares a plain limit has said how many there may be."""
    crowd = Crowd()
    ThreadStrategy(max_workers=Limit(3)).map(crowd, range(100), max_workers="auto")
    assert crowd.most == 3


def test_refusals_that_are_tried_again_lower_it() -> None:
    """All items are done, though the service takes twelve at a time, and it is not asked for much more in vain."""
    service, limit = Service(12), AutoLimit()
    strategy = ThreadStrategy(max_workers=limit, retry=Retry(attempts=100, wait=0.01))
    assert strategy.map(service, range(400)) == list(range(400))
    assert service.refused < 2 * START + 40
    assert limit.n <= 16


def test_what_the_caller_calls_a_refusal_is_one() -> None:
    """An error of a client that nobody knows."""
    service = Service(6, KeyError)
    limit = AutoLimit(refused=lambda error: isinstance(error, KeyError))
    strategy = ThreadStrategy(max_workers=limit, retry=Retry(attempts=100, wait=0.01))
    assert strategy.map(service, range(200)) == list(range(200))
    assert limit.n <= 10


def test_a_predicate_that_fails_ends_the_run() -> None:
    """With its error, whoever drives: it is not taken for an answer."""
    strategy = ThreadStrategy(max_workers=AutoLimit(refused=lambda error: 1 / 0 > 0))
    with pytest.raises(ZeroDivisionError):
        strategy.map(Service(1, KeyError), range(50), retry=5)


def test_overdue_calls_lower_it() -> None:
    """A service that hangs while too many ask is asked by fewer."""
    limit = AutoLimit()
    outcomes = AsyncioStrategy(max_workers=limit, task_timeout=0.05).outcomes(_hang, range(60))
    assert {type(outcome.error) for outcome in outcomes} == {TaskTimeout}
    assert limit.n < START / 2


async def _hang(item: int) -> None:
    await asyncio.sleep(10)


def test_what_was_learned_stays_with_an_opened_strategy() -> None:
    """The second run begins where the first has ended, and one limit may serve several strategies."""
    with ThreadStrategy(max_workers="auto", retry=Retry(attempts=100, wait=0.01)) as strategy:
        first, second = Service(8), Service(8)
        strategy.map(first, range(200))
        strategy.map(second, range(200))
    assert second.refused < START - 8
    limit = AutoLimit()
    ThreadStrategy(max_workers=limit, retry=Retry(attempts=100, wait=0.01)).map(Service(8), range(200))
    crowd = Crowd()
    AsyncioStrategy(max_workers=limit).map(crowd, range(12))
    assert crowd.most <= 16


# ------------------------------------------------------------------------------------------------- what is told


class Listening(AutoLimit):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def learn(self, answers: Any, lease: Lease, busy: int, now: float, cpu: float) -> None:
        """Write down answers as (seconds, wait, slot)."""
        self.told += [(answer.seconds, answer.wait, answer.slot) for answer in answers]


def test_answers_and_refusals_are_told_and_nothing_else() -> None:
    """Short items in a group are one answer; an item's own error is none, nor is what was only begun or given back."""
    limit = Listening()
    feedback = Feedback(limit, limit.lease(lambda: None), 0.5)
    apart = Done(1, 5, [1, 2], 0.3, "a")
    apart.each = [0.1, 0.2]
    feedback.heard([Started(1, 0, 1), Done(1, 0, [7], 0.25, "a"), Done(1, 1, [1, 2, 3, 4], 0.004), apart], 3, 1.0)
    feedback.heard([Failed(1, 9, ValueError("x"), 0.001, "a"), Returned(1, 10, 5)], 3, 1.0)
    assert limit.told == [(0.25, None, ""), (0.001, None, ""), (0.1, None, ""), (0.2, None, "")]
    limit.told.clear()
    feedback.heard([Failed(1, 9, ConnectionRefusedError(), 0.01, "b"), Failed(1, 10, Refused(), None, "c")], 3, 1.0)
    feedback.stopped(Chunk(4, 0, 20, [0]), 20, 1.0)
    assert limit.told == [(0.01, 0.0, "b"), (0.0, 0.0, "c"), (0.5, 0.0, (4, 20))]


def test_a_pause_ends_by_itself() -> None:
    """Nothing may start until then; the run knows when to look, although nothing will be reported."""
    limit = AutoLimit()
    lease = limit.lease(lambda: None)
    feedback = Feedback(limit, lease, None)
    assert lease.adjust(100, 0) == START
    busy = Refused()
    busy.headers = {"Retry-After": "5"}  # type: ignore[attr-defined]
    feedback.heard([Failed(1, k, busy, 0.01, f"w{k}") for k in range(START)], START, 10.0)
    assert feedback.due == 15.0
    assert lease.adjust(100, 0) == 0
    feedback.heard([], 0, 14.0)
    assert (limit.n, lease.adjust(100, 0)) == (0, 0)
    feedback.heard([], 0, 15.0)
    assert (limit.n, lease.adjust(100, 0), feedback.due) == (1, 1, math.inf)


def test_whoever_goes_short_is_rung_when_the_limit_grows() -> None:
    """Another run on the same limit hears of it, though nothing has become of its own calls."""
    limit, rung = AutoLimit(), []
    first = limit.lease(lambda: None)
    second = limit.lease(lambda: rung.append("second"))
    assert first.adjust(100, 0) == START
    assert second.adjust(100, 0) == 0
    assert first.adjust(100, 0) == START // 2
    assert second.adjust(100, 0) == START // 2
    rung.clear()
    limit.learn([Answer(0.1) for _ in range(8)], first, START // 2, 1.0, 0.0)
    assert limit.n == START + 8
    assert rung == ["second"]
    assert second.adjust(100, 0) == START // 2 + 4


def test_what_is_refused_takes_no_others_along() -> None:
    """Items go to threads one by one, however quickly others were refused; until answers show that they are short."""
    run = Run(Rules(cautious=True), 0.0, total=1000)
    run.feed(range(1000))
    run.exhaust()

    def started(now: float) -> list[Chunk]:
        return [chunk for kind, chunk, _ in run.plan(now, 4, 1) if kind == "start"]

    first = started(0.0)
    assert [len(chunk.items) for chunk in first] == [1, 1, 1, 1]
    for turn in range(1, 9):
        run.report([Failed(chunk.id, chunk.first, Refused(), 1e-5) for chunk in first], 0.001 * turn)
        first = started(0.001 * turn)
        assert [len(chunk.items) for chunk in first] == [1, 1, 1, 1]
    run.report([Done(chunk.id, chunk.first, [0], 1e-5) for chunk in first], 0.02)
    assert max(len(chunk.items) for chunk in started(0.02)) > 1


class Moving(RuleBasedStateMachine):
    """Up to four runs on a limit that moves."""

    @initialize(polite=st.booleans())
    def begin_all(self, polite: bool) -> None:
        """One limit for all."""
        self.limit = AutoLimit(40, polite=polite)
        self.busy: dict[Lease, int] = {}
        self.now = 0.0
        self.held = 0

    @rule()
    def begin(self) -> None:
        """Another run comes."""
        if len(self.busy) < 4:
            self.busy[self.limit.lease(lambda: None)] = 0

    @rule(which=st.integers(0, 3), wanted=st.integers(0, 60))
    def ask(self, which: int, wanted: int) -> None:
        """A run asks, and starts what it may."""
        for lease in list(self.busy)[which : which + 1]:
            allowed = lease.adjust(max(wanted, self.busy[lease]), self.busy[lease])
            assert allowed <= lease.held or not allowed
            self.busy[lease] = max(self.busy[lease], min(wanted, allowed))

    @rule(
        which=st.integers(0, 3),
        count=st.integers(1, 40),
        wait=st.sampled_from((None, None, 0.0, 0.0, 2.0)),
        seconds=st.sampled_from((0.001, 0.1, 1.0)),
    )
    def finish(self, which: int, count: int, wait: float | None, seconds: float) -> None:
        """Some of its calls end, well or refused, and some time passes."""
        for lease in list(self.busy)[which : which + 1]:
            count = min(count, self.busy[lease])
            self.now += seconds
            answers = [Answer(seconds, wait, slot) for slot in range(count)]
            self.limit.learn(answers, lease, self.busy[lease], self.now, 0.0)
            self.busy[lease] -= count

    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        """A run is over."""
        for lease in list(self.busy)[which : which + 1]:
            lease.end()
            del self.busy[lease]

    @invariant()
    def never_more_than_there_were(self) -> None:
        """Nobody runs more than it holds; together they hold what the limit says, or what they had when it fell."""
        if hasattr(self, "limit"):
            held = sum(lease.held for lease in self.busy)
            assert held <= max(self.limit.n, self.held)
            assert all(busy <= lease.held for lease, busy in self.busy.items())
            assert 0 <= self.limit.n <= 40
            self.held = held


TestMoving = Moving.TestCase
TestMoving.settings = settings(max_examples=150, stateful_step_count=25)
