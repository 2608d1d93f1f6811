"""What advice is as a value, and what it says to people."""

from __future__ import annotations

import pickle

import pytest

from concurrent_strategies import advise
from concurrent_strategies._config import get_strategy
from concurrent_strategies._errors import InvalidOption
from concurrent_strategies._machine import CORES_VARIABLE, Machine

TWO = Machine(cores=2)


def test_expected_seconds_need_a_count_and_a_duration() -> None:
    """A prediction is made where both were declared, and only there."""
    assert advise({"kind": "cpu", "duration": 0.1, "n_items": 1000}, TWO).expected_seconds == pytest.approx(53, rel=0.1)
    for declared in ({"kind": "cpu"}, {"kind": "cpu", "duration": 0.1}, {"kind": "cpu", "n_items": 1000}):
        advice = advise(declared, TWO)
        assert advice.expected_seconds is None
        assert {other.expected_seconds for other in advice.alternatives} == {None}


def test_alternatives_are_lighter_records_of_what_else_is_possible() -> None:
    """Each has a spec that can be used, its time, and how it compares; the fastest comes first."""
    advice = advise({"kind": "cpu", "duration": 0.1, "n_items": 1000}, TWO)
    assert [other.spec for other in advice.alternatives] == ["sync", "thread:1"]
    sync = advice.alternatives[0]
    assert sync.expected_seconds == pytest.approx(100)
    assert sync.ratio == pytest.approx(100 / (advice.expected_seconds or 0))


def test_an_inner_strategy_that_hides_nothing_is_no_alternative() -> None:
    """Computing alone needs nothing inside its processes."""
    assert not any("/" in other.spec for other in advise({"kind": "cpu"}, TWO).alternatives)


def test_printed_advice_is_understood_at_first_reading() -> None:
    """What to use, why, why not the others, and what to take care of: one line each."""
    text = str(advise({"kind": "mixed", "duration": 0.1, "n_items": 1000}, TWO))
    assert text.splitlines() == [
        "Use process:2/thread:3: 1,000 items in about 26.4 s",
        "Why:",
        "  - processes share out the computing, and threads inside each hide the waiting",
        "  - 6 at once: about what keeps the cores busy; more would queue there",
        "  - 1,000 items, each 50 ms of computing under the GIL and 50 ms of waiting",
        "Why not:",
        "  - sync: 3.8 times as long: one item at a time",
        "  - thread: 2 times as long: only one thread at a time holds the GIL",
        "  - green: it is not known whether its waiting becomes cooperative under gevent; say green_ok=True if so",
        "  - asyncio: 1.9 times as long: all computing shares the one thread of the loop",
        "Take care:",
        "  - make sure that the function may run in several threads at once, or say thread_safe=False",
    ]


def test_what_was_assumed_is_said() -> None:
    """Numbers that nobody declared are marked as such."""
    text = str(advise({"kind": "io", "latency": "slow", "connections": "many", "n_items": 100}, TWO))
    assert "300 us of computing under the GIL (assumed) and 100 ms of waiting (assumed for latency='slow')" in text
    assert "duration not declared: strategies are compared by their rate, and start-up is left out" in text
    assert "n_items and duration not declared" in str(advise({"kind": "cpu"}, TWO))


def test_close_calls_are_named() -> None:
    """Where another strategy does nearly as well, the reasons say so."""
    advice = advise({"kind": "io", "latency": "fast", "connections": "few"}, TWO)
    assert "close: asyncio:23 comes out within 3 %" in advice.reasons


def test_explain_shows_the_formulas_with_their_numbers() -> None:
    """For each possible plan: every bound, which one decides, and which plan is advised."""
    lines = advise({"gil_cpu": 0.1, "n_items": 1000}, TWO).explain().splitlines()
    assert lines[0] == "n = 1,000, g = 100 ms, f = 0 s, w = 0 s, longest = 193 ms; P = 2, GIL, forkserver"
    assert lines[1].startswith("process:2: ")
    assert lines[1].endswith("  <- advised")
    assert lines[2] == "    start-up 105 ms, plus the largest of"
    assert any("n*(c+d_b/b+x)/Pe" in line and line.endswith(" *") for line in lines[3:6])
    assert "    one by one n*u 100 s *" in lines
    assert lines[-1] == "with kappa = 1.05, d_t = 1 us, d_b = 35 us, x = 1 us, b = 1, Pe(2) = 1.9"


def test_explain_shows_the_range_of_what_is_in_doubt() -> None:
    """Behind each prediction: the least and the most that it may be."""
    measured = {"gil_cpu": 0.1, "n_items": 1000, "measured_items": 9, "confidence": {"gil_cpu": 0.25}}
    lines = advise(measured, TWO).explain().splitlines()
    assert lines[1] == "process:2: 52.8 s (42.2 s to 65.9 s)  <- advised"


@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "cpu"},
        {"kind": "mixed"},
        {"kind": "io", "latency": "fast", "connections": "few"},
        {"kind": "io", "latency": "slow", "connections": "many"},
        {"kind": "io", "duration": 0.3, "n_items": 5000, "coroutine": False, "green_ok": True},
        {"n_items": 1, "rate_limit": 2},
    ],
)
def test_advice_builds_what_it_says(declared: dict[str, object]) -> None:
    """The strategy has the advised name, and the same as its spec would give."""
    advice = advise(declared, TWO)
    strategy = advice.build()
    assert strategy.name == advice.strategy
    assert repr(strategy) == repr(get_strategy(advice.spec))


def test_advice_is_a_value() -> None:
    """It can be compared, and sent elsewhere."""
    advice = advise({"kind": "cpu", "n_items": 10}, TWO)
    assert pickle.loads(pickle.dumps(advice)) == advice


def test_without_a_machine_this_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine offers now, the user's override included, is what counts."""
    monkeypatch.setenv(CORES_VARIABLE, "0.5")
    assert advise({"kind": "cpu"}).machine.cores == 0.5
    monkeypatch.setenv(CORES_VARIABLE, "many")
    with pytest.raises(InvalidOption, match=CORES_VARIABLE):
        advise({"kind": "cpu"})
