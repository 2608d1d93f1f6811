"""What crosses the process border comes back as it was: outcomes, and exceptions of every kind that somebody may write.

No process is started: it is the two ends of the border that are put together here.
"""

from __future__ import annotations

import copyreg
import pickle
import socket
import threading
import traceback
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    TaskTimeout,
    TooManyFailures,
    UnknownStrategy,
    WorkerDied,
    WorkerStartError,
)
from concurrent_strategies._core.port import Chunk, Done, Failed, Report
from concurrent_strategies._ports.reports import Reports
from concurrent_strategies._worker import wire
from concurrent_strategies._worker.packing import pieces_of
from concurrent_strategies._worker.pickling import dumps, error_from_wire, error_to_wire, joined, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT, st.binary(max_size=10)),
    lambda inner: st.one_of(
        *(st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(TEXT, inner, max_size=3)),
        st.frozensets(st.integers(), max_size=3),
    ),
    max_leaves=6,
)


class Plain(Exception):
    """Nothing special."""


class TwoArguments(Exception):
    """Cannot be called with its `args`, of which there is one."""

    def __init__(self, code: Any, text: Any) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class KeywordOnly(Exception):
    """Cannot be called with any `args`."""

    def __init__(self, *, code: Any) -> None:
        super().__init__(code)
        self.code = code


class Slotted(Exception):
    """Keeps something beside its `__dict__`, and says how it is made."""

    __slots__ = ("code",)

    def __init__(self, code: Any) -> None:
        super().__init__("slotted")
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return Slotted, (self.code,)


class Holding(Exception):
    """Holds what cannot be pickled."""

    def __init__(self, text: Any) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class Unloadable(Exception):
    """Can be pickled, and never be made again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return fail, (str(self),)


class Changeling(Exception):
    """Comes out of its pickle as something else."""

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, ()


class OtherError(Exception):
    """Comes out of its pickle as an exception of another class."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Plain, ("another",)


class BadState(Exception):
    """Cannot take its state again."""

    def __init__(self, text: Any) -> None:
        super().__init__(text)
        self.text = text

    def __setstate__(self, state: object) -> NoReturn:
        raise RuntimeError("no state")


class Mute(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Leaving(BaseException):
    """No ordinary exception."""


class Sealed(Exception):
    """Lets nobody write on it."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def add_note(self, note: str) -> NoReturn:
        """Refuse."""
        raise AttributeError("add_note")


def fail(text: str) -> NoReturn:
    """Fail where an exception is made again."""
    raise RuntimeError(f"not again: {text}")


# Each made from one value. The first two kinds come back as they were; the third is stood in for, if it must be.
WHOLE: list[Any] = [
    *(Plain, ValueError, KeyError, OSError, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, Leaving),
    *(StopAsyncIteration, Slotted, lambda value: TwoArguments(value, "x"), lambda value: KeywordOnly(code=value)),
    *(lambda value: OSError(2, "no such file", value if isinstance(value, str) else "x"), TimeoutError),
    lambda value: UnicodeDecodeError("utf-8", b"\xff", 0, 1, str(value)),
]
OURS: list[Any] = [
    *(lambda value: InvalidOption("key", value, "no"), lambda value: UnknownStrategy(str(value), ["thread"])),
    *(lambda value: StrategyUnavailable(str(value), "pip"), StrategyClosed, NotPicklable, WorkerStartError),
    *(lambda _: TaskTimeout(3, 1.5), lambda _: RunTimeout(1.5, 3), lambda _: ItemExited(3, SystemExit(3))),
    *(lambda _: WorkerDied(3, 7, -9), lambda _: WorkerDied(3, None, None, indeterminate=True)),
    *(lambda value: RemoteError("a.B", str(value), "Traceback"), lambda value: StrategyError(value)),
    lambda value: TooManyFailures("too many", [ValueError(value), KeyError(value)]),
]
STOOD_IN_FOR: list[Any] = [Holding, Unloadable, Changeling, OtherError, Mute, Sealed, BadState]


def raised(error: BaseException) -> BaseException:
    """Return the exception after it was raised, so that it has a traceback."""
    try:
        raise error
    except BaseException as caught:
        return caught


def crossed(error: BaseException) -> BaseException:
    """Return what becomes of an exception at the other side of the border."""
    return error_from_wire(loads(joined(error_to_wire(raised(error)))))


def shown(error: BaseException) -> str:
    """Return what a traceback shows."""
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("size", [10, 100_000, 1_000_000])
def test_what_an_array_has_in_one_piece_comes_back(size: int) -> None:
    """Also where there is one bytes object for all of it, as for results that go together but each by itself."""
    body = bytearray(number % 251 for number in range(size))
    assert pickle.loads(joined(pickle.PickleBuffer(body))) == body
    assert pickle.loads(joined((1, pickle.PickleBuffer(bytes(body)), "__main__"))) == (1, body, "__main__")


class Block:
    """Has its bytes in one piece, as an array does."""

    def __init__(self, body: Any) -> None:
        self.body = memoryview(body)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Block, (pickle.PickleBuffer(self.body),)


@pytest.mark.parametrize("sizes", [[10], [10] * 5, [100, 1 << 20, 100, 1 << 15, 1 << 15, 7], [1 << 17] * 3])
def test_results_of_any_size_come_in_order_and_can_be_written_to(sizes: list[int]) -> None:
    """Small ones in one frame, each large one in its own, without a copy on either side; one that cannot go, alone."""
    values: list[Any] = [Block(bytearray(size * [size % 251])) for size in sizes]
    if len(sizes) > 1:
        values.insert(1, threading.Lock())
    chunk, seen = Chunk(3, 0, 5, list(values)), Reports()
    told: list[Report] = []
    ours, theirs = socket.socketpair()
    sending = threading.Thread(target=wire.send_all, args=(theirs, pieces_of(Done(3, 5, values, 1.0), 1)))
    sending.start()
    with ours, theirs:
        reader = wire.Reader(ours)
        while sum(len(report.values) if isinstance(report, Done) else 1 for report in told) < len(values):
            for frame in reader.read():
                if frame.kind == wire.DONE:
                    seen.values(chunk, frame, "worker")
                else:
                    assert (frame.kind, frame.a) == (wire.FAILED, 6)
                    seen.add(Failed(3, 6, error_from_wire(loads(frame.body)[0])))
            told += seen.take()
        sending.join()
    found = [value for report in told for value in (report.values if isinstance(report, Done) else [report.error])]
    assert len(sizes) == 1 or type(found.pop(1)) is NotPicklable
    for block, size in zip(found, sizes, strict=True):
        assert bytes(block.body) == bytes(size * [size % 251])
        block.body[0] = 1


@pytest.mark.parametrize("make", [*WHOLE, *OURS])
@settings(max_examples=20)
@given(value=VALUES, notes=st.lists(TEXT, max_size=3))
def test_an_exception_comes_back_as_it_was(make: Any, value: Any, notes: list[str]) -> None:
    """Its class, arguments, attributes and notes; and its traceback, as text."""
    error = make(value)
    for note in notes:
        error.add_note(note)
    found = crossed(error)
    assert type(found) is type(error)
    if not isinstance(error, BaseExceptionGroup):  # whose arguments hold exceptions, which equal nothing
        assert found.args == error.args
        assert attributes(found) == attributes(error)
    assert list(dict.fromkeys(getattr(found, "__notes__", []))) == list(dict.fromkeys(notes))
    assert "in raised" in shown(found)


@pytest.mark.parametrize(
    "error", [SystemExit(3), StopIteration("value"), FileNotFoundError(2, "none", "x"), Plain("x")]
)
def test_what_a_library_registers_for_exceptions_costs_them_nothing(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some do it for all classes at once, to have tracebacks pickled, and forget what is not in `args`."""
    monkeypatch.setitem(copyreg.dispatch_table, type(error), lambda error: (type(error).__new__, (type(error),)))
    found = crossed(error)
    assert (found.args, attributes(found)) == (error.args, attributes(error))


def test_an_exception_crosses_as_registered_where_it_could_not_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for the owner of a class to say so."""
    monkeypatch.setitem(copyreg.dispatch_table, Holding, lambda error: (Holding, ("as registered",)))
    assert crossed(Holding("as it was")).args == ("as registered",)


def attributes(error: BaseException) -> dict[str, Any]:
    """Return what an exception holds, its notes aside."""
    names = [*vars(error), *getattr(type(error), "__slots__", ()), "errno", "filename", "code", "value", "reason"]
    held = {name: getattr(error, name) for name in names if hasattr(error, name) and name != "__notes__"}
    return {name: repr(value) if isinstance(value, BaseException) else value for name, value in held.items()}


@pytest.mark.parametrize("make", STOOD_IN_FOR)
@settings(max_examples=20)
@given(text=TEXT, notes=st.lists(TEXT, max_size=2))
def test_an_exception_that_cannot_be_made_again_is_stood_in_for(make: Any, text: str, notes: list[str]) -> None:
    """By one that has its class's name, its text, its notes and its traceback; or else it is there itself."""
    error = make(text)
    if make is not Sealed:
        for note in notes:
            error.add_note(note)
    found = crossed(error)
    if type(found) is not type(error):
        assert isinstance(found, RemoteError)
        assert found.type_name == f"{make.__module__}.{make.__qualname__}"
        assert found.text == ("<str() of it failed>" if make is Mute else text)
    if make is not Sealed:
        assert set(getattr(found, "__notes__", [])) == set(notes)
    assert "in raised" in shown(found)


CHAINS = st.recursive(
    st.builds(lambda make, value: make(value), st.sampled_from([ValueError, Plain, *STOOD_IN_FOR, Leaving]), TEXT),
    lambda inner: st.one_of(
        st.builds(lambda error, cause: chained(error, cause, "__cause__"), inner, inner),
        st.builds(lambda error, context: chained(error, context, "__context__"), inner, inner),
        st.builds(lambda text, errors: BaseExceptionGroup(text, errors), TEXT, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


def chained(error: BaseException, other: BaseException, how: str) -> BaseException:
    """Have an exception come from another, if it lets anybody say so."""
    if not isinstance(error, Sealed):
        setattr(error, how, other)
    return error


@given(CHAINS)
@example(BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [Holding("x")]), ValueError("y")]))
def test_causes_and_groups_of_any_depth_come_back(error: BaseException) -> None:
    """The exception, or what stands in for it; what it came from is in the traceback that it shows."""
    found = crossed(error)
    assert type(found) is type(error) or isinstance(found, RemoteError)
    text = shown(found)
    for cause in (error.__cause__, error.__context__ if error.__cause__ is None else None):
        if isinstance(cause, Plain | ValueError) and str(cause).strip():
            assert str(cause).splitlines()[0] in text
    if type(found) is type(error) and isinstance(error, BaseExceptionGroup):
        assert isinstance(found, BaseExceptionGroup)
        assert found.message == error.message
        assert len(found.exceptions) == len(error.exceptions)


@given(CHAINS)
def test_an_exception_crosses_twice_as_it_crosses_once(error: BaseException) -> None:
    """A strategy inside a strategy: what has come over one border can go over the next, and shows where it was."""
    once = crossed(error)
    twice = crossed(once)
    assert type(twice) is type(once)
    assert str_of(twice) == str_of(once)
    assert "in raised" in shown(twice)


def str_of(error: BaseException) -> str:
    """Return the text of an exception, if it has one."""
    try:
        return str(error)
    except RuntimeError:
        return ""


OUTCOMES = st.one_of(
    st.builds(Success, st.integers(0), VALUES, VALUES, st.integers(1, 9), st.none() | st.floats(0, 9), TEXT),
    st.builds(
        Failure,
        st.integers(0),
        VALUES,
        st.builds(lambda make, value: make(value), st.sampled_from([ValueError, Slotted, Leaving, *OURS[:6]]), VALUES),
        st.integers(1, 9),
        st.none() | st.floats(0, 9),
        TEXT,
    ),
)


@given(OUTCOMES)
def test_an_outcome_comes_back_as_it_was(outcome: Any) -> None:
    """By plain pickle, and as a value that crosses the border: each of its fields."""
    parts, buffers = dumps(outcome)
    for found in (pickle.loads(pickle.dumps(outcome)), loads(b"".join(parts), buffers)):
        assert type(found) is type(outcome)
        if isinstance(outcome, Failure):
            assert type(found.error) is type(outcome.error)
            assert found.error.args == outcome.error.args
            found = replace(found, error=outcome.error)
        assert found == outcome
