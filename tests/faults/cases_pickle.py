"""Rows P: what cannot cross the process border, in either direction, costs its item only."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import concurrent_strategies as cs

from .catalogue import case
from .probe import Probe, caught, failures, is_a, same, values

REMOTE = "PI"


def refuse(*_: object) -> None:
    """Fail where an object is made again."""
    raise ValueError("cannot be made again")


def leave(status: int) -> None:
    """End the process where an object is made again."""
    os._exit(status)


class FailsOnLoad:
    """Can be pickled, and never unpickled."""

    def __init__(self, how: Callable[..., Any] = refuse, *arguments: Any) -> None:
        self.how = how
        self.arguments = arguments

    def __reduce__(self) -> Any:
        return self.how, self.arguments


class FailsOnDump:
    """Cannot be pickled, because of any error."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.kind = kind

    def __reduce__(self) -> Any:
        raise self.kind("cannot be pickled")


class HoldsLock(ValueError):
    """Cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class TwoArgError(Exception):
    """Cannot be made again by calling its class with `args`."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class KeywordError(Exception):
    """Needs a keyword."""

    def __init__(self, *, code: int) -> None:
        super().__init__("keyword")
        self.code = code


class FailsOnLoadError(Exception):
    """An exception that fails on load."""

    def __reduce__(self) -> Any:
        return refuse, ()


def locked_at_3(item: int) -> Any:
    """Return a lock."""
    return threading.Lock() if item == 3 else item


@case("P1", "PHI", bound=2)
def unpicklable_result(probe: Probe) -> None:
    """A result that cannot be sent is an item error that says so."""
    probe.item_error(locked_at_3, is_a(cs.NotPicklable, "item 3"))


def fails_on_load_at_3(how: tuple[Any, ...], item: int) -> Any:
    """Return what cannot be loaded."""
    return FailsOnLoad(*how) if item == 3 else item


def exit_with(kind: type[BaseException]) -> None:
    """Raise this where an object is made again."""
    raise kind("on load")


@case("P2", REMOTE, bound=2)
def result_fails_on_load(probe: Probe) -> None:
    """A result that fails on load in the parent is an item error."""
    probe.item_error(partial(fails_on_load_at_3, (refuse,)), is_a(ValueError, "made again"))


@case("P2", REMOTE, bound=2)
def result_exits_on_load(probe: Probe) -> None:
    """So is one that raises SystemExit there."""
    probe.item_error(partial(fails_on_load_at_3, (exit_with, SystemExit)), is_a(SystemExit), colours=False)


@case("P1", REMOTE, bound=2)
def result_exits_on_dump(probe: Probe) -> None:
    """A result whose pickling raises no `Exception` is an item error."""
    for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration):
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(partial(dumped_at_3, kind), range(8)))
            assert list(failures(outcomes)) == [3], outcomes
            probe.usable(strategy)


def dumped_at_3(kind: type[BaseException], item: int) -> Any:
    """Return what cannot be pickled."""
    return FailsOnDump(kind) if item == 3 else item


def raise_locked(item: int) -> int:
    """Raise what cannot be pickled."""
    if item == 3:
        raise HoldsLock("held")
    return item


def _is_stand_in(error: BaseException) -> None:
    assert isinstance(error, cs.RemoteError), repr(error)
    assert "HoldsLock" in error.type_name
    assert error.text == "held"
    assert "raise_locked" in error.traceback_text


@case("P3", REMOTE, bound=2)
def unpicklable_error(probe: Probe) -> None:
    """An exception that cannot be sent comes as a RemoteError with its type, text and traceback."""
    probe.item_error(raise_locked, _is_stand_in)


def raise_made(make: Callable[[], BaseException], item: int) -> int:
    """Raise."""
    if item == 3:
        raise make()
    return item


def _two() -> BaseException:
    return TwoArgError(7, "x")


def _keyword() -> BaseException:
    return KeywordError(code=7)


def _group() -> BaseException:
    return ExceptionGroup("several", [TwoArgError(7, "x"), HoldsLock("held")])


def _on_load() -> BaseException:
    return FailsOnLoadError("text")


@case("P4", REMOTE, bound=2)
def error_with_arguments(probe: Probe) -> None:
    """An exception whose class cannot be called with its args keeps its type, text and attributes."""
    for make in (_two, _keyword):

        def check(error: BaseException, make: Any = make) -> None:
            assert type(error) is type(make()), repr(error)
            assert str(error) == str(make())
            assert error.code == 7  # type: ignore[attr-defined]

        probe.item_error(partial(raise_made, make), check, colours=False)


@case("P4", REMOTE, bound=2)
def group_of_errors(probe: Probe) -> None:
    """A group with a member that cannot be sent says what it was."""

    def check(error: BaseException) -> None:
        assert isinstance(error, ExceptionGroup | cs.RemoteError)
        assert "several" in str(error)

    probe.item_error(partial(raise_made, _group), check)


@case("P4", REMOTE, bound=2)
def error_fails_on_load(probe: Probe) -> None:
    """An exception that fails on load is made again in another way, or comes as a RemoteError."""
    probe.item_error(partial(raise_made, _on_load), is_a((FailsOnLoadError, cs.RemoteError), "text"))


@case("P5", REMOTE, bound=2)
def unpicklable_item(probe: Probe) -> None:
    """An item that cannot be sent is an item error."""
    items = [0, 1, 2, threading.Lock(), 4, 5, 6, 7]
    probe.item_error(same, is_a(cs.NotPicklable, "item 3"), items=items)


@case("P5", REMOTE, bound=2)
def item_exits_on_dump(probe: Probe) -> None:
    """So is one whose pickling raises no `Exception`; but Ctrl-C belongs to the caller, in whose thread it is."""
    for kind in (SystemExit, GeneratorExit, StopIteration, RecursionError):
        items = [0, 1, 2, FailsOnDump(kind), 4, 5, 6, 7]
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(same, items))
            assert list(failures(outcomes)) == [3], outcomes
            assert list(values(outcomes)) == [0, 1, 2, 4, 5, 6, 7]
            probe.usable(strategy)


@case("P6", REMOTE, bound=2)
def item_fails_on_load(probe: Probe) -> None:
    """An item that fails on load in the worker is an item error, and the worker lives."""
    items: list[Any] = [0, 1, 2, FailsOnLoad(), 4, 5, 6, 7]
    probe.item_error(same, is_a(ValueError, "made again"), items=items)
    with probe.make(1) as strategy:
        pids = {outcome.worker for outcome in strategy.outcomes(same, items) if isinstance(outcome, cs.Success)}
        pids |= {outcome.worker for outcome in strategy.outcomes(same, range(8))}
        assert len(pids) == 1 or probe.kind == "H", pids


@case("P6", REMOTE, bound=2)
def item_exits_on_load(probe: Probe) -> None:
    """So is one that raises no `Exception` there."""
    for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration):
        items: list[Any] = [0, 1, 2, FailsOnLoad(exit_with, kind), 4, 5, 6, 7]
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(same, items))
            assert list(failures(outcomes)) == [3], outcomes
            assert isinstance(outcomes[3].error, kind)
            probe.usable(strategy)


@case("P6", "PWHI", bound=4)
def item_kills_on_load(probe: Probe) -> None:
    """An item that kills every worker that loads it fails, and does not kill workers for ever."""
    for at in (0, 7) if probe.kind == "P" else (3,):
        items: list[Any] = [FailsOnLoad(leave, 7) if k == at else k for k in range(8)]
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(same, items))
            assert at in failures(outcomes), outcomes
            is_a(cs.WorkerDied)(failures(outcomes)[at])
            if probe.kind not in "HI":  # there it has company
                assert list(failures(outcomes)) == [at], outcomes
            assert all(isinstance(error, cs.WorkerDied) for error in failures(outcomes).values())
            probe.usable(strategy)


@case("P7", "PHI", bound=2)
def many_bad_ones(probe: Probe) -> None:
    """Bad items and bad results among 2000 short ones cost themselves only."""
    items: list[Any] = [_bad(k) if k % 100 == 50 else k for k in range(2000)]
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(same, items))
        assert [outcome.index for outcome in outcomes] == list(range(2000))
        assert sorted(failures(outcomes)) == list(range(50, 2000, 100))
        outcomes = list(strategy.outcomes(bad_at_50, range(2000)))
        assert sorted(failures(outcomes)) == list(range(50, 2000, 100))
        assert all(outcome.value == outcome.index for outcome in outcomes if isinstance(outcome, cs.Success))
        probe.usable(strategy)


def _bad(item: int) -> Any:
    return (threading.Lock, FailsOnLoad, lambda: FailsOnDump(SystemExit))[item // 100 % 3]()


def bad_at_50(item: int) -> Any:
    """Return what cannot cross, now and then."""
    return _bad(item) if item % 100 == 50 else item


def _deep_list(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


def deep_at_3(depth: int, item: int) -> Any:
    """Return what nests too deeply."""
    return _deep_list(depth) if item == 3 else item


@case("P8", REMOTE, bound=3)
def too_deep(probe: Probe) -> None:
    """What nests too deeply to be pickled is an item error, both ways."""

    def check(error: BaseException) -> None:
        assert isinstance(error, RecursionError | cs.NotPicklable), repr(error)

    probe.item_error(partial(deep_at_3, 200_000), check, colours=False)
    items: list[Any] = [0, 1, 2, _deep_list(200_000), 4, 5, 6, 7]
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(same, items))
        assert list(failures(outcomes)) == [3]
        check(outcomes[3].error)
        probe.usable(strategy)


@case("P8", REMOTE, bound=3)
def just_deep_enough(probe: Probe) -> None:
    """What can just be pickled, and perhaps not be loaded, comes back or fails alone."""
    items: list[Any] = [_deep_list(depth) for depth in range(300, 1200, 30)]
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(same, items))
        assert len(outcomes) == len(items)
        assert not isinstance(outcomes[0], cs.Failure), outcomes[0]
        probe.usable(strategy)


@case("P9", "PWF", bound=2)
def functions_of_all_kinds(probe: Probe) -> None:
    """Lambdas, closures, local classes and bound methods cross."""
    factor = 3

    class Local:
        def __init__(self, number: int) -> None:
            self.number = number

        def times(self, item: int) -> int:
            return self.number * item

    def nested(item: int) -> int:
        return nested(item - 1) + factor if item else 0

    with probe.make(2) as strategy:
        expected = [0, 3, 6, 9]
        assert strategy.map(lambda item: item * factor, range(4)) == expected
        assert strategy.map(nested, range(4)) == expected
        assert strategy.map(Local(3).times, range(4)) == expected
        assert strategy.map(partial(lambda a, b: a * b, 3), range(4)) == expected
        made = strategy.map(Local, range(4))
        assert [type(each) is Local and each.number for each in made] == [0, 1, 2, 3]
        assert strategy.map(lambda each: each.times(3), made) == expected


def keep_last(size: int, item: bytes) -> bytes:
    """Return the item, after a look at it."""
    assert len(item) == size
    return item


@case("P10", "STPI", bound=20)
def a_quarter_of_a_gigabyte(probe: Probe) -> None:
    """An item and a result of 256 MB arrive as they are."""
    size = 256 << 20
    items = [bytes(size)]
    with probe.make(1) as strategy:
        assert strategy.map(partial(keep_last, size), items) == items
        probe.usable(strategy)


def large_at_3(item: int) -> Any:
    """Return 60 MB for item 3, and die while they are sent."""
    if item == 3:
        threading.Thread(target=_die_soon, daemon=True).start()
        return bytearray(60 << 20)
    return item


def _die_soon() -> None:
    import signal

    time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)


@case("P10", "P", bound=4)
def torn_result(probe: Probe) -> None:
    """A worker that dies in the midst of a large result costs that item only."""
    for _ in range(3):
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(large_at_3, range(8)))
            assert set(failures(outcomes)) <= {3}, outcomes
            assert len(outcomes) == 8
            probe.usable(strategy)


class Slow:
    """Takes its time to be made again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __reduce__(self) -> Any:
        return made_slowly, (self.seconds,)


def made_slowly(seconds: float) -> float:
    """Be made."""
    time.sleep(seconds)
    return seconds


@case("P6", "PHI", bound=4)
def item_hangs_on_load(probe: Probe) -> None:
    """An item that does not end loading does not outlive the run: it is not under way, but its worker is killed."""
    items: list[Any] = [0, 1, 2, Slow(60.0), 4, 5, 6, 7]
    with probe.make(2) as strategy:
        is_a(cs.RunTimeout)(caught(lambda: strategy.map(same, items, timeout=0.7)) or SystemExit())
        probe.usable(strategy)


@case("P9", REMOTE, bound=2)
def function_that_cannot_cross(probe: Probe) -> None:
    """A function that cannot be sent is an error of the call, which says why; one that fails on load, too."""
    lock = threading.Lock()
    with probe.make(2) as strategy:
        is_a(cs.NotPicklable, "lock")(caught(lambda: strategy.map(lambda _: lock, range(8))) or SystemExit())
        bad = FailsOnLoad()
        raised = caught(lambda: strategy.map(lambda _: bad, range(8)))
        assert isinstance(raised, Exception), repr(raised)
        assert "made again" in str(raised) or "made again" in str(raised.__cause__), repr(raised)
        probe.usable(strategy)


@case("P11", "P", bound=60)
def more_than_an_int_holds(probe: Probe) -> None:
    """An item and a result of 2.2 GB arrive as they are; a small machine gets what it can hold."""
    size = min(2_200_000_000, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 6)
    with probe.make(1) as strategy:
        items = [bytes(size)]
        assert strategy.map(partial(keep_last, size), items) == items
