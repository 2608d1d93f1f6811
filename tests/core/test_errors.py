"""The errors: one root, each also the builtin one would expect, each crosses a process border, each says what to do."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle
import traceback
from typing import Any

import pytest

import concurrent_strategies
from concurrent_strategies import (
    Failure,
    InvalidOption,
    ItemExited,
    NotPicklable,
    RemoteError,
    RunTimeout,
    StrategyClosed,
    StrategyError,
    StrategyUnavailable,
    Success,
    SyncStrategy,
    TaskTimeout,
    TooManyFailures,
    UnknownStrategy,
    WorkerDied,
    WorkerStartError,
)

CASES: list[tuple[Exception, type[Exception], str]] = [
    (InvalidOption("rate", 0, "it must be above 0"), ValueError, "rate=0 is not allowed: it must be above 0"),
    (UnknownStrategy("tread", ["sync", "thread"]), LookupError, "Did you mean 'thread'?"),
    (StrategyUnavailable("ray", "pip install ray"), ImportError, "pip install ray"),
    (StrategyClosed("closed"), RuntimeError, "closed"),
    (NotPicklable("the argument `lock` of item 3"), TypeError, "`lock`"),
    (TaskTimeout(7, 1.5), TimeoutError, "item 7 took longer than task_timeout=1.5 s"),
    (RunTimeout(2.0, 41), TimeoutError, "41 items were done"),
    (ItemExited(3, SystemExit(5)), RuntimeError, "item 3 ended by SystemExit: 5"),
    (RemoteError("m.Odd", "text", "Traceback ..."), RuntimeError, "m.Odd: text"),
    (WorkerDied(3, 99, -9), concurrent.futures.BrokenExecutor, "SIGKILL; if nobody killed it"),
    (WorkerDied(3, 99, 5, indeterminate=True), concurrent.futures.BrokenExecutor, "may|had just been finished"),
    (WorkerStartError("no worker"), concurrent.futures.BrokenExecutor, "no worker"),
]


@pytest.mark.parametrize(("error", "builtin", "says"), CASES, ids=lambda v: type(v).__name__)
def test_errors_are_ours_and_the_builtin_one_expects(error: Exception, builtin: type[Exception], says: str) -> None:
    """Whoever catches the root gets all; whoever knows only Python gets what fits; the message helps."""
    assert isinstance(error, StrategyError)
    assert isinstance(error, builtin)
    assert any(part in str(error) for part in says.split("|"))


@pytest.mark.parametrize(("error", "builtin", "says"), CASES, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy], ids=["pickle", "copy"])
def test_errors_travel_whole(error: Exception, builtin: type[Exception], says: str, travel: Any) -> None:
    """Class, message, attributes and notes cross a process border."""
    error.add_note("item 3 (key 'a')")
    twin = travel(error)
    assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
    assert twin.__notes__ == error.__notes__


def test_every_error_is_exported_and_documented() -> None:
    """The tree in the docstring has every class, and the package exports every one."""
    from concurrent_strategies import _errors

    classes = {StrategyError, TooManyFailures}
    while more := {sub for cls in classes for sub in cls.__subclasses__() if "concurrent_strategies" in sub.__module__}:
        if more <= classes:
            break
        classes |= more
    own = {cls.__name__ for cls in classes if cls.__module__.startswith("concurrent_strategies._")}
    assert {name for name in own if name not in (_errors.__doc__ or "")} == set()
    assert {name for name in own if not hasattr(concurrent_strategies, name)} == set()


def test_too_many_failures_is_a_group_that_keeps_its_class() -> None:
    """`except*` splits it, and it travels."""
    group = TooManyFailures("max_failures=2 was reached", [ValueError(1), KeyError(2)])
    matched, rest = group.split(ValueError)
    assert isinstance(matched, TooManyFailures)
    assert isinstance(rest, TooManyFailures)
    twin = pickle.loads(pickle.dumps(group))
    assert (type(twin), twin.message, list(map(repr, twin.exceptions))) == (
        TooManyFailures,
        group.message,
        list(map(repr, group.exceptions)),
    )


def test_an_item_exited_has_its_cause() -> None:
    """What must not escape as it is stands as the cause, and is shown with its traceback."""
    cause = GeneratorExit("odd")
    error = ItemExited(2, cause)
    assert error.__cause__ is cause
    assert "GeneratorExit: odd" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (3, "exit code 3"), (-11, "SIGSEGV"), (-99, "signal 99"), (None, "unknown")]
)
def test_an_exit_is_described_in_words(code: int | None, words: str) -> None:
    """A number alone says nothing."""
    assert words in str(WorkerDied(1, 2, code))


def test_outcomes_are_frozen_values_made_for_match() -> None:
    """They compare, unpack by position and keyword, cannot be changed, and travel."""
    success, failure = Success(3, "k", 42, 2, 0.5, "w"), Failure(4, None, ValueError("x"))
    match success:
        case Success(3, "k", value=value):
            assert value == 42
    match failure:
        case Failure(index, error=ValueError()):
            assert index == 4
    with pytest.raises(AttributeError):
        success.value = 1  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(success)) == success
    assert repr(pickle.loads(pickle.dumps(failure))) == repr(failure)
    assert success != failure


@pytest.mark.parametrize("func", [None, 3, "abs"])
def test_what_cannot_be_called_is_refused_at_once(func: Any) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidOption, match="callable"):
        SyncStrategy().stream(func, iter([1]))


@pytest.mark.parametrize("iterables", [(), (3,), ([1], None)])
def test_what_cannot_be_iterated_is_refused_at_once(iterables: tuple[Any, ...]) -> None:
    """With the word that says what is wrong."""
    with pytest.raises(InvalidOption, match="iterable|items to run over"):
        SyncStrategy().stream(abs, *iterables)
