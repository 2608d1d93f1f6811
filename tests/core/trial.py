"""Drives runs over a made-up workshop, as `drive.py` does with real ones, and keeps a diary of what was decided."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from concurrent_strategies._core.rules import Rules
from concurrent_strategies._core.run import Run
from concurrent_strategies._core.shelf import Block, Entry, Fault
from concurrent_strategies._limit import Limit

from .workshop import Fates, Shape, Workshop

MANY_TURNS = 20_000


@dataclass(frozen=True)
class Scenario:
    """Everything that a trial depends on."""

    items: int = 10
    rules: Rules = field(default_factory=Rules)
    fates: Fates = field(default_factory=Fates)
    shape: Shape = field(default_factory=Shape)
    workers: int = 2
    feeds: Sequence[int] = (1 << 40,)  # how many items one pull of the input gives at most
    pulls: Sequence[float] = (0.0,)  # how long it takes; others drive meanwhile
    pauses: Sequence[float] = (0.0,)  # how long the consumer is away after each batch
    sized: bool = True
    input_error: BaseException | None = None
    expected: float | None = None  # what an item took in an earlier run
    closes_after: int | None = None  # outcomes, after which the consumer closes the stream


@dataclass(frozen=True)
class Start:
    """One chunk handed out."""

    at: float
    seat: int
    first: int
    count: int
    attempt: int
    seats: int


class Trial:
    """One made-up run, its workers and its consumer.

    Args:
        scenario: what happens.
        limit: bounds the workers; its own if there is none.
        now: the time at which it begins.
    """

    def __init__(self, scenario: Scenario, limit: Limit | None = None, now: float = 0.0) -> None:
        self.scenario = scenario
        self.rules = scenario.rules
        self.shop = Workshop(scenario.shape, scenario.fates, scenario.rules.task_timeout is not None)
        self.shop.now = self.now = now
        # A given number of jitter for each seed: what a run throws dice for is part of the schedule.
        self.run = Run(self.rules, now, scenario.items if scenario.sized else None, random.Random(0))
        self.run.pace.expected = scenario.expected
        self.rung = False
        self.lease = (limit or Limit(scenario.workers)).lease(self._ring)
        self.starts: list[Start] = []
        self.recalls = 0
        self.stops: list[tuple[float, int]] = []
        self.got: list[Entry] = []
        self.turns = 0
        self.error: BaseException | None = None
        self.read = 0
        self.over = False
        self.horizons: list[tuple[float, int]] = []  # when a failure was known, and the last index that may start
        self.halted_at: float | None = None
        self.ended_at = 0.0
        self._feeds = itertools.cycle(scenario.feeds)
        self._pulls = itertools.cycle(scenario.pulls)
        self._pauses = itertools.cycle(scenario.pauses)
        self._away = 0.0
        self._pulled: range | None = None
        self._handed = 0
        self._handing = 0
        self._workers = -1
        if not scenario.items and scenario.input_error is None:
            self.run.exhaust()

    def _ring(self) -> None:
        self.rung = True

    # -------------------------------------------------------------------------------------------- one step

    def turn(self) -> float:
        """Do what `Engine.turn` does; return when something else is due."""
        self.turns += 1
        assert self.turns < MANY_TURNS, "the run does not come to an end"
        self.rung = False
        self.shop.advance(self.now)
        self.run.report(self.shop.poll(), self.now)
        self._note()
        wanted = self.run.demand(self.now, self.shop.inner)
        workers = self.lease.adjust(wanted, self.run.busy(self.shop.span, self.shop.inner))
        if workers != self._workers:
            self._workers = workers
            self.shop.resize(workers)
        for verb, chunk, detail in self.run.plan(self.now, self.shop.seats, self.shop.span):
            if verb == "start":
                size, at = len(chunk.items), self.shop.now
                self.starts.append(Start(at, chunk.seat, chunk.first, size, chunk.attempt, self.shop.seats))
                assert list(chunk.items) == list(range(chunk.first, chunk.first + size)), "not its own items"
                self.shop.start(chunk)
            elif verb == "recall":
                self.recalls += 1
                self.shop.recall(chunk, bool(detail))
            else:
                self.stops.append((self.now, detail))
                self.shop.stop(chunk, detail)
        return self.run.due(self.now, self.shop.span)

    def _note(self) -> None:
        run = self.run
        if run.horizon is not None and (not self.horizons or self.horizons[-1][1] != run.horizon):
            self.horizons.append((self.now, run.horizon))
        if self.halted_at is None and run.halted:
            self.halted_at = self.now

    def step(self) -> float | None:
        """Do what the driver does next; return until when it would wait, or `None` if there is more to do now."""
        due = self.turn()
        if self.now < self._away:  # the consumer, or the input, is busy: a keeper drives
            return min(due, self._away)
        if self._pulled is not None:
            self._feed(self._pulled)
            self._pulled = None
            return None
        if batch := self.run.take():
            self._deliver(batch)
            return None
        self._handed += self._handing
        self._handing = 0
        if self.run.finished:
            self._end()
            return None
        if wanted := self.run.wants:
            self._pull(wanted)
            return None
        return due

    def _deliver(self, batch: list[Entry]) -> None:
        self._handed += self._handing
        self._handing = sum(map(len, batch))
        self._away = self.now + next(self._pauses)
        for entry in batch:
            self.got.append(entry)
            if isinstance(entry, Fault) and self.rules.fail_fast:
                self.error = entry.error
                self._finish()
                return
        if self.scenario.closes_after is not None and len(self.outcomes) >= self.scenario.closes_after:
            self._finish()

    def _pull(self, wanted: int) -> None:
        count = min(wanted, next(self._feeds), self.scenario.items - self.read)
        self._pulled = range(self.read, self.read + count)
        self.read += count
        window = self.rules.window
        assert window is None or self.read - self._handed <= window, "the window was passed"
        self._away = self.now + next(self._pulls)

    def _feed(self, items: range) -> None:
        self.run.feed(items)
        if self.read >= self.scenario.items:
            self.run.exhaust(self.scenario.input_error)

    def _end(self) -> None:
        self.error = self.run.ending
        self._finish()

    def _finish(self) -> None:
        """Give the run up as `Engine.closing` does: what runs is waited for here until it ends or hangs."""
        self.over = True
        self.ended_at = self.now
        self.run.halt()
        while not self.run.quiet:
            self.turn()
            event = self.shop.next_event
            if event == float("inf") and not self.shop.has_reports:
                break
            self.now = max(self.now, event if not self.shop.has_reports else self.now)
        self.lease.end()
        self.shop.close()

    # ----------------------------------------------------------------------------------------- what came out

    @property
    def outcomes(self) -> list[tuple[int, int | BaseException, int]]:
        """What the consumer got: (index, value or error, attempt), in the order in which it came."""
        rows: list[tuple[int, int | BaseException, int]] = []
        for entry in self.got:
            if isinstance(entry, Block):
                rows += [(entry.first + k, value, entry.attempt) for k, value in enumerate(entry.values)]
            else:
                rows.append((entry.first, entry.error, entry.attempt))
        return rows


def play(*trials: Trial) -> None:
    """Let the trials run beside each other, on one clock, to their end."""
    now = 0.0
    waits = dict.fromkeys(trials, now)
    while alive := [trial for trial in trials if not trial.over]:
        for trial in alive:
            trial.now = now
            if trial.rung or trial.shop.next_event <= now or trial.shop.has_reports or waits[trial] <= now:
                until = trial.step()
                waits[trial] = now if until is None else until
        alive = [trial for trial in trials if not trial.over]
        if any(trial.rung or trial.shop.has_reports or waits[trial] <= now for trial in alive):
            continue
        times = [time for trial in alive for time in (waits[trial], trial.shop.next_event)]
        if times:
            following = min(times)
            assert following > now or any(t.shop.next_event <= now for t in alive), "time stands still"
            assert following < now + 59, "the run waits for nothing"
            now = max(now, following)


def tried(scenario: Scenario) -> Trial:
    """Play one scenario and return the trial."""
    trial = Trial(scenario)
    play(trial)
    return trial
