"""What starts where and when, and what is called back: one half of the rules of a run; `run.py` is the other.

The same law as there: no thread, no loop, no clock, no input and no output; time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

from .backlog import Backlog
from .ledger import Held
from .pace import BEAT, FIRST, SHORT_BEAT, TINY, TRIFLE, Paces
from .port import Chunk
from .rules import Rules

PATIENCE = 0.001  # seconds a chunk must have been silent before an idle seat has it called back, to begin with
LONGEST_PATIENCE = 0.25
SPARED = 0.0002  # seconds below which it is not worth pausing before the next look
PAUSE = 0.002  # seconds that whoever drives looks away at most, while every seat has more to do than that
LONG_PAUSE = 0.01  # the same while nobody waits for results
LONGEST_PAUSE = 0.03  # the same if it ends as soon as a seat has nothing left to do
MANY = 8  # seats of which one may be idle for a moment
STORE = 2  # a seat gets another chunk in store while it has no more to do than so many times its length
MOMENT = 0.002  # seconds of work for which nobody else is started
ASKING = 0.00025  # seconds that it costs to call something back and to hand it out anew, for each seat
STOCK = 0.1  # seconds of work that wait at the only seat, for many calls at once to claim from
UNKNOWN = 4  # items for each of these calls that wait there before it is known how long one takes
SILENCE = 0.005  # seconds after which a group of short items is no longer believed to be short

Command: TypeAlias = tuple[Literal["start", "recall", "stop"], Chunk, int]


class Schedule:
    """Which items wait, which are under way and where, and when the next may start.

    Args:
        rules: what was asked for.
        now: the time at which the run begins.

    Attributes:
        backlog: what is read and not started.
        held: the chunks under way, by their number.
        paces: the measured length of the items, at each seat.
        ended: whether all the input has been read.
        halted: whether nothing may start any more.
        horizon: index behind which nothing may start any more: the lowest that has failed.
        span: calls at once within one seat.
    """

    def __init__(self, rules: Rules, now: float) -> None:
        self.backlog = Backlog()
        self.held: dict[int, Held] = {}
        first, beat = (1, SHORT_BEAT) if rules.cautious else (FIRST, BEAT)
        self.paces = Paces(1 if rules.rate else rules.chunksize, first, beat)
        self.ended = self.halted = False
        self.horizon: int | None = None
        self._rules = rules
        self._next_start = now
        self._next_start_is_later = False
        self._seats = self.span = 0
        self._load: dict[int, int] = {}  # seat -> items handed to it and not settled
        self._chunks = 0
        self._patience = PATIENCE

    def weigh(self, held: Held, before: int) -> None:
        """Keep the load of the seat, after items of a chunk were settled, and forget the chunk when all are."""
        self._load[held.chunk.seat] -= before - held.open
        if not held.open:
            self.held.pop(held.chunk.id, None)

    def requeue(self, first: int, items: Sequence[Any], attempt: int, now: float) -> None:
        """Put back what was handed out and never started, as far as it may still start."""
        if self.halted:
            return
        if self.horizon is not None:
            items = items[: max(0, self.horizon + 1 - first)]
        if items and attempt > 1:
            self.backlog.again(now, first, attempt, items[0])
        else:
            self.backlog.give_back(first, items)

    def _is_next(self, held: Held) -> bool:
        """Tell whether this is one item that its seat has nothing before: nobody else could start it sooner."""
        return held.open == 1 and self._load[held.chunk.seat] == 1

    def bounced(self, held: Held) -> None:
        """Learn that a chunk has come back as it went.

        Unless others were before it at its seat, it was called back too early: its worker was still reading it, large
        as it was, or still starting. Another seat would have to do the same, so let them have more time.
        """
        seat, number = held.chunk.seat, held.chunk.id
        if not any(other.chunk.seat == seat and other.chunk.id < number for other in self.held.values()):
            self._patience = min(self._patience * 2, LONGEST_PATIENCE)

    def stop_behind(self, horizon: int) -> None:
        """Let nothing start behind an index, now and later."""
        self.horizon = horizon
        self.backlog.truncate(horizon)

    def halt(self) -> None:
        """Let nothing start any more."""
        self.halted = True
        self.backlog.truncate(-1)

    def demand(self, now: float, inner: int) -> int:
        """Return how many workers, of `inner` calls at once each, could have work now."""
        self.backlog.ripen(now)
        self._next_start_is_later = self._rules.rate is not None and now < self._next_start
        waiting = 0 if self._next_start_is_later else self.backlog.count
        return -(-(waiting + sum(self._load.values())) // inner)

    def busy(self, span: int, inner: int) -> int:
        """Return how many workers have work now."""
        return sum(-(-min(load, span) // inner) for load in self._load.values())

    def plan(self, now: float, seats: int, span: int) -> list[Command]:
        """Decide what to hand out and what to call back."""
        for seat in range(len(self._load), seats):
            self._load[seat] = 0
        self._seats, self.span = seats, span
        commands: list[Command] = []
        if self.halted or self.horizon is not None:
            self._call_off(commands)
        if not self.halted:
            self._dispatch(now, seats, span, commands)
            self._rebalance(now, span, commands)
        return commands

    def _dispatch(self, now: float, seats: int, span: int, commands: list[Command]) -> None:
        """Hand out chunks, the emptiest seats first, while there are items and seats that want them."""
        if not self.backlog.count or not seats:
            return
        # A seat that was taken away counts until it has ended what it had: its worker still runs.
        occupied = sum(load > 0 for load in self._load.values())
        for ahead in (False, True):
            if ahead and (self._rules.rate or self._alone_and_cut(span)):
                return
            for seat in range(seats):
                sharing = max(0, seats - occupied) or seats
                if not self._load[seat]:
                    if occupied >= seats:
                        continue
                    occupied += 1
                while self.backlog.count and self._room(seat, span, ahead):
                    if self._rules.rate and not self._may_start(now):
                        return
                    commands.append(("start", self._hand_out(now, seat, seats, sharing, span), 0))

    def _room(self, seat: int, span: int, ahead: bool) -> bool:
        load = self._load[seat]
        if not ahead:
            return load < span
        pace = self.paces.of(seat)
        if span == 1 and not pace.looks_ahead():
            return False
        if span == 1 and (pace.per_item or 0.0) > TRIFLE:  # at the end, chunks are short, and are for everybody
            return load <= STORE * pace.size(self.backlog.count, self._seats, span, self.ended)
        # Where calls at once claim from one seat, half of them may end before the engine looks again.
        spare = span // 2 if span > 1 else 0
        return load <= spare + max(pace.depth(span) * span if pace.per_item is not None else span, self._stock(span))

    def _stock(self, span: int) -> int:
        """Return how many items many calls at once should have to claim from, if nobody else could do them.

        Not where these would keep others waiting that come back to be run again.
        """
        pace, rules = self.paces.common, self._rules
        if span == 1 or self._seats > 1 or rules.chunksize or rules.retry or rules.rate:
            return 0
        return UNKNOWN * span if pace.per_item is None else int(STOCK / pace.typical * span)

    def trifling(self, count: int) -> bool:
        """Tell whether so many items are hardly any work: then they had better come, and go, together."""
        pace = self.paces.common
        return pace.per_item is not None and pace.typical * count < TINY

    def _may_start(self, now: float) -> bool:
        self._next_start_is_later = now < self._next_start
        if self._next_start_is_later:
            return False
        self._next_start = max(now, self._next_start) + 1.0 / (self._rules.rate or 1.0)
        return True

    def _hand_out(self, now: float, seat: int, seats: int, sharing: int, span: int) -> Chunk:
        pace = self.paces.of(seat)
        # The first chunks are equal parts, among those that have nothing yet.
        count = pace.size(self.backlog.count, sharing if pace.per_item is None else seats, span, self.ended)
        first, items, attempt = self.backlog.cut(max(count, self._stock(span)))
        self._chunks += 1
        chunk = Chunk(self._chunks, seat, first, items, attempt)
        self.held[chunk.id] = Held(chunk, now)
        self._load[seat] += len(items)
        return chunk

    def _rebalance(self, now: float, span: int, commands: list[Command]) -> None:
        """Call back what is not started, if a seat is idle, or if a group of short items is not short after all."""
        idle = not self.backlog.count and self._spare(span)
        for held in self.held.values():
            # The same sums as in `due`: a difference of times may round to the other side.
            hidden = span == 1 and held.announced > 1 and now >= held.heard + SILENCE
            if held.recalled or not (hidden or (idle and now >= self._late(held))):
                continue
            if held.can_give_back and not self._is_next(held):
                held.recalled = True
                if self._seats == 1:
                    self._call_back_behind(held, commands)
                commands.append(("recall", held.chunk, 1))

    def _call_back_behind(self, held: Held, commands: list[Command]) -> None:
        """Call back what waits behind a chunk: one worker alone is to start items in the order of the input."""
        for other in self.held.values():
            if other.chunk.id > held.chunk.id and not other.recalled:
                other.recalled = True
                commands.append(("recall", other.chunk, 0))

    def _alone_and_cut(self, span: int) -> bool:
        """Tell whether the one worker is giving back what comes before anything that it could be given now."""
        return self._seats == 1 and span == 1 and any(held.recalled for held in self.held.values())

    def _call_off(self, commands: list[Command]) -> None:
        """Call back, as a whole, the chunks of which some items must not start any more."""
        for held in self.held.values():
            behind = self.halted or held.chunk.first + len(held.chunk.items) > (self.horizon or 0) + 1
            if behind and not held.recalled and held.can_give_back:
                held.recalled = True
                commands.append(("recall", held.chunk, 0))

    def overdue(self, now: float) -> Iterator[tuple[Held, int, float]]:
        """Yield the chunk, the index and the start time of each item that has run too long, having settled it."""
        limit = self._rules.task_timeout
        for held in list(self.held.values()) if limit is not None else ():
            before = held.open
            while held.running:
                index, since = next(iter(held.running.items()))
                if now < since + (limit or 0.0):
                    break
                held.settle(index, 1)
                yield held, index, since
            self.weigh(held, before)

    def due(self, now: float, span: int) -> float:
        """Return the time at which `plan` has something to decide even if nothing is reported."""
        times = [now + 60.0]
        if self.backlog.next_attempt is not None:
            times.append(self.backlog.next_attempt)
        if self._next_start_is_later and self.backlog.count:
            times.append(self._next_start)
        idle = not self.backlog.count and self._spare(span)
        for held in self.held.values():
            if held.running:
                times.append(next(iter(held.running.values())) + (self._rules.task_timeout or 0.0))
            recallable = held.can_give_back and not held.recalled and not self._is_next(held)
            if recallable and span == 1 and held.announced > 1:
                times.append(held.heard + SILENCE)
            if recallable and idle:
                times.append(max(self._late(held), now + PATIENCE / 2))
        return min(times)

    def _late(self, held: Held) -> float:
        """Return when a chunk has been silent for too long, as another seat has nothing to do.

        Of one that should be over in a moment that is when it is not; of a longer one, soon.
        """
        left = held.open * self.paces.of(held.chunk.seat).typical
        patience = PATIENCE if held.begun else self._patience
        return held.heard + patience + (1.5 * left if left < max(MOMENT, ASKING * self._seats) else 0.0)

    def slack(self, seats: int, span: int, *, attended: bool, hurries: bool = False) -> float:
        """Return for how many seconds nobody needs to look, although something may be reported meanwhile.

        While every seat has work for a while, hearing of each item at once would only cost: what is reported waits, and
        is taken in together. Half of what the least busy seat has left by what is known, or all of it if there are many
        seats, or if a seat that has nothing left ends the pause (`hurries`); and as that may turn out to be wrong, not
        more than `PAUSE`, and more only if nobody waits for single results (`attended`). Where items are trifles, to
        take them in is half of all work, and had better not wait.
        """
        if self.paces.common.per_item is None or not seats or self.halted or self.horizon is not None:
            return 0.0
        # Calls at once that claim from one seat are all busy for only as long as something is left to claim there.
        claimed = span if span > 1 and self.backlog.count else 0
        seconds = min((self._load[seat] - claimed) * self.paces.of(seat).typical for seat in range(seats)) / span
        if not (attended and (hurries or seats >= MANY)):
            seconds /= 2
        longest = PAUSE
        if attended:
            longest = LONGEST_PAUSE if hurries else LONG_PAUSE if self.paces.common.typical > TRIFLE else PAUSE
        return min(seconds, longest) if seconds > SPARED else 0.0

    def _spare(self, span: int) -> bool:
        """Tell whether a seat could do what another has not begun; within one seat the calls share as it is."""
        return self._seats > 1 and any(self._load[seat] < span for seat in range(self._seats))
