"""The rules of a run, and nothing else: what starts next, how long a chunk may be, what goes out now, what is
overdue, what is called back, when to stop.

The law of this file: a decision needs no thread, no loop, no clock, no input and no output. Time is an argument, what
the workers say comes in as reports, what they are to do goes out as commands. Whoever drives holds a lock.

    feed(items), exhaust() -->         --> plan(now, seats, span) -> commands  --> port
    report(reports, now)   -->   Run   --> take() -> [Block | Fault]           --> consumer
                                       --> due() -> when to look again
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .._errors import RunTimeout, TaskTimeout, late_awaitable
from .._options import Retry
from .backlog import Backlog
from .ledger import Held
from .pace import BEAT, Pace
from .port import Broken, Chunk, Died, Done, Failed, Report, Returned, Started
from .shelf import Block, Entry, Fault, Shelf

PATIENCE = 0.001  # seconds a chunk must have been silent before an idle seat has it called back
SPARED = 0.0002  # seconds below which it is not worth pausing before the next look
SILENCE = 0.005  # seconds after which a group of short items is no longer believed to be short

Command: TypeAlias = tuple[Literal["start", "recall", "stop"], Chunk, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The options that the rules of a run depend on, with every default filled in; `Options` says what each means.

    `window` is `buffersize` (`None`: the whole input), `fail_fast` is `on_error="raise"`, and `task_timeout` is `None`
    also where calls cannot be judged before they return.
    """

    ordered: bool = True
    fail_fast: bool = False
    window: int | None = None
    chunksize: int | None = None
    timeout: float | None = None
    task_timeout: float | None = None
    retry: Retry | None = None
    rate: float | None = None
    max_failures: float | None = None


class Run:
    """One call of a verb, from its first item to its last outcome.

    Args:
        rules: what was asked for.
        now: the time at which it begins; seconds on any clock that all later times are on.
        total: how many items there will be, where that is known.

    Attributes:
        fatal: the error that ends the run as a whole, once there is one.
        done: how many items have an outcome.
        read: how many items have been read from the input.
        faults: the failed items so far, where `max_failures` bounds them.
        overflowed: whether that bound was reached.
        logs: whether finished entries are kept for `fresh`.
    """

    def __init__(self, rules: Rules, now: float, total: int | None = None, chance: random.Random | None = None) -> None:
        self.fatal: BaseException | None = None
        self.done = 0
        self.faults: list[Fault] = []  # kept only where there is a limit on them
        self.overflowed = False
        self.logs = False
        self._fresh: list[Entry] = []
        self._rules = rules
        self._total = total
        self._chance = chance or random.Random()
        self._deadline = None if rules.timeout is None else now + rules.timeout
        self._next_start = now
        self._next_start_is_later = False
        self._pace = Pace(1 if rules.rate else rules.chunksize)
        self._backlog = Backlog()
        self._shelf = Shelf(rules.ordered)
        self._held: dict[int, Held] = {}
        self._seats = 0
        self._load: dict[int, int] = {}  # seat -> items handed to it and not settled
        self.read = self._handed = self._handing = 0
        self._chunks = 0
        self._ended = self._halted = False
        self._input_error: BaseException | None = None
        self._broken: Exception | None = None
        self._horizon: int | None = None  # lowest failed index of a fail-fast run: nothing behind it starts
        self._first_awaited: bool | None = None
        self._undecided: list[Entry] = []

    # ------------------------------------------------------------------------------------------------ the input

    @property
    def wants(self) -> int:
        """How many more items may be read from the input now."""
        if self._ended or self._halted or self._horizon is not None or self._broken:
            return 0
        if self._rules.window is None:
            return 1 << 40
        return max(0, self._rules.window - (self.read - self._handed))

    def feed(self, items: Sequence[Any]) -> None:
        """Take items that were read from the input, in its order."""
        first = self.read
        self.read += len(items)
        # The run may have been stopped while the caller was reading: then nothing of this may start any more.
        if self._broken is not None and self._total is None:
            for index in range(first, self.read):
                self._put(Fault(index, self._broken, None, 0, ""))
        elif not (self._halted or self._broken or self._horizon is not None):
            self._backlog.add(first, items)

    def known(self, value: Any) -> None:
        """Take, in the place of the next item, the result that it had in an earlier run."""
        self._put(Block(self.read, [value], None, 0, ""))
        self.read += 1

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
        self._ended = True
        self._input_error = self._input_error or error

    # --------------------------------------------------------------------------------------------- the consumer

    def take(self) -> list[Entry]:
        """Return what may go to the consumer now; what the last call returned counts as consumed from here on."""
        self._handed += self._handing
        batch = self._shelf.take()
        self._handing = sum(map(len, batch))
        return batch

    @property
    def finished(self) -> bool:
        """Whether everything that will ever go out has been taken."""
        if self.fatal is not None or self._halted:
            return True
        return self._ended and not self._held and self._backlog.empty and not self._shelf.ready

    @property
    def quiet(self) -> bool:
        """Whether no chunk is under way."""
        return not self._held

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do until more is fed: no chunk under way, and none that could be."""
        return not self._held and self._backlog.empty

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
            held = self._held.get(report.chunk)
            if held is None:  # a chunk that was over when it was called back, or that was given up
                continue
            before = held.open
            if isinstance(report, Done):
                self._on_done(held, report)
            elif isinstance(report, Started):
                held.start(report.first, report.count, now, self._rules.task_timeout is not None)
            elif isinstance(report, Failed):
                self._on_failed(held, report, now)
            elif isinstance(report, Returned):
                self._on_returned(held, report, now)
            elif isinstance(report, Died):
                self._on_died(held, report, now)
            held.heard = now
            self._weigh(held, before)

    def _weigh(self, held: Held, before: int) -> None:
        """Keep the load of the seat, and forget the chunk when all of it is settled."""
        self._load[held.chunk.seat] -= before - held.open
        if not held.open:
            self._held.pop(held.chunk.id, None)

    def _on_done(self, held: Held, report: Done) -> None:
        values, attempt = report.values, held.chunk.attempt
        self._pace.measured(report.seconds, len(values))
        each: list[float] | float | None = report.seconds if len(values) == 1 else report.each
        for first, end in held.settle(report.first, len(values)):
            part = values
            if end - first != len(values):
                low, high = first - report.first, end - report.first
                part = values[low:high]
                each = report.each[low:high] if report.each else None
            self._put(Block(first, part, each, attempt, report.worker), report.awaited)

    def _on_failed(self, held: Held, report: Failed, now: float) -> None:
        if report.seconds is not None:
            self._pace.measured(report.seconds, 1)
        if held.settle(report.index, 1):
            self._fail(held, report.index, report.error, now, report.seconds, report.worker)

    def _on_returned(self, held: Held, report: Returned, now: float) -> None:
        held.recalled = False
        held.narrow()
        for first, end in held.settle(report.first, report.count) if report.count else ():
            self._requeue(first, held.items(first, end - first), held.chunk.attempt, now)

    def _on_died(self, held: Held, report: Died, now: float) -> None:
        from .._deaths import WorkerDied  # loads concurrent.futures, only for programs that meet a death

        for first, items in held.give_up_unstarted():
            self._requeue(first, items, held.chunk.attempt, now)
        lost = held.under_way()
        for index in lost:
            held.settle(index, 1)
            error = WorkerDied(index, report.pid, report.exitcode, indeterminate=len(lost) > 1)
            self._fail(held, index, error, now)

    def _requeue(self, first: int, items: Sequence[Any], attempt: int, now: float) -> None:
        if self._halted:
            return
        if self._broken:
            for index in range(first, first + len(items)):
                self._put(Fault(index, self._broken, None, 0, ""))
        elif self._horizon is not None and first + len(items) > self._horizon + 1:
            items = items[: max(0, self._horizon + 1 - first)]
        if self._broken or not items:
            return
        if attempt > 1:
            self._backlog.again(now, first, attempt, items[0])
        else:
            self._backlog.give_back(first, items)

    def _fail(
        self, held: Held, index: int, error: BaseException, now: float, seconds: float | None = None, worker: str = ""
    ) -> None:
        attempt, retry = held.chunk.attempt, self._rules.retry
        stopped = self._halted or self._broken or (self._horizon is not None and index > self._horizon)
        if retry is not None and not stopped and retry.covers(error, attempt):
            due = now + retry.delay(attempt, self._chance.random())
            self._backlog.again(due, index, attempt + 1, held.items(index, 1)[0])
            return
        self._put(Fault(index, error, seconds, attempt, worker).of(held.items(index, 1)[0]))

    def _put(self, entry: Entry, awaited: bool = False) -> None:
        """Shelve an outcome, after the colour of the function has been settled by what the first item returned."""
        if entry.first == 0 and self._first_awaited is None:
            self._first_awaited = awaited or isinstance(entry, Fault)
            undecided, self._undecided = self._undecided, []
            for earlier in undecided:
                self._put(earlier, True)
        if awaited and self._first_awaited is None:
            self._undecided.append(entry)
            return
        if awaited and not self._first_awaited:
            for index in range(entry.first, entry.first + len(entry)):
                self._shelve(Fault(index, late_awaitable(), entry.seconds, entry.attempt, entry.worker))
            return
        self._shelve(entry)

    def _shelve(self, entry: Entry) -> None:
        self.done += len(entry)
        if self.logs:
            self._fresh.append(entry)
        self._shelf.put(entry)
        if isinstance(entry, Block):
            return
        if self._rules.fail_fast and (self._horizon is None or entry.first < self._horizon):
            self._horizon = entry.first if self._rules.ordered else -1
            self._backlog.truncate(self._horizon)
        limit = self._rules.max_failures
        if limit is not None:
            self.faults.append(entry)
            if len(self.faults) >= self._allowed(limit):
                self.overflowed = True
                self.halt()

    def _allowed(self, limit: float) -> float:
        if limit >= 1:
            return limit
        if self._total is not None:
            return max(1.0, limit * self._total)
        return limit * self.done if self.done >= 20 else float("inf")

    def _break(self, error: Exception) -> None:
        """Fail every item that is read and not under way: there is nobody left to run it."""
        if self._broken is not None:  # several workers may find out at once
            return
        self._broken = error
        for index, attempt in self._backlog.drain():
            self._put(Fault(index, error, None, attempt - 1, ""))
        if self._total is not None:
            for index in range(self.read, self._total):
                self._put(Fault(index, error, None, 0, ""))
        self._ended = True

    # ----------------------------------------------------------------------------------------------------- plan

    def halt(self) -> None:
        """Start nothing any more and forget what has not started; what is under way no longer matters."""
        self._halted = True
        self._backlog.truncate(-1)

    def demand(self, now: float, inner: int) -> int:
        """Return how many workers, of `inner` calls at once each, could have work now."""
        self._backlog.ripen(now)
        self._next_start_is_later = self._rules.rate is not None and now < self._next_start
        waiting = 0 if self._next_start_is_later else self._backlog.count
        return -(-(waiting + sum(self._load.values())) // inner)

    def busy(self, span: int, inner: int) -> int:
        """Return how many workers have work now."""
        return sum(-(-min(load, span) // inner) for load in self._load.values())

    def plan(self, now: float, seats: int, span: int) -> list[Command]:
        """Decide what the port is to do now.

        Args:
            now: the time.
            seats: chunk holders that may be given work.
            span: calls at once within one.
        """
        if self._deadline is not None and now >= self._deadline and not self.finished:
            self.fail(RunTimeout(self._rules.timeout or 0.0, self.done))
        for seat in range(len(self._load), seats):
            self._load[seat] = 0
        self._seats = seats
        commands: list[Command] = []
        if self._rules.task_timeout is not None:
            self._expire(now, commands)
        if self._halted or self._horizon is not None:
            self._call_off(commands)
        if not self._halted:
            self._dispatch(now, seats, span, commands)
            self._rebalance(now, span, commands)
        return commands

    def _dispatch(self, now: float, seats: int, span: int, commands: list[Command]) -> None:
        """Hand out chunks, the emptiest seats first, while there are items and seats that want them."""
        if not self._backlog.count or not seats:
            return
        for ahead in (False, True):
            if ahead and (self._rules.rate or not (span > 1 or self._pace.looks_ahead())):
                return
            for seat in range(seats):
                while self._backlog.count and self._room(seat, span, ahead):
                    if self._rules.rate and not self._may_start(now):
                        return
                    commands.append(("start", self._hand_out(now, seat, seats, span), 0))

    def _room(self, seat: int, span: int, ahead: bool) -> bool:
        load = self._load[seat]
        if not ahead:
            return load < span
        return load <= (self._pace.depth() * span if self._pace.per_item is not None else span)

    def _may_start(self, now: float) -> bool:
        self._next_start_is_later = now < self._next_start
        if self._next_start_is_later:
            return False
        self._next_start = max(now, self._next_start) + 1.0 / (self._rules.rate or 1.0)
        return True

    def _hand_out(self, now: float, seat: int, seats: int, span: int) -> Chunk:
        count = self._pace.size(self._backlog.count, seats, span, self._ended)
        first, items, attempt = self._backlog.cut(count)
        self._chunks += 1
        chunk = Chunk(self._chunks, seat, first, items, attempt)
        self._held[chunk.id] = Held(chunk, now)
        self._load[seat] += len(items)
        return chunk

    def _rebalance(self, now: float, span: int, commands: list[Command]) -> None:
        """Call back what is not started, if a seat is idle, or if a group of short items is not short after all."""
        idle = not self._backlog.count and self._spare(span)
        for held in self._held.values():
            # The same sums as in `due`: a difference of times may round to the other side.
            hidden = span == 1 and held.announced > 1 and now >= held.heard + SILENCE
            if held.recalled or not (hidden or (idle and now >= held.heard + PATIENCE)):
                continue
            if held.can_give_back:
                held.recalled = True
                commands.append(("recall", held.chunk, 1))

    def _call_off(self, commands: list[Command]) -> None:
        """Call back, as a whole, the chunks of which some items must not start any more."""
        for held in self._held.values():
            behind = self._halted or held.chunk.first + len(held.chunk.items) > (self._horizon or 0) + 1
            if behind and not held.recalled and held.can_give_back:
                held.recalled = True
                commands.append(("recall", held.chunk, 0))

    def _expire(self, now: float, commands: list[Command]) -> None:
        """Fail what has run too long; its worker is told to end it."""
        limit = self._rules.task_timeout or 0.0
        for held in list(self._held.values()):
            before = held.open
            while held.running:
                index, since = next(iter(held.running.items()))
                if now < since + limit:
                    break
                held.settle(index, 1)
                commands.append(("stop", held.chunk, index))
                self._fail(held, index, TaskTimeout(index, limit), now, now - since)
            self._weigh(held, before)

    def due(self, now: float, span: int) -> float:
        """Return the time at which `plan` has something to decide even if nothing is reported."""
        times = [now + 60.0]
        if self._deadline is not None:
            times.append(self._deadline)
        if self._backlog.next_attempt is not None:
            times.append(self._backlog.next_attempt)
        if self._next_start_is_later and self._backlog.count:
            times.append(self._next_start)
        for held in self._held.values():
            if held.running:
                times.append(next(iter(held.running.values())) + (self._rules.task_timeout or 0.0))
            if not held.recalled and span == 1 and held.announced > 1:
                times.append(held.heard + SILENCE)
            if not (held.recalled or self._backlog.count) and self._spare(span) and held.can_give_back:
                times.append(max(held.heard + PATIENCE, now + PATIENCE / 2))
        return min(times)

    def slack(self, seats: int, span: int) -> float:
        """Return for how many seconds nobody needs to look, although something may be reported meanwhile.

        While every seat has work for a while, hearing of each item at once would only cost: what is reported waits, and
        is taken in together. Half of what the least busy seat has left by what is known, and never more than a beat.
        """
        per_item = self._pace.per_item
        if per_item is None or not seats or self._halted or self._horizon is not None:
            return 0.0
        least = min(self._load[seat] for seat in range(seats))
        seconds = least * per_item / span / 2
        return min(seconds, BEAT) if seconds > SPARED else 0.0

    def _spare(self, span: int) -> bool:
        return any(self._load[seat] < span for seat in range(self._seats))

