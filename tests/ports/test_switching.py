"""A run that changes ports in its midst: no item is lost or run twice, whatever happens on the way."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from concurrent_strategies import AsyncioStrategy, Failure, ProcessStrategy, Success, ThreadStrategy
from concurrent_strategies._core.base import BaseStrategy, Job
from concurrent_strategies._core.bell import Bell
from concurrent_strategies._core.crew import Crew
from concurrent_strategies._core.port import Broken, Chunk, Done, Port, Report, Returned
from concurrent_strategies._ports.switching import SwitchingPort
from concurrent_strategies._strategy import Traits

LATE = 200  # items from here on wait until both ports have been at work


def logged(log: str, item: int) -> tuple[int, int]:
    """Note the item in a file, and return it with the process it ran in."""
    with Path(log).open("a") as file:
        file.write(f"{item}\n")
    return item, os.getpid()


def met(log: str, home: int, item: int) -> tuple[int, int]:
    """Do the same; late items wait until there was one here and one elsewhere."""
    seen(log, home)
    while item >= LATE and not both(log):
        time.sleep(0.001)
    return logged(log, item)


def seen(log: str, home: int) -> None:
    """Note that an item is here, or elsewhere."""
    Path(f"{log}.{'here' if os.getpid() == home else 'elsewhere'}").touch()


def both(log: str) -> bool:
    """Tell whether both have been seen."""
    return Path(f"{log}.here").exists() and Path(f"{log}.elsewhere").exists()


def failing(log: str, item: int) -> int:
    """Fail for every seventh item."""
    logged(log, item)
    if item % 7 == 3:
        raise ValueError(item)
    return item


async def amet(log: str, home: int, item: int) -> tuple[int, int]:
    """Do the same as a coroutine."""
    seen(log, home)
    while item >= LATE and not both(log):
        await asyncio.sleep(0.001)
    return logged(log, item)


class ScriptedPort(SwitchingPort):
    """Goes on with the next strategy when so many items are done."""

    def __init__(self, job: Job, strategies: Sequence[BaseStrategy], after: int, calls: int | None = None) -> None:
        self._calls_then = calls
        self._made = [strategy.__enter__() for strategy in strategies]
        self._job = job
        self._after = after
        self._done = 0
        self._step = 0
        super().__init__(self._opened(0), self._made[0].most())

    def _opened(self, step: int) -> Port:
        strategy, job = self._made[step], self._job
        warm = strategy.warm()
        assert warm is not None
        return strategy.open(Job(job.call, warm[0], strategy.most(), job.loop))

    def poll(self) -> list[Report]:
        """Count, and switch."""
        reports = super().poll()
        self._done += sum(len(report.values) for report in reports if isinstance(report, Done))
        if not self.changing and self._done >= self._after * (self._step + 1) and self._step + 1 < len(self._made):
            self._step += 1
            strategy = self._made[self._step]
            self.switch(self._opened(self._step), self._calls_then or strategy.most())
        return reports

    def close(self) -> None:
        """Close the strategies, too."""
        super().close()
        for strategy in self._made:
            strategy.close()


class Scripted(BaseStrategy):
    """Goes from one strategy to the next."""

    name = "scripted"
    traits = Traits()

    def __init__(
        self, *made: Callable[[], BaseStrategy], after: int = 40, calls: int | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.calls = calls
        self.made = made
        self.after = after

    def default_workers(self) -> int:
        """Return four."""
        return 4

    def hire(self, workers: int) -> Crew:
        """Have no workers of its own."""
        return Crew()

    def open(self, job: Job) -> Port:
        """Open the port that switches."""
        return ScriptedPort(job, [make() for make in self.made], self.after, self.calls)


def inner() -> BaseStrategy:
    """Return processes with two threads each."""
    return ProcessStrategy(2, inner=ThreadStrategy(2))


WAYS: dict[str, tuple[Callable[[], BaseStrategy], ...]] = {
    "one thread, processes": (partial(ThreadStrategy, 1), partial(ProcessStrategy, 2)),
    "threads, processes, threads": (
        partial(ThreadStrategy, 4),
        partial(ProcessStrategy, 2),
        partial(ThreadStrategy, 3),
    ),
    "processes, one thread": (partial(ProcessStrategy, 2), partial(ThreadStrategy, 1)),
    "one thread, a hybrid": (partial(ThreadStrategy, 1), inner),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_item_runs_once_and_keeps_its_place(way: str, tmp_path: Path) -> None:
    """On every way from one port to the next; and the last of them has been at work."""
    log = tmp_path / "log"
    values = Scripted(*WAYS[way]).map(partial(met, str(log), os.getpid()), range(400), chunksize=5)
    assert [item for item, _ in values] == list(range(400))
    assert sorted(map(int, log.read_text().split())) == list(range(400))
    assert len({pid for _, pid in values}) > 1


@pytest.mark.parametrize("way", WAYS)
def test_failing_items_fail_alone(way: str, tmp_path: Path) -> None:
    """Before, during and after the change."""
    func = partial(failing, str(tmp_path / "log"))
    outcomes = list(Scripted(*WAYS[way]).outcomes(func, range(400), chunksize=3))
    assert [outcome.index for outcome in outcomes] == list(range(400))
    assert [outcome.index for outcome in outcomes if isinstance(outcome, Failure)] == list(range(3, 400, 7))
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(400))


def test_coroutines_go_on_in_processes(tmp_path: Path) -> None:
    """From one loop to a loop in each of two processes."""
    made = (partial(AsyncioStrategy, 4), lambda: ProcessStrategy(2, inner=AsyncioStrategy(2)))
    values = Scripted(*made).map(partial(amet, str(tmp_path / "log"), os.getpid()), range(400), chunksize=5)
    assert [item for item, _ in values] == list(range(400))
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(400))
    assert len({pid for _, pid in values}) > 1


def test_what_a_loop_has_not_begun_goes_on_elsewhere(tmp_path: Path) -> None:
    """Also what it was given after the change, while the processes were still starting."""
    made = (partial(AsyncioStrategy, 2), lambda: ProcessStrategy(2, inner=AsyncioStrategy(2)))
    strategy = Scripted(*made, calls=4)
    for chunksize in (3, 40):
        log = tmp_path / f"log-{chunksize}"
        values = strategy.map(partial(amet, str(log), os.getpid()), range(600), chunksize=chunksize)
        assert [item for item, _ in values] == list(range(600))
        assert sorted(map(int, log.read_text().split())) == list(range(600))


def test_a_consumer_that_leaves_early_ends_all_of_them(tmp_path: Path) -> None:
    """The stream is closed after the change; nothing starts afterwards."""
    log = tmp_path / "log"
    with Scripted(*WAYS["one thread, processes"]).stream(partial(logged, str(log)), range(4000), chunksize=2) as stream:
        for _ in range(100):
            next(stream)
    ran = log.read_text().split()
    assert 100 <= len(ran) == len(set(ran)) < 4000


def test_an_item_that_cannot_be_sent_stays_here() -> None:
    """It has not begun, so it may as well run where it is: nothing is lost by the change."""
    locks = [threading.Lock() if item == 250 else item for item in range(300)]
    values = Scripted(*WAYS["one thread, processes"]).map(_itself, locks, chunksize=5)
    assert values[:250] == locks[:250]
    assert values[250] is locks[250]


def _itself(item: Any) -> Any:
    return item


class NoWorkers(ThreadStrategy):
    """A strategy that can have no workers after all."""

    def open(self, job: Job) -> Port:
        """Open a port that says so at the first chunk."""
        return _NoWorkersPort(job)


class _NoWorkersPort(ScriptedPort):
    def __init__(self, job: Job) -> None:
        super().__init__(job, [ThreadStrategy(2)], 1 << 30)

    def start(self, chunk: Any) -> None:
        self._say(Broken(OSError("no more processes")))
        self._say(Returned(chunk.id, chunk.first, len(chunk.items)))

    def _passed(self, port: Port, report: Report) -> bool:
        return True


def test_a_port_without_workers_is_left_again(tmp_path: Path) -> None:
    """The run goes on where it began."""
    log = tmp_path / "log"
    strategy = Scripted(partial(ThreadStrategy, 1), partial(NoWorkers, 2))
    values = strategy.map(partial(logged, str(log)), range(300), chunksize=5)
    assert values == [(item, os.getpid()) for item in range(300)]
    assert sorted(map(int, log.read_text().split())) == list(range(300))


class Counted:
    """Counts the calls at once, over threads."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._full = threading.Event()

    def __call__(self, item: int) -> int:
        """Be under way for a moment."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._full.wait(0.002)
        with self._lock:
            self._now -= 1
        return item


def test_calls_at_once_stay_within_their_bound_during_the_change() -> None:
    """What the first port has begun counts until it has ended."""
    counted = Counted()
    strategy = Scripted(partial(ThreadStrategy, 4), partial(ThreadStrategy, 4), partial(ThreadStrategy, 4), after=30)
    assert strategy.map(counted, range(200), max_workers=4) == list(range(200))
    assert counted.most == 4


def test_outcomes_say_where_they_come_from(tmp_path: Path) -> None:
    """The worker of each is that of the port it ran at."""
    func = partial(met, str(tmp_path / "log"), os.getpid())
    outcomes = list(Scripted(*WAYS["one thread, processes"]).outcomes(func, range(300), chunksize=5))
    assert all(isinstance(outcome, Success) and outcome.worker for outcome in outcomes)
    assert len({outcome.worker for outcome in outcomes}) > 1


class _Lingering(Port):
    """A port whose last call ends after it was closed, when it likes."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.quiet = False

    def resize(self, workers: int) -> None:
        """Do nothing."""

    def start(self, chunk: Chunk) -> None:
        """Do nothing."""

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Do nothing."""

    def stop(self, chunk: Chunk, index: int) -> None:
        """Do nothing."""

    def poll(self) -> list[Report]:
        """Say nothing."""
        return []

    def close(self) -> None:
        """Leave the call under way."""


def test_the_bell_is_closed_also_if_the_last_call_ends_while_nobody_looks() -> None:
    """Whoever closes the run looks until the port is quiet, and no further: that look has to close the bell."""
    lingering = _Lingering()
    port = SwitchingPort(lingering, 1)
    port.close()
    lingering.quiet = True
    assert not port.quiet
    port.poll()
    assert port.quiet
    assert port.bell.wait(0)  # a closed one keeps nobody waiting
    port.poll()
