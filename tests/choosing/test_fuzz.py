"""Any text or table, from any place, chooses a strategy or is refused by one clear error; nothing in it is ever run."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.forbidden import nothing_is_run

from concurrent_strategies import StrategyError, from_config, get_strategy
from concurrent_strategies._config import VARIABLE
from concurrent_strategies._options import NAMES
from concurrent_strategies._registry import BUILT_IN, load

SETTINGS = ("isolate", "initializer", "initargs", "worker_resource", "start_method", "relay", "inner", "loop")
OPTIONS = st.sampled_from([*NAMES, *SETTINGS])
KEYS = st.one_of(OPTIONS, st.just("strategy"), st.text(max_size=8))
STRATEGIES = st.sampled_from([*BUILT_IN, "fake", "strict"])

# What a value may be by the grammar of some place, and what somebody might hope to see evaluated.
WORDS = st.sampled_from(
    [
        *("0", "1", "-1", "4", "2.5", "1e400", "nan", "true", "none", "1_0", "9" * 40, "%2F", "%00", "%"),
        *("raise", "skip", "uvloop", "spawn", "fork", "logging", "stdout", "ValueError", "TaskTimeout", "object"),
        *("os.system", "__import__('os')", "lambda: 1", "os:system", "{}", "[]", "@a"),
    ]
)
PIECES = st.one_of(
    st.sampled_from([*BUILT_IN, "fake", "strict", "nobody", "@a", "@", *NAMES, *SETTINGS]),
    st.sampled_from([*":?&=/%. \n\t-_"]),
    WORDS,
    st.text(max_size=3),
)


@st.composite
def well_formed(draw: st.DrawFn) -> str:
    """Return a spec string that the grammar allows, whatever its names and values."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        workers = draw(st.sampled_from(["", ":1", ":4"]))
        pairs = draw(st.lists(st.tuples(OPTIONS, WORDS), max_size=3))
        parts.append(draw(STRATEGIES) + workers + "?" * bool(pairs) + "&".join(f"{k}={v}" for k, v in pairs))
    return "/".join(parts)


SPECS = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join), well_formed())
# What TOML and JSON have, and what a program's own mapping may hold besides.
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), SPECS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
ANYTHING = st.one_of(VALUES, st.none(), st.binary(max_size=3), st.just(date(2024, 2, 29)), st.sampled_from([{1}, ...]))
RETRIES = st.sampled_from(["attempts", "on", "wait", "max_wait", "jitter", "x"])


def tables(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Any, Any]]:
    """Return tables of configuration: of any keys, or such that much of them can be."""
    names = st.one_of(STRATEGIES, SPECS)
    return st.one_of(
        st.dictionaries(st.one_of(KEYS, st.integers(), st.none()), values, max_size=4),
        st.builds(lambda name, rest: {**rest, "strategy": name}, names, st.dictionaries(KEYS, values, max_size=3)),
        st.builds(lambda name, key, value: {"strategy": name, key: value}, STRATEGIES, OPTIONS, values),
        st.builds(lambda name, value: {"strategy": name, "inner": value}, STRATEGIES, values),
        st.builds(
            lambda name, value: {"strategy": name, "retry": value},
            STRATEGIES,
            st.dictionaries(RETRIES, values, max_size=3),
        ),
    )


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Import the strategies beforehand: an import, too, executes code."""
    for name in BUILT_IN:
        load(name)
    from tests.choosing import fakes  # noqa: F401


def chooses_or_refuses(choose: Callable[[], Any]) -> None:
    """Assert that a strategy comes out, which can be shown, or an error of ours, which says something."""
    with nothing_is_run():
        try:
            strategy = choose()
        except StrategyError as error:
            assert str(error)
            return
    assert hasattr(strategy, "outcomes")
    assert repr(strategy)


@given(SPECS)
@example("process?initializer=os.system")
@example("process?relay=1")
def test_any_text_is_a_spec_or_refused(text: str) -> None:
    """As an argument."""
    chooses_or_refuses(lambda: get_strategy(text))


@given(SPECS.filter(lambda text: "\0" not in text))
def test_any_text_in_the_environment_is_a_spec_or_refused(text: str) -> None:
    """As far as an environment can hold it: without NUL, and encoded."""
    with mock.patch.dict(os.environ, {VARIABLE: text.encode("utf-8", "surrogateescape").decode(errors="replace")}):
        chooses_or_refuses(get_strategy)


@given(tables(ANYTHING))
@example({"strategy": "process", "relay": 1})
@example({"strategy": "process", "start_method": []})
@example({"strategy": "thread", "initargs": 1})
@example({"strategy": "thread", "retry": {"on": "eval"}})
def test_any_mapping_is_a_configuration_or_refused(mapping: Mapping[Any, Any]) -> None:
    """Whatever its keys and values are."""
    chooses_or_refuses(lambda: from_config(mapping))


@given(st.dictionaries(KEYS, ANYTHING, max_size=3), STRATEGIES)
def test_any_options_are_taken_or_refused(options: dict[str, Any], name: str) -> None:
    """As keyword arguments beside a spec."""
    chooses_or_refuses(lambda: get_strategy(name, **options))


def as_toml(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {as_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    return json.dumps(value)


TOML = st.one_of(
    tables(VALUES).map(lambda table: "".join(f"{json.dumps(str(k))} = {as_toml(v)}\n" for k, v in table.items())),
    st.tuples(OPTIONS, st.text(max_size=10)).map(lambda pair: f"strategy = 'thread'\n{pair[0]} = {pair[1]}"),
    st.text(),
    st.lists(PIECES, max_size=8).map(" = ".join),
    st.just("strategy = 'thread'\ntimeout = 2024-02-29T00:00:00Z"),
    st.just("strategy = 'thread'\ntimeout = " + "[" * 5000 + "]" * 5000),
)


@given(TOML, TOML, st.one_of(st.none(), SPECS))
def test_any_file_is_a_configuration_or_refused(table: str, profile: str, spec: str | None) -> None:
    """With a profile, and asked for what is in force or for any spec."""
    text = f"[tool.concurrent-strategies]\n{table}\n[tool.concurrent-strategies.profiles.a]\n{profile}\n"
    Path("pyproject.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    chooses_or_refuses(lambda: get_strategy(spec))


@given(st.binary())
def test_any_bytes_in_a_file_are_a_configuration_or_refused(data: bytes) -> None:
    """Also what is no text at all."""
    Path("pyproject.toml").write_bytes(data)
    chooses_or_refuses(get_strategy)
