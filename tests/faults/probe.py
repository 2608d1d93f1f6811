"""What a case gets: strategies of the kind it is run for, and the checks that many rows share."""

from __future__ import annotations

import os
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import concurrent_strategies as cs

from . import marks, specs


class Async:
    """A coroutine function that does what a plain one does; crosses process borders with it."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.__qualname__ = f"Async({getattr(func, '__qualname__', func)})"

    async def __call__(self, *args: Any) -> Any:
        """Do it."""
        return self.func(*args)


def plus_one(item: int) -> int:
    """Be the function that must work whatever has happened before."""
    return item + 1


def same(item: Any) -> Any:
    """Return the item."""
    return item


class Probe:
    """One case on one strategy.

    Attributes:
        spec: name of the strategy.
        kind: its letter.
        mark: what all processes of the case carry in their environment.
    """

    def __init__(self, spec: str, mark: str) -> None:
        self.spec = spec
        self.kind = specs.SPECS[spec].kind
        self.mark = mark
        self.remote = self.kind in "PWFHI"

    def make(self, max_workers: int | None = None, **options: Any) -> Any:
        """Make a strategy of this kind."""
        return specs.make(self.spec, max_workers, **options)

    def width(self, workers: int) -> int:
        """Return how many calls at once so many workers make."""
        return workers * 2 if self.kind == "H" else workers

    def close(self) -> None:
        """Forget what the case has written, so that the next one begins with nothing."""
        for file in specs.scratch().iterdir():
            if file.name.startswith(("log.", "event.")):
                file.unlink()

    def workers(self) -> list[int]:
        """Return the processes that have come from this one."""
        return marks.marked(self.mark)

    def run_async(self, func: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine function on an event loop of the kind that the strategy would choose."""
        if self.spec == "trio":
            import trio

            return trio.run(func)
        import asyncio

        return asyncio.run(func())  # type: ignore[arg-type]

    # ------------------------------------------------------------------------------------------------ checks

    def usable(self, strategy: Any) -> None:
        """Check that a strategy works."""
        got = strategy.map(plus_one, range(16))
        assert got == list(range(1, 17)), f"not usable afterwards: {got}"

    def item_error(
        self,
        func: Callable[[Any], Any],
        check: Callable[[BaseException], object],
        *,
        items: Sequence[Any] = range(8),
        index: int = 3,
        colours: bool = True,
        workers: int = 2,
        **options: Any,
    ) -> None:
        """Check that one item fails, alone, from every verb, and that the strategy is usable afterwards.

        Args:
            func: returns its item, but fails for the one at `index`.
            check: asserts that the error is the right one.
            items: the items.
            index: which of them fails.
            colours: whether to do it with a coroutine function too.
            workers: how many.
            options: of the strategy.
        """
        with self.make(workers, **options) as strategy:
            for each in (func, Async(func)) if colours else (func,):
                self._from_outcomes(strategy, each, items, index, check)
                self._from_map(strategy, each, items, index, check)
                self._from_stream(strategy, each, items, index, check)
                self._from_amap(strategy, each, items, index, check)
                self.usable(strategy)
        cold = self.make(workers, **options)
        self._from_outcomes(cold, func, items, index, check)
        self.usable(cold)

    def _from_outcomes(self, strategy: Any, func: Any, items: Sequence[Any], index: int, check: Any) -> None:
        outcomes = list(strategy.outcomes(func, items))
        assert [outcome.index for outcome in outcomes] == list(range(len(items))), outcomes
        failed = [outcome for outcome in outcomes if isinstance(outcome, cs.Failure)]
        assert [failure.index for failure in failed] == [index], f"failed: {failed}"
        check(failed[0].error)
        for outcome in outcomes:
            assert outcome.index == index or outcome.value == items[outcome.index], outcome

    def _from_map(self, strategy: Any, func: Any, items: Sequence[Any], index: int, check: Any) -> None:
        raised = caught(lambda: strategy.map(func, items))
        self._raised(raised, index, check)

    def _from_stream(self, strategy: Any, func: Any, items: Sequence[Any], index: int, check: Any) -> None:
        before: list[Any] = []

        def consume() -> None:
            with strategy.stream(func, items) as stream:
                before.extend(stream)

        def one_by_one() -> None:
            for value in strategy.stream(func, items):
                before.append(value)

        for read in (consume, one_by_one):
            before.clear()
            self._raised(caught(read), index, check)
            if read is one_by_one:
                assert before == list(items[:index]), before

    def _from_amap(self, strategy: Any, func: Any, items: Sequence[Any], index: int, check: Any) -> None:
        raised: list[BaseException | None] = []

        async def body() -> None:
            try:
                raised.append(None)
                await strategy.amap(func, items)
            except Exception as error:
                raised[0] = error

        self.run_async(body)
        self._raised(raised[0], index, check)

    @staticmethod
    def _raised(error: BaseException | None, index: int, check: Any) -> None:
        assert error is not None, "nothing was raised"
        if isinstance(error, cs.ItemExited):
            assert error.index == index
            assert error.__cause__ is not None
            check(error.__cause__)
        else:
            check(error)
        notes = getattr(error, "__notes__", [])
        assert any(f"item {index}" in note for note in notes), f"no note names item {index}: {notes} on {error!r}"


def caught(func: Callable[[], object]) -> BaseException | None:
    """Return what a call raises."""
    try:
        func()
    except BaseException as error:
        return error
    return None


def raised_by(func: Callable[..., object], *args: Any) -> BaseException:
    """Return what a call raises; it must."""
    error = caught(lambda: func(*args))
    assert error is not None, "nothing was raised"
    return error


def is_a(
    kind: type[BaseException] | tuple[type[BaseException], ...], text: str = ""
) -> Callable[[BaseException], None]:
    """Return a check that an error is of this class, with this in its text."""

    def check(error: BaseException) -> None:
        assert isinstance(error, kind), "".join(traceback.format_exception(error))
        assert text in str(error), str(error)

    return check


def children(of: int | None = None) -> list[int]:
    """Return the direct children of a process, of this one by default."""
    parent = of or os.getpid()
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def values(outcomes: Iterable[Any]) -> dict[int, Any]:
    """Return the values of those that succeeded, by index."""
    return {outcome.index: outcome.value for outcome in outcomes if isinstance(outcome, cs.Success)}


def failures(outcomes: Iterable[Any]) -> dict[int, BaseException]:
    """Return the errors of those that failed, by index."""
    return {outcome.index: outcome.error for outcome in outcomes if isinstance(outcome, cs.Failure)}
