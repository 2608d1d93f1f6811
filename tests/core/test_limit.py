"""`Limit`: never more permits than there are, fair shares, and no run that waits while permits lie idle."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from concurrent_strategies import InvalidOption, Limit
from concurrent_strategies._core.run import Rules
from concurrent_strategies._limit import Lease

from .trial import Scenario, Trial, play
from .workshop import DIE, FAIL, OK, Fates, Shape


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None, True])
def test_a_limit_is_a_whole_number_above_zero(n: object) -> None:
    """Anything else is an error at construction, with the words of the standard library."""
    with pytest.raises(InvalidOption, match="max_workers must be greater than 0"):
        Limit(n)  # type: ignore[arg-type]


def test_a_limit_travels_as_its_size() -> None:
    """Another process gets a limit of its own; `repr` shows the number."""
    copy = pickle.loads(pickle.dumps(Limit(3)))
    assert (repr(copy), copy.n) == ("Limit(3)", 3)


def test_one_run_gets_all_it_wants() -> None:
    """Nobody else is there: the whole limit, and never more."""
    limit = Limit(8)
    lease = limit.lease(lambda: None)
    assert [lease.adjust(wanted, 0) for wanted in (3, 8, 100, 0, 5)] == [3, 8, 8, 0, 5]


def test_a_lent_permit_comes_on_top() -> None:
    """A run inside a worker has that worker's place even if nothing is free, so that nesting cannot deadlock."""
    limit = Limit(1)
    outer = limit.lease(lambda: None)
    assert outer.adjust(5, 0) == 1
    inner = limit.lease(lambda: None, lent=1)
    assert inner.adjust(5, 0) == 1
    assert inner.held == 1


def test_what_is_given_back_is_offered() -> None:
    """Who could not get what it wants is rung as soon as there is something."""
    limit = Limit(4)
    rung: list[str] = []
    first, second = limit.lease(lambda: rung.append("first")), limit.lease(lambda: rung.append("second"))
    assert first.adjust(4, 0) == 4
    assert second.adjust(4, 0) == 0
    rung.clear()
    first.end()
    assert rung == ["second"]
    assert second.adjust(4, 0) == 4


def test_two_hungry_runs_share_evenly() -> None:
    """The first gives back what is above its share once its calls have ended."""
    limit = Limit(4)
    first, second = limit.lease(lambda: None), limit.lease(lambda: None)
    assert first.adjust(10, 0) == 4
    assert second.adjust(10, 0) == 0
    assert first.adjust(10, 4) == 2, "new calls only up to its share, while four are still under way"
    assert first.held == 4
    assert first.adjust(10, 2) == 2
    assert second.adjust(10, 0) == 2


class Sharing(RuleBasedStateMachine):
    """Up to five runs on one limit, which ask, end and begin as they like."""

    @initialize(n=st.integers(1, 6))
    def start(self, n: int) -> None:
        """One limit for all."""
        self.limit = Limit(n)
        self.busy: dict[Lease, int] = {}
        self.allowed: dict[Lease, int] = {}
        self.lent: dict[Lease, int] = {}

    @rule(lent=st.integers(0, 1), most=st.one_of(st.none(), st.integers(1, 4)))
    def begin(self, lent: int, most: int | None) -> None:
        """Another run comes."""
        if len(self.busy) < 5:
            lease = self.limit.lease(lambda: None, most=most, lent=lent)
            self.busy[lease] = self.allowed[lease] = 0
            self.lent[lease] = lent

    @rule(which=st.integers(0, 4), wanted=st.integers(0, 9), starts=st.integers(0, 9))
    def ask(self, which: int, wanted: int, starts: int) -> None:
        """A run asks, as in each turn, and starts calls up to what it was told."""
        for lease in list(self.busy)[which : which + 1]:
            self.allowed[lease] = lease.adjust(max(wanted, self.busy[lease]), self.busy[lease])
            assert self.allowed[lease] <= lease.held or self.allowed[lease] == 0
            self.busy[lease] = max(self.busy[lease], min(starts, self.allowed[lease]))

    @rule(which=st.integers(0, 4), ends=st.integers(1, 9))
    def finish(self, which: int, ends: int) -> None:
        """Some of its calls end."""
        for lease in list(self.busy)[which : which + 1]:
            self.busy[lease] = max(0, self.busy[lease] - ends)

    @rule(which=st.integers(0, 4))
    def leave(self, which: int) -> None:
        """A run is over; ending it twice changes nothing."""
        for lease in list(self.busy)[which : which + 1]:
            lease.end()
            lease.end()
            del self.busy[lease], self.allowed[lease], self.lent[lease]

    @invariant()
    def never_more_than_there_are(self) -> None:
        """What all runs hold, the lent ones aside, is at most the limit; nobody runs more than it holds."""
        if hasattr(self, "limit"):
            assert sum(lease.held - self.lent[lease] for lease in self.busy) <= self.limit.n
            assert all(self.busy[lease] <= lease.held for lease in self.busy)


TestSharing = Sharing.TestCase
TestSharing.settings = settings(max_examples=150, stateful_step_count=25)


@settings(max_examples=150)
@given(
    st.integers(1, 5),
    st.lists(
        st.builds(
            Scenario,
            items=st.integers(0, 25),
            rules=st.builds(Rules, window=st.sampled_from((None, 1, 4)), rate=st.sampled_from((None, None, 20.0))),
            fates=st.builds(
                Fates,
                st.lists(st.sampled_from((1e-5, 0.001, 0.2)), min_size=1, max_size=4),
                st.lists(st.sampled_from((OK, OK, FAIL, DIE)), min_size=1, max_size=4),
            ),
            shape=st.sampled_from((Shape(), Shape(loop=True, kills=False), Shape(groups=(8,)))),
            pauses=st.sampled_from(((0.0,), (0.5,), (0.0, 3.0))),
            pulls=st.sampled_from(((0.0,), (0.3,))),
            feeds=st.sampled_from(((1 << 40,), (2,))),
        ),
        min_size=2,
        max_size=4,
    ),
)
def test_runs_that_share_a_limit_all_end(n: int, scenarios: list[Scenario]) -> None:
    """Side by side on one limit, also more runs than permits: all come to their end, within the bound together."""
    limit = Limit(n)
    trials = [Trial(scenario, limit) for scenario in scenarios]
    play(*trials)
    for scenario, trial in zip(scenarios, trials, strict=True):
        assert sorted(index for index, _, _ in trial.outcomes) == list(range(scenario.items))
    moments = [(e.began, 1) for t in trials for e in t.shop.executions]
    moments += [(e.ended, -1) for t in trials for e in t.shop.executions if e.ended is not None]
    at_once = most = 0
    for _, change in sorted(moments):
        at_once += change
        most = max(most, at_once)
    assert most <= n
