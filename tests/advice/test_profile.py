"""What may be declared, and what an error says when something cannot be."""

from __future__ import annotations

import inspect
import math
import pickle
import re
from dataclasses import fields
from typing import Any

import pytest

from concurrent_strategies import WorkloadProfile, advise
from concurrent_strategies._errors import InvalidOption
from concurrent_strategies._machine import Machine


def test_a_mapping_is_as_good_as_a_profile() -> None:
    """A profile can live in a configuration file."""
    declared: dict[str, Any] = {"kind": "io", "latency": "slow", "connections": "many", "n_items": 10_000}
    assert WorkloadProfile.of(declared) == WorkloadProfile(**declared)
    assert advise(declared, Machine()) == advise(WorkloadProfile(**declared), Machine())


def test_none_means_not_known() -> None:
    """A field that is None in a mapping is as if it were left out."""
    nothing = dict.fromkeys((field.name for field in fields(WorkloadProfile)), None)
    assert WorkloadProfile.of(nothing) == WorkloadProfile()


def test_an_unknown_field_is_an_error_with_a_suggestion() -> None:
    """A slip of the pen is not passed over, and the right name is offered."""
    with pytest.raises(InvalidOption, match=r"^latncy='slow' .* no such field.* Did you mean 'latency'\?$"):
        advise({"kind": "io", "latncy": "slow"}, Machine())


def test_an_unknown_field_like_no_other_gets_the_list() -> None:
    """Where nothing resembles it, all fields are named."""
    with pytest.raises(InvalidOption, match=r"xyz=1 .* it has n_items, kind, duration, .*, confidence"):
        WorkloadProfile.of({"xyz": 1})


def test_a_wrong_word_is_an_error_with_a_suggestion() -> None:
    """The words of a field are offered too."""
    with pytest.raises(
        InvalidOption, match=r"^kind='cpuu' .* 'cpu', 'native', 'io' or 'mixed'\. Did you mean 'cpu'\?$"
    ):
        WorkloadProfile.of({"kind": "cpuu"})


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("n_items", -1, "whole number from 0"),
        ("n_items", 2.5, "whole number from 0"),
        ("n_items", True, "whole number from 0"),
        ("n_items", 10**400, "whole number from 0"),
        ("duration", -0.1, "seconds from 0"),
        ("duration", math.nan, "seconds from 0"),
        ("duration", math.inf, "seconds from 0"),
        ("duration", "1 s", "seconds from 0"),
        ("wait", False, "seconds from 0"),
        ("gil_cpu", 10**400, "seconds from 0"),
        ("cpu_fraction", 1.1, "from 0 to 1"),
        ("max_connections", 0, "whole number from 1"),
        ("rate_limit", 0, "from 1e-06 to 1e\\+09"),
        ("inner_threads", 0.5, "from 1 to 1024"),
        ("kind", "CPU", "'cpu', 'native', 'io' or 'mixed'"),
        ("latency", 0.1, "'fast' or 'slow'"),
        ("connections", 10, "'few' or 'many'"),
        ("coroutine", "yes", "True, False or 'auto'"),
        ("picklable", 1, "True or False"),
        ("confidence", 0.5, "mapping"),
    ],
)
def test_a_bad_value_is_one_error_that_names_the_field(field: str, value: object, allowed: str) -> None:
    """The message names the field and says what is allowed."""
    with pytest.raises(InvalidOption, match=f"^{field}=.*{allowed}") as caught:
        WorkloadProfile.of({field: value})
    assert caught.value.option == field


def test_the_longest_item_is_at_least_the_mean() -> None:
    """Two fields that exclude each other are an error as well."""
    with pytest.raises(InvalidOption, match=r"^duration_max=1\.0 .* mean duration is 2 already"):
        WorkloadProfile(duration=2, duration_max=1)


def test_something_else_than_a_profile_is_an_error() -> None:
    """What is neither a profile nor a mapping is refused with both words."""
    with pytest.raises(InvalidOption, match="WorkloadProfile or a mapping of its fields"):
        advise(["kind", "cpu"], Machine())  # type: ignore[arg-type]


def test_a_profile_that_says_nothing_asks_for_the_kind() -> None:
    """Advice about nothing would be folklore; the error says what to add."""
    with pytest.raises(InvalidOption, match="say what an item does: 'cpu', .* or its times"):
        advise({"n_items": 1000}, Machine())


def test_numbers_from_a_file_are_brought_to_their_type() -> None:
    """`1e4` items are 10,000 items, and whole seconds are seconds."""
    profile = WorkloadProfile.of({"n_items": 1e4, "duration": 2})
    assert (type(profile.n_items), profile.n_items) == (int, 10_000)
    assert (type(profile.duration), profile.duration) == (float, 2.0)


def test_a_profile_shows_what_was_declared() -> None:
    """Its repr is what one would write, and it is a value: equal, picklable."""
    profile = WorkloadProfile(kind="cpu", n_items=3)
    assert repr(profile) == "WorkloadProfile(n_items=3, kind='cpu')"
    assert pickle.loads(pickle.dumps(profile)) == profile
    assert profile.declared() == {"n_items", "kind"}


def test_every_field_is_documented() -> None:
    """The docstring has a line for each field."""
    text = inspect.getdoc(WorkloadProfile) or ""
    assert re.findall(r"^    (\w+): ", text, re.MULTILINE) == [
        *(field.name for field in fields(WorkloadProfile)),
        "InvalidOption",
    ]
