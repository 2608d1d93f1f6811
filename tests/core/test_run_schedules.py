"""The rules of a run, over thousands of made-up schedules: workers that are slow, fail, die and hang, inputs that
trickle, consumers that are away."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concurrent_strategies import Retry, RunTimeout, TaskTimeout, WorkerDied
from concurrent_strategies._core.rules import Rules

from .trial import Scenario, Trial, tried
from .workshop import DIE, FAIL, HANG, OK, Boom, Fates, Shape, value_of

many = settings(max_examples=150)
SECONDS = (1e-7, 1e-5, 1e-4, 1e-3, 0.01, 0.3, 2.0)


def _lists(*values: Any, most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Any kind of port: workers of one call each, one loop of many calls, several workers of many calls."""
    loop = draw(st.booleans())
    return Shape(
        span=1 if loop else draw(st.sampled_from((1, 1, 3))),
        loop=loop,
        kills=not loop,
        groups=draw(_lists(1, 2, 8, 64)),
        latency=draw(st.sampled_from((0.0, 0.0, 0.0005, 0.02))),
    )


@st.composite
def scenarios(draw: st.DrawFn, ends: tuple[str, ...] = (OK,), later: tuple[str, ...] = (OK,), **rules: Any) -> Scenario:
    """Any run whose attempts end in these ways, with these rules."""
    rules = {"ordered": st.booleans(), "window": st.sampled_from((None, 1, 2, 5, 64)), **rules}
    rules = {"chunksize": st.sampled_from((None, None, 1, 7)), **rules}
    return Scenario(
        items=draw(st.one_of(st.integers(0, 12), st.integers(0, 60))),
        rules=Rules(**{k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in rules.items()}),
        fates=Fates(draw(_lists(*SECONDS, most=6)), draw(_lists(*ends, most=7)), draw(_lists(*later))),
        shape=draw(shapes()),
        workers=draw(st.integers(1, 4)),
        feeds=draw(_lists(1, 2, 7, 1 << 40)),
        pulls=draw(_lists(0.0, 0.0, 0.003, 0.1)),
        pauses=draw(_lists(0.0, 0.0, 0.01, 3.0)),
        sized=draw(st.booleans()),
        expected=draw(st.sampled_from((None, 1e-7, 1.0))),
    )


def _indices(trial: Trial) -> list[int]:
    return [index for index, _, _ in trial.outcomes]


def _never_twice(trial: Trial) -> bool:
    return max(Counter((e.index, e.attempt) for e in trial.shop.executions).values(), default=0) <= 1


@many
@given(scenarios())
def test_every_item_comes_out_once(scenario: Scenario) -> None:
    """Nothing is lost, nothing doubled and nothing run twice, however chunks are cut and called back."""
    trial = tried(scenario)
    assert sorted(trial.outcomes) == [(i, value_of(i), 1) for i in range(scenario.items)]
    assert trial.error is None
    assert _never_twice(trial)


@many
@given(scenarios())
def test_one_worker_starts_items_in_their_order(scenario: Scenario) -> None:
    """Also if a group is cut while the worker has its next chunk already."""
    alone = replace(scenario, workers=1, shape=replace(scenario.shape, span=1, loop=False))
    hidden = Fates(seconds=[1e-5] * 29 + [0.02])  # a slow item among short ones, in a group or in what comes next
    for other in (alone, replace(alone, items=scenario.items * 7, fates=hidden)):
        trial = tried(other)
        assert [execution.index for execution in trial.shop.executions] == list(range(other.items))


@many
@given(scenarios(ends=(OK, OK, FAIL, DIE), ordered=True))
def test_ordered_runs_keep_the_order_of_the_input(scenario: Scenario) -> None:
    """Outcomes come in the order of the input, the failed ones in their places."""
    assert _indices(tried(scenario)) == list(range(scenario.items))


@many
@given(scenarios(ends=(OK, OK, OK, FAIL, DIE), ordered=False))
def test_unordered_runs_give_everything_once(scenario: Scenario) -> None:
    """Completion order changes nothing else: each item has one outcome."""
    assert sorted(_indices(tried(scenario))) == list(range(scenario.items))


@many
@given(scenarios(ends=(OK, OK, OK, OK, FAIL, DIE)))
def test_each_outcome_says_what_happened(scenario: Scenario) -> None:
    """A success returned, a failure raised, and a dead worker costs what it had announced and not yet reported."""
    trial = tried(scenario)
    ended = {e.index: e.how for e in trial.shop.executions}
    for index, outcome, attempt in trial.outcomes:
        if isinstance(outcome, WorkerDied):
            assert (index, 1) in trial.shop.lost
        elif isinstance(outcome, Boom):
            assert (outcome.index, ended[index]) == (index, FAIL)
        else:
            assert (outcome, ended[index], attempt) == (value_of(index), OK, 1)
    died = [index for index, outcome, _ in trial.outcomes if isinstance(outcome, WorkerDied)]
    assert {(index, 1) for index in died} == trial.shop.lost
    assert _never_twice(trial)


@many
@given(scenarios(ends=(OK, OK, FAIL, DIE), window=st.sampled_from((1, 2, 3, 5, 17))))
def test_the_window_is_never_passed(scenario: Scenario) -> None:
    """At most `window` items are read and not consumed; the trial asserts it at each pull."""
    trial = tried(scenario)
    assert trial.read == scenario.items


@many
@given(scenarios(chunksize=st.sampled_from((1, 2, 7, 50))))
def test_chunks_are_never_longer_than_asked(scenario: Scenario) -> None:
    """A fixed `chunksize` is a bound on every chunk."""
    assert all(start.count <= (scenario.rules.chunksize or 0) for start in tried(scenario).starts)


@given(scenarios(chunksize=None), st.integers(1, 4))
def test_the_first_chunks_give_every_worker_its_share(scenario: Scenario, workers: int) -> None:
    """While nothing has been measured, what is there is spread over all the workers."""
    scenario = replace(scenario, items=40, workers=workers, feeds=(1 << 40,), pulls=(0.0,), shape=Shape())
    rules = replace(scenario.rules, window=None)
    trial = tried(replace(scenario, rules=rules, fates=Fates((0.01,)), expected=None))
    first = [start for start in trial.starts if start.at == 0.0]
    assert [start.seat for start in first] == list(range(workers))
    assert max(start.count for start in first) == -(-40 // workers)


@many
@given(scenarios(ends=(OK, OK, FAIL, DIE)))
def test_never_more_calls_at_once_than_workers(scenario: Scenario) -> None:
    """What runs at one time never passes `max_workers` workers of `span` calls."""
    trial = tried(scenario)
    assert trial.shop.most_at_once <= scenario.workers * trial.shop.inner


@many
@given(scenarios(ends=(OK, OK, OK, OK, FAIL), ordered=True, fail_fast=True))
def test_the_failure_of_the_lowest_index_is_raised(scenario: Scenario) -> None:
    """With `on_error="raise"` a run ends as a loop would: the results before the first failure, then that failure."""
    trial = tried(scenario)
    failing = [i for i in range(scenario.items) if scenario.fates.of(i, 1)[1] == FAIL]
    if not failing:
        assert trial.outcomes == [(i, value_of(i), 1) for i in range(scenario.items)]
        return
    assert isinstance(trial.error, Boom)
    assert trial.error.index == failing[0]
    assert trial.outcomes[:-1] == [(i, value_of(i), 1) for i in range(failing[0])]


@many
@given(scenarios(ends=(OK, OK, OK, FAIL, DIE), ordered=False, fail_fast=True))
def test_unordered_runs_raise_the_first_failure_to_come(scenario: Scenario) -> None:
    """Nothing stands between a failure and its consumer, and nothing follows it."""
    trial = tried(scenario)
    faults = [outcome for _, outcome, _ in trial.outcomes if isinstance(outcome, BaseException)]
    assert faults == ([] if trial.error is None else [trial.error])
    assert trial.error is not None or len(trial.outcomes) == scenario.items


@many
@given(
    scenarios(ends=(OK, OK, OK, FAIL, DIE), later=(OK, FAIL), fail_fast=True, retry=st.sampled_from((None, Retry())))
)
def test_nothing_behind_a_failure_starts(scenario: Scenario) -> None:
    """Once a failure is known, no item behind it is handed out, also not one that is read or due again later."""
    trial = tried(scenario)
    for when, last in trial.horizons:
        assert [s for s in trial.starts if s.at > when and s.first + s.count - 1 > last] == []


def test_nothing_behind_a_failure_is_tried_again() -> None:
    """Item 1 fails for good while item 0 still runs: item 2, which fails later, gets no further attempt."""
    fates = Fates((5.0, 0.1, 0.5), (OK, FAIL, FAIL), (FAIL,))
    trial = tried(Scenario(items=3, workers=3, rules=Rules(fail_fast=True, retry=Retry(attempts=2)), fates=fates))
    assert [(e.index, e.attempt) for e in trial.shop.executions] == [(0, 1), (1, 1), (2, 1), (1, 2), (2, 2)][:4]
    assert trial.outcomes[0] == (0, value_of(0), 1)


def test_a_lower_failure_draws_the_line_lower() -> None:
    """Item 5 fails first, then item 1: of the items between them that were not started, none starts any more."""
    fates = Fates((3.0, 0.2, 0.3, 0.3, 3.0, 0.1), (OK, FAIL, OK, OK, OK, FAIL))
    rules = Rules(fail_fast=True, chunksize=1)
    trial = tried(Scenario(items=6, workers=2, rules=replace(rules, ordered=True), fates=fates, feeds=(1,)))
    assert isinstance(trial.error, Boom)
    assert trial.error.index == 1
    assert {e.index for e in trial.shop.executions} <= {0, 1, 2}


@many
@given(
    scenarios(
        ends=(OK, FAIL, DIE),
        later=(OK, OK, FAIL, DIE),
        retry=st.builds(Retry, attempts=st.integers(1, 4), wait=st.sampled_from((0.0, 0.05, 2.0))),
    )
)
def test_retries_come_when_they_are_due_and_not_more_often(scenario: Scenario) -> None:
    """Attempt k + 1 begins after the failure of attempt k and its wait; nobody gets more attempts than allowed."""
    trial = tried(scenario)
    retry = scenario.rules.retry
    assert retry is not None
    assert sorted(_indices(trial)) == list(range(scenario.items))
    assert _never_twice(trial)
    ended = {(e.index, e.attempt): e.ended for e in trial.shop.executions}
    for execution in trial.shop.executions:
        attempt = execution.attempt
        assert attempt <= retry.attempts
        if attempt > 1 and (before := ended.get((execution.index, attempt - 1))) is not None:
            assert execution.began >= before + retry.delay(attempt - 1, 0.0) - 1e-9
    for _, outcome, attempt in trial.outcomes:
        assert attempt <= retry.attempts
        assert not isinstance(outcome, BaseException) or attempt == retry.attempts


@given(scenarios(ends=(FAIL,), later=(FAIL,), retry=Retry(attempts=3, on=TimeoutError)))
def test_what_retry_does_not_cover_fails_at_once(scenario: Scenario) -> None:
    """An error that `on` does not name gets no second attempt."""
    trial = tried(scenario)
    assert all(attempt == 1 for _, _, attempt in trial.outcomes)
    assert len(trial.shop.executions) == scenario.items


@many
@given(
    scenarios(
        ends=(OK, OK, FAIL),
        later=(OK, FAIL),
        rate=st.sampled_from((3.0, 50.0)),
        retry=st.sampled_from((None, Retry(attempts=2))),
    )
)
def test_starts_never_pass_the_rate(scenario: Scenario) -> None:
    """Between two starts lies at least `1 / rate`, whatever the workers, and retries count as starts."""
    trial = tried(scenario)
    began = sorted(execution.began for execution in trial.shop.executions)
    gap = 1.0 / (scenario.rules.rate or 1.0)
    assert all(later - earlier >= gap - 1e-9 for earlier, later in pairwise(began))
    assert sorted(_indices(trial)) == list(range(scenario.items))


@given(st.integers(2, 30), st.integers(1, 4))
def test_a_rated_run_is_as_fast_as_its_rate(items: int, workers: int) -> None:
    """If the workers keep up, starts follow each other at exactly the rate."""
    trial = tried(Scenario(items=items, workers=workers, rules=Rules(rate=10.0), fates=Fates((0.001,))))
    began = [execution.began for execution in trial.shop.executions]
    assert began == pytest.approx([k / 10 for k in range(items)])


@many
@given(scenarios(ends=(OK, OK, OK, HANG, FAIL), task_timeout=1.0))
def test_what_takes_too_long_fails_alone(scenario: Scenario) -> None:
    """An overdue item fails with `TaskTimeout` at its limit, is stopped, and costs no other item anything."""
    trial = tried(scenario)
    assert sorted(_indices(trial)) == list(range(scenario.items))
    late = {i for i, outcome, _ in trial.outcomes if isinstance(outcome, TaskTimeout)}
    for index, outcome, _ in trial.outcomes:
        seconds, end = scenario.fates.of(index, 1)
        if end == HANG or seconds > 1.0:
            # In a worker of several calls a neighbour's end may come first.
            assert index in late or (isinstance(outcome, WorkerDied) and trial.shop.inner > 1)
        elif not (isinstance(outcome, WorkerDied) and trial.shop.inner > 1):
            assert isinstance(outcome, Boom) if end == FAIL else outcome == value_of(index)
    assert {index for _, index in trial.stops} == late
    began = {e.index: e.began for e in trial.shop.executions}
    assert all(when >= began[index] + 1.0 for when, index in trial.stops)


@many
@given(
    scenarios(ends=(OK, HANG), later=(OK, HANG), task_timeout=0.5, retry=st.builds(Retry, attempts=st.integers(2, 3)))
)
def test_overdue_items_are_retried_like_others(scenario: Scenario) -> None:
    """A time-out is an error that `retry` covers; the run ends although every attempt may hang."""
    trial = tried(scenario)
    assert sorted(_indices(trial)) == list(range(scenario.items))
    assert _never_twice(trial)


@given(scenarios(ends=(OK, OK, HANG, FAIL), timeout=st.sampled_from((0.01, 1.0))))
def test_a_run_ends_at_its_timeout(scenario: Scenario) -> None:
    """`timeout` ends the whole run, whatever hangs; what the consumer had until then was right."""
    scenario = replace(scenario, pauses=(0.0,), pulls=(0.0,))
    trial = tried(scenario)
    indices = _indices(trial)
    assert len(set(indices)) == len(indices)
    if isinstance(trial.error, RunTimeout):
        assert trial.ended_at == pytest.approx(scenario.rules.timeout)
        assert trial.error.done >= len(indices)
    else:
        assert trial.error is None
        assert sorted(indices) == list(range(scenario.items))
        assert trial.ended_at <= (scenario.rules.timeout or 0.0)


@many
@given(scenarios(ends=(OK, FAIL, DIE), max_failures=st.integers(1, 5)))
def test_too_many_failures_end_the_run(scenario: Scenario) -> None:
    """The run stops at the bound: it starts nothing more, and knows the failures that brought it there."""
    trial = tried(scenario)
    bound = int(scenario.rules.max_failures or 0)
    if not trial.run.overflowed:
        assert sorted(_indices(trial)) == list(range(scenario.items))
        assert sum(isinstance(outcome, BaseException) for _, outcome, _ in trial.outcomes) < bound
        return
    assert len(trial.run.faults) >= bound
    assert trial.halted_at is not None
    assert [start for start in trial.starts if start.at > trial.halted_at] == []


@many
@given(scenarios(ends=(OK, FAIL), later=(OK, FAIL), max_failures=st.integers(1, 5), retry=st.just(Retry(attempts=2))))
def test_what_would_be_run_again_is_no_failure_of_a_run_that_is_stopped(scenario: Scenario) -> None:
    """Others have stopped it: the item has no outcome, as any other that was under way."""
    failed = [attempt for _, outcome, attempt in tried(scenario).outcomes if isinstance(outcome, BaseException)]
    assert set(failed) <= {2}


@given(st.integers(0, 60), st.sampled_from((0.1, 0.5, 0.9)), st.booleans())
def test_a_share_of_failures_is_judged_by_the_whole_input(items: int, share: float, sized: bool) -> None:
    """With a known length the bound is that share of it; else it is judged over what is done, from the 20th on."""
    scenario = Scenario(items=items, rules=Rules(max_failures=share), fates=Fates((0.01,), (FAIL,)), workers=1)
    trial = tried(replace(scenario, sized=sized, rules=replace(scenario.rules, chunksize=1)))
    needed = max(1.0, share * items) if sized else 20
    assert trial.run.overflowed == (items >= needed and items > 0)
    if trial.run.overflowed:
        assert len(trial.run.faults) == -(-needed // 1)


@many
@given(scenarios(ends=(DIE,), later=(DIE, OK), retry=st.sampled_from((None, Retry(attempts=3)))))
def test_a_run_ends_although_every_worker_dies(scenario: Scenario) -> None:
    """Deaths at any point never end in a wait for somebody who is gone."""
    assert sorted(_indices(tried(scenario))) == list(range(scenario.items))


@many
@given(scenarios(ends=(OK, FAIL)))
def test_what_the_input_raises_comes_after_the_results(scenario: Scenario) -> None:
    """All that was read has its outcome first; then comes the input's own error, as it is."""
    error = LookupError("the input")
    trial = tried(replace(scenario, input_error=error))
    assert sorted(_indices(trial)) == list(range(scenario.items))
    assert trial.error is error


@many
@given(
    scenarios(ends=(OK, OK, FAIL, DIE), later=(OK,), retry=st.sampled_from((None, Retry(attempts=2)))),
    st.integers(0, 30),
)
def test_closing_early_starts_nothing_more(scenario: Scenario, after: int) -> None:
    """Whoever stops after some outcomes gets those; nothing starts from then on, and all that runs is accounted for."""
    trial = tried(replace(scenario, closes_after=after))
    assert trial.halted_at is None or [start for start in trial.starts if start.at > trial.halted_at] == []
    assert trial.run.quiet


@pytest.mark.parametrize(("items", "seats"), [(10, 1), (50, 1), (60, 2), (200, 2)])
def test_what_is_expected_to_take_no_time_goes_to_one_worker(items: int, seats: int) -> None:
    """It has ended before another one would be awake."""
    trial = tried(Scenario(items=items, workers=2, expected=2e-6, fates=Fates((2e-6,))))
    assert len({start.seat for start in trial.starts if start.at == 0.0}) == seats


def test_a_wrong_expectation_is_put_right_at_once() -> None:
    """Items that took no time the last time, and take long now, are shared out as soon as that shows."""
    trial = tried(Scenario(items=10, workers=2, expected=1e-6, fates=Fates((0.1,))))
    assert trial.ended_at < 0.51


def test_an_idle_run_is_not_woken_for_nothing() -> None:
    """While one item of a chunk runs for long and there is nothing else to do, nobody looks every millisecond."""
    fates = Fates((0.0001,) * 15 + (30.0,))
    trial = tried(Scenario(items=16, workers=2, rules=Rules(chunksize=8), fates=fates))
    assert trial.turns < 100


def test_a_slow_item_does_not_hide_its_neighbours() -> None:
    """What waits behind a slow item in its chunk is called back and runs elsewhere as soon as somebody is idle."""
    fates = Fates((10.0,) + (0.001,) * 63)
    trial = tried(Scenario(items=64, workers=2, fates=fates))
    ended = {execution.index: execution.ended for execution in trial.shop.executions}
    assert max(ended[index] or 0.0 for index in range(1, 64)) < 1.0


def test_a_slow_item_in_a_group_does_not_hide_its_neighbours() -> None:
    """Also when the group was announced as one, and whatever had been believed about its items."""
    fates = Fates((1e-6,) * 40 + (10.0,) + (1e-6,) * 100)
    trial = tried(Scenario(items=141, workers=2, fates=fates, shape=Shape(groups=(64,))))
    ended = {execution.index: execution.ended for execution in trial.shop.executions}
    assert max(ended[index] or 0.0 for index in range(141) if index != 40) < 1.0
