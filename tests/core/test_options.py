"""Options, `Retry` and their merging: what cannot be is an error at once, and the error says what can."""

from __future__ import annotations

import math
import pickle
import re
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import AutoLimit, InvalidOption, Limit, Options, Retry, SyncStrategy, ThreadStrategy

VARIABLE: ContextVar[int] = ContextVar("variable")

GOOD: list[dict[str, Any]] = [
    {"max_workers": 1},
    {"max_workers": Limit(2)},
    {"max_workers": "auto"},
    {"max_workers": AutoLimit(3)},
    {"ordered": False},
    {"on_error": "skip"},
    {"max_failures": 3},
    {"max_failures": 0.5},
    {"timeout": 0.1},
    {"timeout": math.inf},
    {"task_timeout": 3},
    {"retry": 2},
    {"retry": Retry()},
    {"rate": 10},
    {"chunksize": 5},
    {"chunksize": "auto"},
    {"buffersize": 1},
    {"progress": True},
    {"progress": print},
    {"key": str},
    {"seed": 0},
    {"seed": -5},
    {"context": True},
    {"context": VARIABLE},
    {"context": [VARIABLE]},
    {"shared_context": True},
]
BAD: list[tuple[str, Any]] = [
    *[("max_workers", value) for value in (0, -1, "2", "Auto", 1.5, True, [])],
    *[("ordered", value) for value in (None, 1, "yes")],
    *[("on_error", value) for value in (None, "rise", True)],
    *[("max_failures", value) for value in (0, -1, 0.0, 1.5, 1.0, "3", True)],
    *[(name, value) for name in ("timeout", "task_timeout", "rate") for value in (0, -1, math.nan, "1", True)],
    *[("retry", value) for value in (0, -2, "3", True, 1.5)],
    *[("chunksize", value) for value in (0, -1, "big", 1.5, True, None)],
    *[("buffersize", value) for value in (0, -1, "auto", 1.5, True)],
    *[("progress", value) for value in (3, "bar", None)],
    *[("key", value) for value in (3, "name")],
    *[("seed", value) for value in (1.5, "x")],
    *[("context", value) for value in (3, ("name",), (1,))],
    *[("shared_context", value) for value in (None, 1)],
]


def _name(value: object) -> str:
    """Name a case the same in every process: without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize("option", GOOD, ids=_name)
def test_good_values_are_taken_by_constructors_and_verbs(option: dict[str, Any]) -> None:
    """Every option is accepted as a strategy's default and for one call, and runs."""
    assert SyncStrategy(**option).options == Options().merged(option)
    if option.get("progress") is not True:
        assert SyncStrategy().map(abs, [-1], **{k: v for k, v in option.items() if k != "ordered"}) == [1]
    assert list(SyncStrategy().stream(abs, [-1], **{k: v for k, v in option.items() if k != "progress"})) == [1]


@pytest.mark.parametrize(("name", "value"), BAD, ids=_name)
def test_bad_values_are_refused_everywhere_by_name(name: str, value: Any) -> None:
    """Constructor and verb refuse alike, at the call and not at the first result; the error carries both parts."""
    for refuses in (
        lambda: ThreadStrategy(**{name: value}),
        lambda: ThreadStrategy().stream(abs, [1], **{name: value}),
        lambda: Options().merged({name: value}),
    ):
        with pytest.raises(InvalidOption) as caught:
            refuses()
        assert isinstance(caught.value, ValueError)
        assert caught.value.option in (name, "attempts")
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize("name", ["max_worker", "chunk_size", "retries", "buffer_size", "on_errors"])
def test_unknown_names_get_a_suggestion(name: str) -> None:
    """A misspelt option is an error that names the right one."""
    for refuses in (lambda: ThreadStrategy(**{name: 1}), lambda: ThreadStrategy().map(abs, [], **{name: 1})):
        with pytest.raises(InvalidOption, match="Did you mean"):
            refuses()


def test_a_misspelt_word_gets_a_suggestion() -> None:
    """Also where the value is a word."""
    with pytest.raises(InvalidOption, match="Did you mean 'collect'"):
        Options(on_error="colect")  # type: ignore[arg-type]


def test_a_call_overrides_the_constructor_and_nothing_else() -> None:
    """Merging replaces what is named; both values stay as they were."""
    base = Options(retry=Retry(attempts=2), ordered=False)
    changed = base.merged({"ordered": True})
    assert (changed.retry, changed.ordered, base.ordered) == (Retry(attempts=2), True, False)
    assert base.merged({}) is base


def test_options_are_frozen_and_comparable() -> None:
    """A value, not a box."""
    with pytest.raises(AttributeError):
        Options().rate = 3  # type: ignore[misc]
    assert Options(rate=3) == Options().merged({"rate": 3})
    assert Options(rate=3, ordered=False).changed() == {"rate": 3, "ordered": False}


@pytest.mark.parametrize("bad", [{"attempts": 0}, {"wait": -1}, {"max_wait": "x"}, {"jitter": math.nan}], ids=str)
def test_a_retry_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    """Its numbers are checked where it is made."""
    with pytest.raises(InvalidOption, match=next(iter(bad))):
        Retry(**bad)


@given(st.floats(0, 10), st.floats(0, 100), st.floats(0, 5), st.integers(1, 200), st.floats(0, 1))
def test_waits_double_up_to_their_bound(wait: float, most: float, jitter: float, attempt: int, chance: float) -> None:
    """The wait grows by powers of two, never beyond `max_wait` and its jitter, and never overflows."""
    retry = Retry(attempts=300, wait=wait, max_wait=most, jitter=jitter)
    delay = retry.delay(attempt, chance)
    assert 0 <= delay <= most + jitter
    assert retry.delay(attempt + 1, chance) >= delay
    assert retry.delay(1, 0.0) == min(wait, most)


@pytest.mark.parametrize(
    ("on", "error", "covered"),
    [
        (ValueError, ValueError(), True),
        (ValueError, KeyError(), False),
        ((ValueError, KeyError), KeyError(), True),
        (lambda error: "again" in str(error), ValueError("again"), True),
        (lambda error: "again" in str(error), ValueError("no"), False),
        (Exception, KeyboardInterrupt(), False),
    ],
)
def test_on_is_a_class_several_or_a_predicate(on: Any, error: BaseException, covered: bool) -> None:
    """Only what `on` names is worth another attempt, and only while there are attempts left."""
    assert Retry(attempts=2, on=on).covers(error, 1) is covered
    assert not Retry(attempts=2, on=on).covers(error, 2)


def test_options_travel() -> None:
    """A strategy's options cross a process border."""
    options = Options(retry=Retry(attempts=2, on=ValueError), max_workers=Limit(3), seed=4, key=str)
    copy = pickle.loads(pickle.dumps(options))
    assert (copy.retry, copy.seed, copy.key, copy.max_workers.n) == (options.retry, 4, str, 3)
