"""The rule behind `max_workers="auto"`, against made-up servers: how near it comes to what they can do, and how far it
goes beyond what they allow."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concurrent_strategies._congestion import LONGEST_WAIT, POLITE_START, START, Congestion

from .far_side import Client, Server, always, play, spread

FLAVOURS = pytest.mark.parametrize("polite", [False, True], ids=["fast", "polite"])
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=8)


@FLAVOURS
@pytest.mark.parametrize("knee", [1, 4, 20, 100])
@FEW
@given(seed=SEEDS)
def test_a_server_with_a_knee_is_kept_busy_and_not_flooded(knee: int, polite: bool, seed: int) -> None:
    """Most of what it can do, and in the end no more than twice as many calls, or what was begun with."""
    story = play(Congestion(1000, polite=polite), Server(spread(0.1, 0.2), knee, seed=seed), 1000 + 30 * knee)
    assert story.share(knee / 0.1) > 0.85
    assert story.limit(since=0.7 * story.seconds) < max(START, 2 * knee + 12)


@FLAVOURS
@pytest.mark.parametrize("slots", [8, inf])
@FEW
@given(seed=SEEDS)
def test_a_server_that_refuses_above_twelve_is_hardly_ever_asked_more(slots: float, polite: bool, seed: int) -> None:
    """Beyond the first round trip the limit is passed by one call at a time, seldom, and nine tenths are reached."""
    story = play(Congestion(1000, polite=polite), Server(spread(0.1, 0.2), slots, most=12, seed=seed), 1500)
    assert story.share(min(slots, 12) / 0.1) > 0.85
    assert len([at for at in story.refusals if at < 0.3]) <= (POLITE_START if polite else START)
    assert len([at for at in story.refusals if at >= 0.3]) < 0.03 * 1500
    assert max(limit for at, limit in story.limits if at > 0.3) <= 14


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_limit_of_a_hundred_is_found_as_well(polite: bool, seed: int) -> None:
    """Slow start comes there in a few round trips, whichever number it begins with."""
    story = play(Congestion(1000, polite=polite), Server(spread(0.1, 0.2), most=100, seed=seed), 5000)
    assert story.share(1000) > 0.8
    assert len(story.refusals) < 0.03 * 5000


@FLAVOURS
@pytest.mark.parametrize("cv", [0.7, 1.0, 1.5])
@FEW
@given(seed=SEEDS)
def test_heavy_tails_are_no_queue(cv: float, polite: bool, seed: int) -> None:
    """Where answers differ much in time, the limit neither collapses for fear of late ones nor runs away."""
    story = play(Congestion(1000, polite=polite), Server(spread(0.1, cv), 50, seed=seed), 6000)
    assert story.share(500) > 0.55
    assert story.limit(since=0.7 * story.seconds) < 400


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_knee_that_moves_is_followed(polite: bool, seed: int) -> None:
    """Down to a fifth after 10 s and back after 30, of 40: most of what could be done is, without flooding."""
    server = Server(spread(0.1, 0.2), 50, changes=[(10.0, "slots", 10), (30.0, "slots", 50)], seed=seed)
    story = Client(Congestion(1000, polite=polite), server, 20_000).play(until=40.0)
    assert len(story.answers) > 0.85 * (5000 + 2000 + 5000)
    assert story.limit(since=35) < 200


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_refusing_limit_that_moves_is_followed(polite: bool, seed: int) -> None:
    """The same where it refuses: what is asked in vain is one call in fifty."""
    server = Server(spread(0.1, 0.2), most=50, changes=[(10.0, "most", 10), (30.0, "most", 50)], seed=seed)
    story = Client(Congestion(1000, polite=polite), server, 20_000).play(until=40.0)
    assert len(story.answers) > 0.7 * (5000 + 2000 + 5000)
    assert len(story.refusals) < 0.02 * len(story.answers)


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_server_that_slows_down_is_not_given_up(polite: bool, seed: int) -> None:
    """Answers that take twice as long without a queue call for as many calls at once as before, and not for fewer."""
    server = Server(spread(0.1, 0.2), 50, changes=[(10.0, "latency", spread(0.2, 0.2))], seed=seed)
    story = Client(Congestion(1000, polite=polite), server, 20_000).play(until=40.0)
    assert len([at for at in story.answers if at > 12]) > 0.85 * 28 * 250


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_fast_server_is_used_as_well(polite: bool, seed: int) -> None:
    """Two milliseconds, twenty at a time: the client's own half a millisecond a turn asks for a few more."""
    story = play(Congestion(256, polite=polite), Server(spread(0.002, 0.2), 20, seed=seed), 5000)
    assert story.share(20 / 0.002) > 0.75


@FEW
@given(seed=SEEDS)
@pytest.mark.parametrize("latency", [always(0.3), spread(0.3, 0.1)], ids=["always", "spread"])
@pytest.mark.parametrize(("polite", "trips"), [(False, 6.5), (True, 8.5)])
def test_a_thousand_slow_items_take_a_few_round_trips(polite: bool, trips: float, latency: object, seed: int) -> None:
    """Doubling from 32: 5 round trips and the latest of the last; from 8 two more."""
    story = play(Congestion(1000, polite=polite), Server(latency, seed=seed), 1000)  # type: ignore[arg-type]
    assert story.seconds < trips * 0.3


@pytest.mark.parametrize(("polite", "items", "first"), [(False, 100, 64), (False, 20, 32), (True, 30, 16)])
def test_a_few_items_are_done_without_learning(polite: bool, items: int, first: int) -> None:
    """Less than four times what it begins with: twice that many at once, and all are done in two round trips."""
    rule = Congestion(1000, polite=polite)
    story = play(rule, Server(always(0.3)), items)
    assert story.limits[0][1] >= min(items, first)
    assert len([at for at in story.starts if at < 0.2]) == min(items, first)
    assert story.seconds < 0.3 * (1 if items <= first else 2) + 0.1


def test_many_items_begin_with_the_first_round_trip() -> None:
    """What is known of their number changes nothing then, nor after something has been learned."""
    rule = Congestion(1000)
    rule.expect(128)
    assert rule.allowed(0.0) == START
    play(rule, Server(always(0.1), 10), 500)
    before = rule.limit
    rule.expect(20)
    assert rule.limit == before


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_errors_that_are_faster_than_answers_are_no_throughput(polite: bool, seed: int) -> None:
    """Every third item fails by itself in a millisecond: no reason to ask more of the server, nor to ask less."""
    server = Server(spread(0.1, 0.2), 20, seed=seed)
    story = Client(Congestion(1000, polite=polite), server, 3000, failing=3).play()
    assert story.share(200) > 0.85
    assert story.limit(since=0.7 * story.seconds) < 80


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_who_is_asked_to_wait_waits(polite: bool, seed: int) -> None:
    """A server that takes a hundred a second and asks for a second's wait is not asked in vain again and again."""
    server = Server(spread(0.05, 0.2), rate=100, retry_after=1.0, seed=seed)
    story = Client(Congestion(1000, polite=polite), server, 1000).play(until=120.0)
    assert len(story.answers) == 1000
    assert len(story.refusals) < 100


def test_nothing_starts_while_we_are_asked_to_wait() -> None:
    """If nothing at all is taken, nothing starts before the time that the server has said; then it goes on."""
    rule = Congestion(1000)
    for worker in range(32):
        rule.refused(worker, 0.001, 32, 10.0, 5.0)
    assert (rule.allowed(10.1), rule.allowed(14.9), rule.due) == (0, 0, 15.0)
    assert rule.allowed(15.0) == 1
    assert rule.due == inf


def test_nobody_waits_for_ever() -> None:
    """An hour is not believed."""
    rule = Congestion(1)
    rule.refused(1, 0.001, 1, 0.0, 3600.0)
    assert rule.due == LONGEST_WAIT


def test_a_wait_that_is_asked_of_some_only_stops_growth_only() -> None:
    """Twelve of 32 calls were taken: these places are used on, and no more are tried before the time is over."""
    server = Server(always(0.1), most=12, retry_after=1.0)
    story = Client(Congestion(1000), server, 500).play()
    assert len(story.refusals) < 32
    assert story.share(120) > 0.85
    assert max(limit for at, limit in story.limits if 0.01 < at < 1) <= 12


@FLAVOURS
@FEW
@given(seed=SEEDS)
def test_a_refusal_now_and_then_is_forgiven(polite: bool, seed: int) -> None:
    """One in a hundred for no reason: still more than half of what the server can do."""
    story = play(Congestion(1000, polite=polite), Server(spread(0.1, 0.2), 50, flaky=0.01, seed=seed), 5000)
    assert story.share(500) > 0.5


def test_a_burst_of_refusals_tells_exactly_what_was_taken() -> None:
    """Each worker counts once, however often its calls were refused before it could hear of the cut."""
    rule = Congestion(1000)
    for worker in range(20):
        rule.refused(worker, 0.001, 32, 1.0)
    assert 10 <= rule.limit <= 12
    before = rule.limit
    for worker in range(20):
        rule.refused(worker, 0.001, 12, 1.002)
    assert rule.limit == before


def test_what_is_refused_after_all_have_heard_lowers_the_limit_again() -> None:
    """A server that takes even fewer is followed at once, not only after a round trip."""
    rule = Congestion(1000)
    for worker in range(20):
        rule.refused(worker, 0.001, 32, 1.0)
    rule.refused(99, 0.001, 8, 1.05)
    assert rule.limit < 8


def test_who_is_refused_turn_after_turn_has_heard() -> None:
    """Workers that make calls as fast as they are refused are not believed for long to know nothing of the cut."""
    rule = Congestion(1000)
    for worker in range(20):
        rule.refused(worker, 1e-5, 32, 1.0)
    before = rule.limit
    rule.refused(0, 1e-5, 12, 1.001)
    assert rule.limit == before
    rule.refused(0, 1e-5, 12, 1.002)
    assert rule.limit < before


def test_time_outs_that_come_late_do_not_undo_what_was_learned_since() -> None:
    """A call from before a cut that gives up much later counts against the limit of that later time."""
    rule = Congestion(1000)
    for worker in range(20):
        rule.refused(worker, 0.001, 32, 1.0)
    rule.limit, rule._unrefused = 200.0, 0
    rule.refused("late", 29.0, 150, 30.0)
    assert rule.limit > 100


@FLAVOURS
def test_a_strained_processor_asks_for_no_more_calls(polite: bool) -> None:
    """While this process keeps a core busy, more calls at once cannot help: the limit does not grow."""
    rule = Congestion(1000, polite=polite)
    story = Client(rule, Server(always(0.1)), 3000).play(cpu=lambda now: now)
    assert max(limit for _, limit in story.limits) <= 4 * (POLITE_START if polite else START)
    idle = Congestion(1000, polite=polite)
    assert max(limit for _, limit in Client(idle, Server(always(0.1)), 3000).play(cpu=lambda now: now / 2).limits) > 256


def test_a_pause_is_no_slow_answer() -> None:
    """Between two runs nobody asks for a minute: what was learned before holds after it."""
    rule = Congestion(1000)
    play(rule, Server(spread(0.1, 0.1), 20), 2000)
    before, rate = rule.limit, rule._rate
    for k in range(200):
        rule.answered(0.1, int(rule.limit), 1000.0 + 0.005 * k)
    assert rule._rate > 0.7 * rate
    assert rule.limit > 0.6 * before


def test_whoever_asks_less_than_allowed_learns_nothing() -> None:
    """If the input is slow, the answers come slowly too, which says nothing about the server."""
    rule = Congestion(1000)
    play(rule, Server(spread(0.1, 0.1), 20), 2000)
    before = rule.limit
    Client(rule, Server(spread(0.1, 0.1), 20), 500, paced=0.1).play()
    assert rule.limit >= 0.7 * before
    beginner = Congestion(1000)
    Client(beginner, Server(always(0.1)), 500, paced=0.02).play()
    assert beginner.limit <= START + 1, "nor does it grow, as nothing was tried"


@given(
    st.integers(1, 300),
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from(("answer", "answer", "answer", "refusal", "look")),
            st.sampled_from((0.0, 1e-4, 0.05, 3.0)),  # seconds since the last event
            st.sampled_from((0.0, 1e-6, 0.01, 5.0)),  # round trip
            st.integers(1, 400),  # busy
            st.sampled_from((0.0, 0.0, 0.5, 1e9)),  # asked to wait
            st.integers(0, 5),  # worker
        ),
        max_size=120,
    ),
)
def test_whatever_happens_the_limit_stays_in_its_bounds(
    most: int, polite: bool, events: list[tuple[str, float, float, int, float, int]]
) -> None:
    """From 1 to the most, or 0 for a time that is said and not too long."""
    rule = Congestion(most, polite=polite)
    now = 0.0
    for kind, after, seconds, busy, wait, worker in events:
        now += after
        if kind == "answer":
            rule.answered(seconds, busy, now, now / 3)
        elif kind == "refusal":
            rule.refused(worker, seconds, busy, now, wait)
        allowed = rule.allowed(now)
        assert 0 <= allowed <= most
        assert 1 <= rule.limit <= most
        if not allowed:
            assert now < rule.due <= now + LONGEST_WAIT + 10
            assert rule.allowed(rule.due + 1e-9) > 0 or kind == "look"
            rule.due = inf if rule.due == inf else rule.due
