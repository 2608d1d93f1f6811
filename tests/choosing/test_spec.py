"""Spec strings: what they say, how they are printed, and what is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from concurrent_strategies._errors import InvalidOption, StrategyError
from concurrent_strategies._spec import MAX_LEVELS, Spec, is_value, parse_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("thread", Spec("thread")),
        ("process:4", Spec("process", (("max_workers", 4),))),
        ("asyncio:500?loop=uvloop", Spec("asyncio", (("loop", "uvloop"), ("max_workers", 500)))),
        ("process:4/asyncio:250", Spec("process", (("max_workers", 4),), Spec("asyncio", (("max_workers", 250),)))),
        ("asyncio:auto", Spec("asyncio", (("max_workers", "auto"),))),
        ("process/process/thread", Spec("process", (), Spec("process", (), Spec("thread")))),
        ("@nightly?rate=2", Spec("@nightly", (("rate", 2),))),
        ("  thread\n", Spec("thread")),
    ],
)
def test_a_spec_string_says_strategy_workers_options_and_inner(text: str, spec: Spec) -> None:
    """Each form that the documentation shows is read as it says."""
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("4", 4),
        ("-4", -4),
        ("10_000", 10_000),
        ("2.5", 2.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("none", None),
        ("forkserver", "forkserver"),
        ("a=b?c", "a=b?c"),
        ("%34", "4"),
        ("%2Fvar%2Fdone.db", "/var/done.db"),
        ("caf%C3%A9", "café"),
        ("inf", "inf"),
        ("4 2", "4 2"),
        ("٤", "٤"),
    ],
)
def test_option_values_are_typed_by_how_they_are_written(written: str, value: object) -> None:
    """Numbers, true, false and none are that; everything else, and whatever has an escape, is text."""
    [(_, read)] = parse_spec(f"thread?x={written}").options
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "lacks the name"),
        ("/thread", "lacks the name"),
        ("process:4/", "lacks the name"),
        ("4", "'4' has to begin with the name"),
        ("thread pool", "'thread pool' has to begin with"),
        ("process:x", "'x' after 'process:' has to be a whole number from 1"),
        ("process:0", "'0' after 'process:'"),
        ("process:", "'' after 'process:'"),
        ("thread?", "'' in 'thread?' has to be key=value"),
        ("thread?rate", "'rate' in 'thread?rate' has to be key=value"),
        ("thread?rate=1&", "'' in"),
        ("thread?a-b=1", "'a-b=1' in"),
        ("thread?rate=1&rate=2", "gives rate twice"),
        ("thread:4?max_workers=5", "gives max_workers twice"),
        ("thread?inner=asyncio", "write 'outer/inner'"),
        ("thread?strategy=asyncio", "its name comes first"),
        ("thread?x=", "the value '' of x cannot be read"),
        ("thread?checkpoint=/var/x", "a '/' inside a value is written %2F"),
        ("thread?x=%zz", "two hexadecimal digits"),
        ("thread?x=%ff", "no UTF-8"),
        ("thread?x=1e999", "too large"),
        ("thread?x=" + "9" * 40, "too many digits"),
        ("/".join(["thread"] * (MAX_LEVELS + 1)), f"at most {MAX_LEVELS} levels"),
    ],
)
def test_a_spec_that_cannot_be_read_names_the_part_and_shows_an_example(text: str, named: str) -> None:
    """The message says which part is wrong and how a spec looks."""
    with pytest.raises(InvalidOption) as caught:
        parse_spec(text)
    assert named in str(caught.value)
    assert "process:4?task_timeout=2.5/asyncio:250" in str(caught.value)
    assert (caught.value.option, caught.value.value) == ("spec", text)


def test_the_example_in_the_error_is_a_spec_itself() -> None:
    """Whoever copies what the error shows gets no second error."""
    text = "process:4?task_timeout=2.5/asyncio:250"
    assert str(parse_spec(text)) == text


SPEC_ALPHABET = string.ascii_letters + string.digits + ":/?&=%@._-+ \t\u0435\ud800"


@given(st.one_of(st.text(), st.text(SPEC_ALPHABET), st.from_regex(r"\A@?[a-z]+(:\d+)?(\?[a-z]+=[^/]*)?(/[a-z]+)?\Z")))
@example("a?x=\ud800")
@example("a?x=%ED%A0%80")
@example("a?x= ")
def test_any_text_either_parses_or_raises_a_strategy_error(text: str) -> None:
    """No text leads to another exception, and what was read prints as a text that means the same."""
    try:
        spec = parse_spec(text)
    except StrategyError:
        return
    again = parse_spec(str(spec))
    assert repr(again) == repr(spec)  # repr tells 1 from True and 1.0, which == does not
    assert str(again) == str(spec)


KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]*\Z").filter(lambda key: key not in ("inner", "strategy"))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**29), 10**29),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(["4", "4.5", "none", "True", "%", "%41", "a&b", " 1", "1e5", "/x/y", "1e999", "9" * 50]),
)


def specs(inner: st.SearchStrategy[Spec | None]) -> st.SearchStrategy[Spec]:
    """Make specs with every kind of value, around the given inner ones."""
    names = st.from_regex(r"\A@?[A-Za-z][A-Za-z0-9_.-]*\Z")
    options = st.dictionaries(KEYS, VALUES, max_size=3).map(lambda found: tuple(sorted(found.items())))
    return st.builds(Spec, names, options, inner)


@given(specs(st.one_of(st.none(), specs(st.none()))))
def test_every_spec_survives_being_printed_and_read(spec: Spec) -> None:
    """Texts that look like numbers, words or punctuation come back as the texts they were."""
    assert all(is_value(value) for _, value in spec.options)
    assert repr(parse_spec(str(spec))) == repr(spec)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**40, "", object(), ["a"]])
def test_what_no_text_can_stand_for_is_no_value_of_a_spec(value: object) -> None:
    """Objects and endless numbers are told apart before anything is printed."""
    assert not is_value(value)
