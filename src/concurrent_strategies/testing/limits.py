"""Promises about what bounds a run: failures, attempts, rates and times."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from .._errors import RunTimeout, TaskTimeout, TooManyFailures
from .._options import Retry
from .._outcome import Failure, Success
from .functions import Boom, adouble, double, fail_on, nap, not_there
from .noting import abusy, afail_times, busy, fail_times, note
from .promises import Promises, board, consume, raised


class LimitPromises(Promises):
    """Bounds hold, and cost no more than they must."""

    def test_too_many_failures_end_the_run(self) -> None:
        """At the bound a group of the failures so far is raised, and the rest is not run."""
        group = raised(TooManyFailures, self.new(max_workers=2).map, not_there, range(100_000), max_failures=3)
        assert isinstance(group, ExceptionGroup)
        assert 3 <= len(group.exceptions) < 50_000
        assert all(isinstance(error, Boom) for error in group.exceptions)

    def test_fewer_failures_than_the_bound_end_nothing(self) -> None:
        """All items run, and what `on_error` says is done."""
        with self.new(max_failures=3) as strategy:
            assert strategy.map(fail_on, [(1, 4)] * 6, range(6), on_error="skip") == [0, 2, 3, 5]
            assert raised(Boom, strategy.map, fail_on, [(1, 4)] * 6, range(6)).args == (1,)
            group = raised(ExceptionGroup, strategy.map, fail_on, [(1, 4)] * 6, range(6), on_error="collect")
            assert not isinstance(group, TooManyFailures)

    def test_a_share_of_failures_is_a_bound_too(self) -> None:
        """Half of ten is five: four failures are borne."""
        with self.new(max_failures=0.5) as strategy:
            bad = [(0, 1, 2, 3)] * 10
            assert strategy.map(fail_on, bad, list(range(10)), on_error="skip") == [4, 5, 6, 7, 8, 9]
            raised(TooManyFailures, strategy.map, fail_on, [(0, 1, 2, 3, 4)] * 10, list(range(10)), on_error="skip")

    def test_outcomes_come_until_there_are_too_many_failures(self) -> None:
        """What is finished is handed out before the error."""
        got: list[Any] = []
        raised(TooManyFailures, consume, self.new().outcomes(not_there, range(1000), max_failures=2), got)
        assert [outcome.index for outcome in got] == list(range(len(got)))

    def test_what_ends_a_run_is_raised_also_where_its_input_is_awaited(self) -> None:
        """The bound that was reached, and never the cancellation by which the input learns of it."""

        async def awaited(items: int) -> AsyncIterator[int]:
            import anyio

            for item in range(items):
                yield item
            await anyio.sleep_forever()

        strategy = self.new(max_workers=2)
        raised(TooManyFailures, self.run_async, lambda: strategy.amap(not_there, awaited(100_000), max_failures=1))
        raised(RunTimeout, self.run_async, lambda: strategy.amap(double, awaited(3), timeout=0.3))

    def test_what_is_due_later_comes_with_a_small_window_too(self) -> None:
        """Where each item is read after the last result was taken, and may start only a while after that."""
        strategy = self.new(max_workers=1)
        for buffersize in (1, 2):
            rated = functools.partial(strategy.amap, double, range(4), rate=50.0, buffersize=buffersize)
            assert self.run_async(rated) == [0, 2, 4, 6]

    def test_a_failed_item_is_run_again(self, tmp_path: Path) -> None:
        """Two failures, then a result, which says that it took three attempts."""
        for number, func in enumerate((fail_times, afail_times)):
            folder = tmp_path / str(number)
            folder.mkdir()
            func = functools.partial(func, board(folder), 2)
            outcomes = list(self.new(retry=Retry(attempts=3, wait=0.01)).outcomes(func, range(4)))
            assert [outcome.value for outcome in outcomes] == [0, 1, 2, 3]
            assert [outcome.attempts for outcome in outcomes] == [1, 3, 1, 1]

    def test_attempts_end(self) -> None:
        """What fails each time fails in the end, with the number of its attempts."""
        (failure,) = self.new().outcomes(not_there, [1], retry=3)
        assert isinstance(failure, Failure)
        assert (type(failure.error), failure.attempts) == (Boom, 3)

    def test_without_retry_an_item_runs_once(self, tmp_path: Path) -> None:
        """At most once is the default, whatever happens."""
        notices = board(tmp_path)
        list(self.new().outcomes(functools.partial(fail_times, notices, 5), range(4)))
        assert notices.names("start-1") == {"start-1"}

    def test_only_the_errors_named_are_tried_again(self, tmp_path: Path) -> None:
        """Classes or a predicate decide."""
        with self.new() as strategy:
            for on, attempts in ((ValueError, 1), ((ValueError, Boom), 2), (_is_boom, 2), (_is_no_boom, 1)):
                retry = Retry(attempts=2, on=on, wait=0)
                (outcome,) = strategy.outcomes(not_there, [1], retry=retry)
                assert outcome.attempts == attempts, on

    def test_an_attempt_waits_its_time(self, tmp_path: Path) -> None:
        """Between the end of one attempt and the start of the next lies at least `wait`."""
        notices = board(tmp_path)
        self.new().map(functools.partial(fail_times, notices, 1), range(3), retry=Retry(attempts=2, wait=0.2))
        assert notices.read("start-1.2").at - notices.read("failure").at >= 0.19

    def test_waiting_for_an_attempt_occupies_no_worker(self, tmp_path: Path) -> None:
        """With one worker the other items run while item 1 waits."""
        notices = board(tmp_path)
        func = functools.partial(fail_times, notices, 1)
        strategy = self.new(max_workers=1, retry=Retry(attempts=2, wait=0.3), chunksize=1)
        assert strategy.map(func, range(8)) == list(range(8))
        again = notices.read("start-1.2").at
        assert all(notices.read(f"start-{x}").at < again for x in range(8))

    def test_auto_workers_change_no_result(self, tmp_path: Path) -> None:
        """However many calls at once are found to be right: the same results, errors and attempts, in both colours."""
        with self.new(max_workers="auto") as strategy:
            for func in (double, adouble):
                assert strategy.map(func, range(100)) == list(range(0, 200, 2))
            assert raised(Boom, strategy.map, fail_on, [(7, 30)] * 60, range(60)).args == (7,)
            kinds = [type(outcome) for outcome in strategy.outcomes(fail_on, [(7,)] * 9, range(9))]
            assert kinds == [*[Success] * 7, Failure, Success]
            func = functools.partial(fail_times, board(tmp_path), 2)
            assert strategy.map(func, range(20), retry=Retry(attempts=3, wait=0)) == list(range(20))
        assert self.new().map(double, range(100), max_workers="auto") == list(range(0, 200, 2))

    def test_starts_keep_the_rate(self, tmp_path: Path) -> None:
        """Twenty a second is twenty a second, over all workers together."""
        notices = board(tmp_path)
        with self.new() as strategy:
            strategy.map(nap, [0.01] * 4, chunksize=1)
            strategy.map(functools.partial(note, notices), range(11), rate=20)
        starts = sorted(notices.read(f"start-{x}").at for x in range(11))
        # Starts are handed out on time; how soon a worker notes its own is not ours, so that gaps may shrink a little.
        assert starts[-1] - starts[0] >= 0.6 * 10 / 20

    def test_an_overdue_plain_call_fails_alone(self, tmp_path: Path) -> None:
        """With `TaskTimeout`; and it is really ended where the strategy says so, else its end is only not waited for
        or judged afterwards."""
        self._overdue(busy, "plain", tmp_path)

    def test_an_overdue_coroutine_fails_alone(self, tmp_path: Path) -> None:
        """The same in the other colour."""
        self._overdue(abusy, "async", tmp_path)

    def _overdue(self, func: Any, colour: str, tmp_path: Path) -> None:
        notices = board(tmp_path)
        slow, quick = functools.partial(func, notices, 1.8), functools.partial(func, notices, 0.0)
        calls = [quick, slow, quick, quick, quick, quick]
        with self.new(task_timeout=0.7) as strategy:
            outcomes = list(strategy.outcomes(_each(calls, colour), range(6)))
            assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == [1], outcomes
            error = outcomes[1].error
            assert isinstance(error, TaskTimeout)
            assert (error.index, error.seconds) == (1, 0.7)
            assert [outcome.value for outcome in outcomes if isinstance(outcome, Success)] == [0, 2, 3, 4, 5]
            assert strategy.map(double, range(4)) == [0, 2, 4, 6], "the strategy is usable afterwards"
            began = notices.read("start-1").at
            if colour in strategy.traits.interrupts:
                self.until(lambda: time.monotonic() > began + 2.1, "the time at which the call would have ended")
                assert not notices.has("end-1"), "it was said to be ended"
            else:
                self.await_note(notices, "end-1")

    def test_time_outs_are_tried_again_like_other_errors(self, tmp_path: Path) -> None:
        """An item that is slow once has its result in the second attempt."""
        func = functools.partial(_slow_once, board(tmp_path))
        outcomes = list(self.new(task_timeout=0.4, retry=Retry(attempts=2, wait=0)).outcomes(func, range(3)))
        assert [outcome.value for outcome in outcomes] == [0, 1, 2]
        assert outcomes[1].attempts == 2

    def test_a_slow_consumer_makes_no_item_late(self) -> None:
        """Lateness is judged by the item's own time, not by when its result is looked at."""
        got = []
        with self.new() as strategy:
            strategy.map(nap, [0.0] * 20)  # what it takes to start workers is not what this is about
            for x in strategy.stream(nap, [0.0] * 4 + [0.01] * 4, task_timeout=0.3, chunksize=1):
                self.sleep(0.1)
                got.append(x)
        assert got == [0.0] * 4 + [0.01] * 4

    def test_a_run_has_a_timeout(self) -> None:
        """The whole call ends with `RunTimeout` soon after its time, and says how far it came."""
        with self.new(max_workers=2) as strategy:
            strategy.map(double, range(4))
            began = time.monotonic()
            error = raised(RunTimeout, strategy.map, nap, [0.02] * 10_000, timeout=0.5, chunksize=1)
            assert error.seconds == 0.5
            assert 0 < error.done < 10_000
            assert time.monotonic() - began < 20

    def test_results_in_time_are_handed_out_before_the_timeout(self) -> None:
        """A stream yields what is done, then raises."""
        got: list[float] = []
        naps = [0.0] * 10 + [0.05] * 10_000
        with self.new(max_workers=1) as strategy:
            strategy.map(double, range(4))
            raised(RunTimeout, consume, strategy.stream(nap, naps, timeout=1.0, chunksize=1), got)
        assert got[:10] == [0.0] * 10

    def test_a_run_in_time_is_not_touched(self) -> None:
        """Generous bounds change nothing."""
        strategy = self.new(timeout=100, task_timeout=50, rate=1e6, max_failures=3, retry=2)
        assert strategy.map(double, range(30)) == list(range(0, 60, 2))


def _each(calls: list[Any], colour: str) -> Any:
    """Return one function, in one colour, that runs another one for each item."""
    return functools.partial(_acall if colour == "async" else _call, calls)


def _call(calls: list[Any], x: int) -> Any:
    return calls[x](x)


async def _acall(calls: list[Any], x: int) -> Any:
    return await calls[x](x)


def _slow_once(notices: Any, x: int) -> int:
    notices.put(f"start-{x}")
    if x == 1 and not notices.has("start-1.2"):
        time.sleep(1.0)
    return x


def _is_boom(error: BaseException) -> bool:
    return isinstance(error, Boom)


def _is_no_boom(error: BaseException) -> bool:
    return not isinstance(error, Boom)
