"""The rules of a run, and nothing else: what becomes of each item, what goes out now, what is overdue, when to stop;
what starts next, how long a chunk may be and what is called back stand in `schedule.py`.

The law of this file: a decision needs no thread, no loop, no clock, no input and no output. Time is an argument, what
the workers say comes in as reports, what they are to do goes out as commands. Whoever drives holds a lock.

    feed(items), exhaust() -->         --> plan(now, seats, span) -> commands  --> port
    report(reports, now)   -->   Run   --> take() -> [Block | Fault]           --> consumer
                                       --> due() -> when to look again
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from .._errors import RunTimeout, TaskTimeout
from .ledger import Held
from .pace import Pace
from .port import Broken, Died, Done, Failed, Report, Returned, Scattered, Started
from .rules import Rules
from .schedule import Command, Schedule
from .shelf import Block, Entry, Fault, Shelf
from .verdict import Verdict
from .window import Window


class Run:
    """One call of a verb, from its first item to its last outcome.

    Args:
        rules: what was asked for.
        now: the time at which it begins; seconds on any clock that all later times are on.
        total: how many items there will be, where that is known.

    Attributes:
        fatal: the error that ends the run as a whole, once there is one.
        done: how many items have an outcome.
        faults: the failed items so far, where `max_failures` bounds them.
        overflowed: whether that bound was reached.
        logs: whether finished entries are kept for `fresh`.
    """

    overflowed: bool

    def __init__(self, rules: Rules, now: float, total: int | None = None, chance: random.Random | None = None) -> None:
        self.fatal: BaseException | None = None
        self.done: int = 0
        self.faults: list[Fault] = []  # kept only where there is a limit on them
        self.overflowed = False
        self.logs = False
        self._fresh: list[Entry] = []
        self._rules = rules
        self._total = total
        self._chance = chance
        self._deadline = None if rules.timeout is None else now + rules.timeout
        self._schedule = Schedule(rules, now)
        self._shelf = Shelf(rules.ordered)
        self._window = Window(rules.window)
        self._input_error: BaseException | None = None
        self._broken: Exception | None = None
        self._verdict = Verdict()

    # ------------------------------------------------------------------------------------------------ the input

    @property
    def halted(self) -> bool:
        """Whether nothing may start any more."""
        return self._schedule.halted

    @property
    def horizon(self) -> int | None:
        """The index behind which nothing may start any more: the lowest failed one of a fail-fast run."""
        return self._schedule.horizon

    @property
    def pace(self) -> Pace:
        """The pace of all seats together."""
        return self._schedule.paces.common

    @property
    def read(self) -> int:
        """How many items have been read from the input."""
        return self._window.read

    @property
    def wants(self) -> int:
        """How many more items may be read from the input now."""
        if self._schedule.ended or self.halted or self.horizon is not None or self._broken:
            return 0
        window = self._window
        return window.room(in_turn=self.idle or not self._schedule.trifling(window.size))

    def feed(self, items: Sequence[Any]) -> None:
        """Take items that were read from the input, in its order."""
        first = self._window.fed(len(items))
        # The run may have been stopped while the caller was reading: then nothing of this may start any more.
        if self._broken is not None and self._total is None:
            for index in range(first, self.read):
                self._put(Fault(index, self._broken, None, 0, ""))
        elif not (self.halted or self._broken or self.horizon is not None):
            self._schedule.backlog.add(first, items)

    def known(self, value: Any) -> None:
        """Take, in the place of the next item, the result that it had in an earlier run."""
        index = self._window.fed(1)
        if index == 0:
            self._verdict.allowed = True  # what the first item returned is no longer known: either may come
        self._put(Block(index, [value], None, 0, ""))

    def fresh(self) -> list[Entry]:
        """Return what was finished since the last call, in order of completion; only where `logs` is set."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def fail(self, error: BaseException) -> None:
        """End the run as a whole by an error that is no item's."""
        self.fatal = self.fatal or error
        self.halt()

    def exhaust(self, error: BaseException | None = None) -> None:
        """Learn that the input has ended; by `error`, if it raised."""
        self._schedule.ended = True
        self._input_error = self._input_error or error

    # --------------------------------------------------------------------------------------------- the consumer

    def take(self) -> list[Entry]:
        """Return what may go to the consumer now; what the last call returned counts as consumed from here on."""
        batch = self._shelf.take()
        self._window.hand(sum(map(len, batch)))
        return batch

    @property
    def finished(self) -> bool:
        """Whether everything that will ever go out has been taken."""
        if self.fatal is not None or self.halted:
            return True
        return (
            self._schedule.ended and not self._schedule.held and self._schedule.backlog.empty and not self._shelf.ready
        )

    @property
    def quiet(self) -> bool:
        """Whether no chunk is under way."""
        return not self._schedule.held

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do until more is fed: no chunk under way, and none that could be."""
        return not self._schedule.held and self._schedule.backlog.empty

    @property
    def ending(self) -> BaseException | None:
        """What to raise when the run has finished: why it ended as a whole, or what the input raised."""
        return self.fatal or self._input_error or (self._broken if self._total is None else None)

    # -------------------------------------------------------------------------------------------------- reports

    def report(self, reports: Sequence[Report], now: float) -> None:
        """Take in what the workers said."""
        for report in reports:
            if isinstance(report, Broken):
                self._break(report.error)
                continue
            held = self._schedule.held.get(report.chunk)
            if held is None:  # a chunk that was over when it was called back, or that was given up
                continue
            before = held.open
            if isinstance(report, Done):
                self._on_done(held, report)
            elif isinstance(report, Scattered):
                self._on_scattered(held, report)
            elif isinstance(report, Started):
                held.start(report.first, report.count, now, self._rules.task_timeout is not None)
            elif isinstance(report, Failed):
                self._on_failed(held, report, now)
            elif isinstance(report, Returned):
                self._on_returned(held, report, now)
            elif isinstance(report, Died):
                self._on_died(held, report, now)
            held.heard = now
            self._schedule.weigh(held, before)

    def _on_done(self, held: Held, report: Done) -> None:
        values, attempt = report.values, held.chunk.attempt
        self._schedule.paces.measured(held.chunk.seat, report.seconds, len(values), report.groups)
        each: list[float] | float | None = report.seconds if len(values) == 1 else report.each
        for first, end in held.settle(report.first, len(values)):
            part = values
            if end - first != len(values):
                low, high = first - report.first, end - report.first
                part = values[low:high]
                each = report.each[low:high] if report.each else None
            self._put(Block(first, part, each, attempt, report.worker), report.awaited)

    def _on_scattered(self, held: Held, report: Scattered) -> None:
        plain = self._rules.ordered and held.chunk.attempt == 1 and not self.logs
        if plain and self._verdict.settled(report.awaited) and held.settle_each(report.indices):
            self._schedule.paces.measured(held.chunk.seat, sum(report.seconds), len(report.seconds))
            self.done += len(report.indices)
            self._shelf.put_each(report)
            return
        for done in report.apart():
            self._on_done(held, done)

    def _on_failed(self, held: Held, report: Failed, now: float) -> None:
        if report.seconds is not None and not self._rules.cautious:
            self._schedule.paces.measured(held.chunk.seat, report.seconds, 1)
        if held.settle(report.index, 1):
            self._fail(held, report.index, report.error, now, report.seconds, report.worker)

    def _on_returned(self, held: Held, report: Returned, now: float) -> None:
        held.recalled = not report.count  # whoever had nothing to give back is not asked again
        if report.cut and self._schedule.span == 1:
            held.narrow()
        if report.count == len(held.chunk.items):
            self._schedule.bounced(held)
        for first, end in held.settle(report.first, report.count) if report.count else ():
            self._requeue(first, held.items(first, end - first), held.chunk.attempt, now)

    def _on_died(self, held: Held, report: Died, now: float) -> None:
        for first, items in held.give_up_unstarted():
            self._requeue(first, items, held.chunk.attempt, now)
        lost = held.under_way()
        if self.halted:  # nobody will see an error, and the interpreter may be too far gone to import one
            held.settle(held.chunk.first, len(held.chunk.items))
            return
        from .._deaths import WorkerDied  # loads concurrent.futures, only for programs that meet a death

        for index in lost:
            held.settle(index, 1)
            error = WorkerDied(index, report.pid, report.exitcode, indeterminate=len(lost) > 1)
            self._fail(held, index, error, now)

    def _requeue(self, first: int, items: Sequence[Any], attempt: int, now: float) -> None:
        if self._broken is None:
            self._schedule.requeue(first, items, attempt, now)
            return
        for index in range(first, first + len(items)):
            self._put(Fault(index, self._broken, None, 0, ""))

    def _fail(
        self, held: Held, index: int, error: BaseException, now: float, seconds: float | None = None, worker: str = ""
    ) -> None:
        attempt, retry = held.chunk.attempt, self._rules.retry
        behind = self.horizon is not None and index > self.horizon
        if retry is not None and not (self._broken or behind) and retry.covers(error, attempt):
            if not self.halted:  # else it has no outcome, as it would have been run again
                self._chance = self._chance or random.Random()
                due = now + retry.delay(attempt, self._chance.random())
                self._schedule.backlog.again(due, index, attempt + 1, held.items(index, 1)[0])
            return
        self._put(Fault(index, error, seconds, attempt, worker).of(held.items(index, 1)[0]))

    def _put(self, entry: Entry, awaited: bool = False) -> None:
        """Shelve an outcome, unless the first item has to tell before what the function may return."""
        for passed in self._verdict.passed(entry, awaited):
            self._shelve(passed)

    def _shelve(self, entry: Entry) -> None:
        self.done += len(entry)
        if self.logs:
            self._fresh.append(entry)
        self._shelf.put(entry)
        if isinstance(entry, Block):
            return
        if self._rules.fail_fast and (self.horizon is None or entry.first < self.horizon):
            self._schedule.stop_behind(entry.first if self._rules.ordered else -1)
        if self._rules.max_failures is not None and not self.overflowed:  # others may have failed before anybody looked
            self.faults.append(entry)
            if len(self.faults) >= self._rules.allowed(self.done, self._total):
                self.overflowed = True
                self.halt()

    def _break(self, error: Exception) -> None:
        """Fail every item that is read and not under way: there is nobody left to run it."""
        if self._broken is not None:  # several workers may find out at once
            return
        self._broken = error
        for index, attempt in self._schedule.backlog.drain():
            self._put(Fault(index, error, None, attempt - 1, ""))
        if self._total is not None:
            for index in range(self.read, self._total):
                self._put(Fault(index, error, None, 0, ""))
        self._schedule.ended = True

    # ----------------------------------------------------------------------------------------------------- plan

    def halt(self) -> None:
        """Start nothing any more and forget what has not started; what is under way no longer matters."""
        self._schedule.halt()

    def demand(self, now: float, inner: int) -> int:
        """Return how many workers, of `inner` calls at once each, could have work now."""
        return self._schedule.demand(now, inner)

    def busy(self, span: int, inner: int) -> int:
        """Return how many workers have work now."""
        return self._schedule.busy(span, inner)

    def plan(self, now: float, seats: int, span: int) -> list[Command]:
        """Decide what the port is to do now, with so many `seats` that may be given work, each of `span` calls."""
        if self._deadline is not None and now >= self._deadline and not self.finished:
            self.fail(RunTimeout(self._rules.timeout or 0.0, self.done))
        commands: list[Command] = []
        for held, index, since in self._schedule.overdue(now):
            commands.append(("stop", held.chunk, index))
            self._fail(held, index, TaskTimeout(index, self._rules.task_timeout or 0.0), now, now - since)
        return commands + self._schedule.plan(now, seats, span)

    def due(self, now: float, span: int) -> float:
        """Return the time at which `plan` has something to decide even if nothing is reported."""
        due = self._schedule.due(now, span)
        return due if self._deadline is None else min(due, self._deadline)

    def slack(self, seats: int, span: int, *, attended: bool, hurries: bool = False) -> float:
        """Return for how many seconds nobody needs to look, although something may be reported meanwhile."""
        return self._schedule.slack(seats, span, attended=attended, hurries=hurries)
