"""Mappings and files: `from_config`, `pyproject.toml` and its profiles, and what is refused in them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies._config import from_config, get_strategy, resolve, using
from concurrent_strategies._errors import InvalidOption, StrategyError, TaskTimeout, WorkerDied
from concurrent_strategies._options import NAMES, Retry

from .fakes import FakeStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str], Path]


def told(strategy: object) -> dict[str, Any]:
    """Return what a fake strategy was given."""
    assert isinstance(strategy, FakeStrategy)
    return strategy.told()


@pytest.mark.parametrize(
    ("mapping", "given"),
    [
        ({"strategy": "fake"}, {"name": "fake"}),
        ({"strategy": "fake", "max_workers": 4}, {"name": "fake", "max_workers": 4}),
        ({"strategy": "fake", "max_workers": "auto"}, {"name": "fake", "max_workers": "auto"}),
        ({"strategy": "fake:auto"}, {"name": "fake", "max_workers": "auto"}),
        ({"strategy": "fake:2?rate=1", "max_workers": 4}, {"name": "fake", "max_workers": 4, "rate": 1}),
        ({"strategy": "fake/other:3"}, {"name": "fake", "inner": {"name": "other", "max_workers": 3}}),
        ({"strategy": "fake", "inner": "other:3"}, {"name": "fake", "inner": {"name": "other", "max_workers": 3}}),
        (
            {"strategy": "fake", "inner": {"strategy": "other", "max_workers": 3}},
            {"name": "fake", "inner": {"name": "other", "max_workers": 3}},
        ),
        ({"strategy": "fake/other", "inner": None}, {"name": "fake"}),
        ({"strategy": FakeStrategy(9)}, {"name": "fake", "max_workers": 9}),
        ({"strategy": "fake", "context": []}, {"name": "fake", "context": ()}),
    ],
)
def test_a_mapping_says_the_same_as_a_spec_string(mapping: dict[str, Any], given: dict[str, Any]) -> None:
    """Everything that a spec string can say can be said in a table, and both can be mixed."""
    assert told(from_config(mapping)) == given
    assert told(get_strategy(mapping)) == given


def test_from_config_asks_no_other_place(pyproject: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that has its own configuration is not under that of the directory it is started in."""
    pyproject("[tool.concurrent-strategies]\nstrategy = 'other'")
    monkeypatch.setenv("CONCURRENT_STRATEGY", "other")
    with using("other"), pytest.raises(InvalidOption, match="a configuration has to name one, such as"):
        from_config({"max_workers": 4})


@pytest.mark.parametrize("mapping", ["fake", None, 3, [("strategy", "fake")]])
def test_from_config_takes_nothing_but_a_mapping(mapping: Any) -> None:
    """The error shows a mapping."""
    with pytest.raises(InvalidOption, match=r"\{'strategy': 'process:4'\}"):
        from_config(mapping)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"strategy": "fake", "max_worker": 4}, r"max_worker=4.*no such option.*Did you mean 'max_workers'\?"),
        ({"strategy": "fake", "lop": "x"}, r"lop='x'.*Did you mean 'loop'\?"),
        ({"strategy": "fake", "orderd": True}, r"orderd=True.*Did you mean 'ordered'\?"),
        ({"strategy": "strict", "deepth": 2}, r"deepth=2.*has depth\. Did you mean 'depth'\?"),
        ({"strategy": "strict", "inner": "fake"}, r"inner=.*'strict' has no such option"),
        ({"strategy": "fake", "max_workers": -1}, "max_workers=-1 is not allowed: "),
        ({"strategy": "fake", "inner": {"max_workers": 4}}, "has to name one"),
        ({"strategy": "fake", "inner": 4}, "inner=4 is not allowed: it must be a spec string"),
        ({"strategy": 4}, "strategy=4 is not allowed: it must be a spec string"),
        ({"strategy": {"strategy": "fake"}}, "strategy=.* is not allowed: inside a mapping it must be a spec string"),
        ({"strategy": "fake", 4: 4}, "keys of a configuration are texts"),
        ({"strategy": "fake", "retry": {"attemps": 3}}, r"retry.attemps=3.*Did you mean 'attempts'\?"),
        ({"strategy": "fake", "retry": {"attempts": 0}}, "attempts=0"),
        ({"strategy": "fake", "retry": {"on": "ConectionError"}}, r"retry.on=.*Did you mean 'ConnectionError'\?"),
        ({"strategy": "fake", "retry": {"on": ["os.system"]}}, "built-in exception"),
    ],
)
def test_unknown_keys_and_bad_values_are_errors_with_a_suggestion(mapping: dict[str, Any], message: str) -> None:
    """A mistyped option is never ignored."""
    with pytest.raises(InvalidOption, match=message):
        from_config(mapping)


def test_a_type_error_of_the_constructor_itself_is_not_hidden() -> None:
    """Only unknown keys are explained; everything else is the strategy's own error."""

    class Broken(FakeStrategy):
        def __init__(self, **options: Any) -> None:
            raise TypeError("my own mistake")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.choosing.fakes.FakeStrategy", Broken)
        with pytest.raises(TypeError, match="my own mistake"):
            get_strategy("fake", rate=1)


def test_a_retry_table_becomes_a_retry() -> None:
    """Attempts, waits and errors by name can be configured; nothing is imported for it."""
    table = {"attempts": 5, "wait": 0.5, "on": ["ConnectionError", "TaskTimeout", "WorkerDied"]}
    made = told(from_config({"strategy": "fake", "retry": table}))["retry"]
    assert made == Retry(attempts=5, wait=0.5, on=(ConnectionError, TaskTimeout, WorkerDied))
    assert told(from_config({"strategy": "fake", "retry": {"on": "OSError"}}))["retry"] == Retry(on=(OSError,))
    assert told(from_config({"strategy": "fake", "retry": {"on": OSError}}))["retry"] == Retry(on=OSError)


def test_the_nearest_file_that_has_the_table_is_used(pyproject: Write, tmp_path: Path, monkeypatch: Any) -> None:
    """A package inside a larger tree is under the tree's choice, unless it has a choice of its own."""
    pyproject("[tool.concurrent-strategies]\nstrategy = 'fake:1'")
    inside = tmp_path / "packages" / "one"
    inside.mkdir(parents=True)
    (inside / "pyproject.toml").write_text("[project]\nname = 'one'\n")
    monkeypatch.chdir(inside)
    assert told(get_strategy()) == {"name": "fake", "max_workers": 1}
    (inside / "pyproject.toml").write_text("[tool.concurrent-strategies]\nstrategy = 'fake:2'")
    assert told(get_strategy()) == {"name": "fake", "max_workers": 2}


def test_a_removed_current_directory_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon whose directory is gone still gets the default."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert resolve().name == "thread"
    finally:
        monkeypatch.chdir(tmp_path)


PROFILES = """
[tool.concurrent-strategies]
strategy = "fake:8"
rate = 5

[tool.concurrent-strategies.profiles.nightly]
strategy = "other:2"
inner = { strategy = "fake", max_workers = 3 }

[tool.concurrent-strategies.profiles.gentle]
max_workers = 1

[tool.concurrent-strategies.profiles.gentlest]
strategy = "@gentle?rate=1"

[tool.concurrent-strategies.profiles.odd]
strategy = "@even"
[tool.concurrent-strategies.profiles.even]
strategy = "@odd"
[tool.concurrent-strategies.profiles.typo]
strategy = "fake"
max_worker = 1
"""

NIGHTLY = {"name": "other", "max_workers": 2, "inner": {"name": "fake", "max_workers": 3}}


def test_a_profile_is_chosen_by_name_wherever_a_spec_stands(pyproject: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument, by `using`, by the environment, in a mapping, and as the inner part of a spec."""
    pyproject(PROFILES)
    assert told(get_strategy("@nightly")) == NIGHTLY
    assert told(from_config({"strategy": "@nightly"})) == NIGHTLY
    assert told(get_strategy("@nightly:6", rate=1)) == {**NIGHTLY, "max_workers": 6, "rate": 1}
    assert told(get_strategy("fake/@nightly")) == {"name": "fake", "inner": NIGHTLY}
    with using("@nightly"):
        assert told(get_strategy()) == NIGHTLY
    monkeypatch.setenv("CONCURRENT_STRATEGY", "@nightly")
    assert told(get_strategy()) == NIGHTLY


def test_the_file_itself_may_choose_a_profile(pyproject: Write) -> None:
    """A project's default can be one of its profiles."""
    pyproject("[tool.concurrent-strategies]\nstrategy = '@a'\nrate = 2\nprofiles.a.strategy = 'fake'")
    assert told(get_strategy()) == {"name": "fake", "rate": 2}


def test_a_profile_without_a_strategy_adds_to_what_is_in_force(pyproject: Write) -> None:
    """Profiles may be built on one another and on the table, by the rule that holds everywhere."""
    pyproject(PROFILES)
    assert told(get_strategy("@gentle")) == {"name": "fake", "max_workers": 1, "rate": 5}
    assert told(get_strategy("@gentlest")) == {"name": "fake", "max_workers": 1, "rate": 1}
    with using("other:30?seed=1"):
        assert told(get_strategy("@gentle")) == {"name": "other", "max_workers": 1, "seed": 1}


def test_an_unknown_profile_is_an_error_with_a_suggestion(pyproject: Write) -> None:
    """The message names the file and the profiles in it, or says that there is no file."""
    with pytest.raises(
        InvalidOption, match=r"no pyproject.toml with a table \[tool.concurrent-strategies.profiles.x\]"
    ):
        get_strategy("@x")
    path = pyproject(PROFILES)
    with pytest.raises(InvalidOption, match=r"'nightly', 'gentle'.*Did you mean 'nightly'\?") as caught:
        get_strategy("@nightli")
    assert str(path) in str(caught.value)


def test_profiles_that_ask_for_each_other_are_an_error(pyproject: Write) -> None:
    """The message shows the circle."""
    pyproject(PROFILES)
    with pytest.raises(InvalidOption, match="odd -> even -> odd"):
        get_strategy("@odd")


def test_an_error_in_a_file_says_which_file_and_table(pyproject: Write) -> None:
    """The reader is sent to the line's table, not to the code that asked."""
    path = pyproject(PROFILES)
    with pytest.raises(InvalidOption, match=r"max_worker=1.*Did you mean 'max_workers'\?") as caught:
        get_strategy("@typo")
    assert caught.value.__notes__ == [
        f"this comes from {path} [tool.concurrent-strategies.profiles.typo], chosen by argument"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.concurrent-strategies", "it cannot be read"),
        ("[tool]\nconcurrent-strategies = 'fake'", r"\[tool.concurrent-strategies\] has to be a table"),
        ("[tool.concurrent-strategies]\nprofiles = 3", r"profiles\] has to be a table"),
        ("[tool.concurrent-strategies]\nstrategy = 'fake'\nprofile.x.strategy = 'fake'", r"profile=.*no such option"),
        ("[tool.concurrent-strategies]\nstrategy = 3", "strategy=3 is not allowed: it must be a spec string"),
        ("[tool.concurrent-strategies]\nstrategy = 'fake:x'", "has to be a whole number"),
        ("[tool.concurrent-strategies]\nstrategy = 'fake'\nmax-workers = 3", r"Did you mean 'max_workers'\?"),
    ],
)
def test_a_file_that_cannot_be_understood_is_an_error_that_names_it(pyproject: Write, text: str, message: str) -> None:
    """A broken choice is never passed over in favour of the default."""
    path = pyproject(text)
    with pytest.raises(InvalidOption, match=message) as caught:
        get_strategy()
    assert str(path) in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_a_profile_that_is_no_table_is_an_error(pyproject: Write) -> None:
    """`profiles.fast = "fake"` is answered with what it has to be."""
    pyproject("[tool.concurrent-strategies.profiles]\nfast = 'fake'")
    with pytest.raises(InvalidOption, match=r"profiles.fast\] has to be a table"):
        get_strategy("@fast")


def test_nesting_has_a_bound() -> None:
    """A mapping that contains itself is an error, not a hang."""
    mapping: dict[str, Any] = {"strategy": "fake"}
    mapping["inner"] = mapping
    with pytest.raises(InvalidOption, match="nested at most"):
        from_config(mapping)


WORDS = st.sampled_from(["fake", "other:2", "fake/other", "strict?depth=2", "@x", "raise", "auto", "OSError", "none"])
OPTIONS = st.sampled_from([name for name in NAMES if name != "context"])  # it takes variables, which only code has
KEYS = OPTIONS | st.sampled_from(["strategy", "inner", "loop", "attempts", "on", "wait", "depth"]) | st.text()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(KEYS, inside, max_size=4),
    max_leaves=6,
)


@given(
    st.just("fake") | WORDS | ANYTHING, st.dictionaries(OPTIONS, ANYTHING, max_size=2) | st.dictionaries(KEYS, ANYTHING)
)
def test_any_mapping_either_makes_a_strategy_or_raises_a_strategy_error(named: object, rest: dict[str, Any]) -> None:
    """Whatever stands in a JSON or TOML file, there is one root of errors to catch."""
    with suppress(StrategyError):
        assert hasattr(from_config({**rest, "strategy": named}), "outcomes")
