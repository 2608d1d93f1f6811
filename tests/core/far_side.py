"""A made-up server and a client that keeps to a limit: every call is an event, and no time passes but theirs."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log, sqrt
from typing import Any

from concurrent_strategies._congestion import Congestion

Latency = Callable[[random.Random], float]


def always(seconds: float) -> Latency:
    """Answer after the same time, whatever it is."""
    return lambda chance: seconds


def spread(mean: float, cv: float) -> Latency:
    """Answer after times with this mean and this coefficient of variation; log-normal, so heavy-tailed above 1."""
    sigma = sqrt(log(1 + cv * cv))
    return lambda chance: mean * exp(chance.gauss(-sigma * sigma / 2, sigma))


@dataclass
class Server:
    """Works on `slots` calls at a time and lets others wait; refuses, at once, what comes beyond `most`, or `rate`."""

    latency: Latency
    slots: float = inf
    most: float = inf
    rate: float = inf  # calls a second that it takes, after a burst
    burst: int = 20
    flaky: float = 0.0  # the share of calls that it refuses for no reason
    refuses_in: float = 0.001
    retry_after: float = 0.0
    changes: Sequence[tuple[float, str, Any]] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.here = self.working = 0
        self.waiting: deque[tuple[int, float]] = deque()
        self._changes = deque(self.changes)
        self._tokens, self._filled = float(self.burst), 0.0

    def takes(self, now: float) -> bool:
        """Tell whether a call that comes now is taken."""
        self._change(now)
        if self.here >= self.most or self.chance.random() < self.flaky:
            return False
        if self.rate < inf:
            self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.rate)
            self._filled = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
        self.here += 1
        return True

    def answered(self, now: float) -> None:
        """Note that a call has left."""
        self._change(now)
        self.here -= 1
        self.working -= 1

    def next(self) -> tuple[int, float, float] | None:
        """Return the next call that is worked on, when it was made, and for how long."""
        if self.waiting and self.working < self.slots:
            self.working += 1
            return *self.waiting.popleft(), self.latency(self.chance)
        return None

    def _change(self, now: float) -> None:
        while self._changes and self._changes[0][0] <= now:
            _, name, value = self._changes.popleft()
            setattr(self, name, value)


@dataclass
class Story:
    """What happened."""

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)  # when
    refusals: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    limits: list[tuple[float, int]] = field(default_factory=list)

    def share(self, ideal: float) -> float:
        """Return the rate of answers as a share of an ideal one; the last 3 % aside, where nothing is left to start."""
        count = max(1, int(0.97 * len(self.answers)))
        return count / self.answers[count - 1] / ideal

    def limit(self, since: float = 0.0) -> float:
        """Return the mean limit from a time on."""
        limits = [limit for at, limit in self.limits if at >= since]
        return sum(limits) / len(limits)


class Client:
    """Makes `items` calls, as many at once as the rule allows; what is refused is tried again a little later.

    Args:
        rule: the rule.
        server: the server.
        items: how many.
        failing: every so many an item fails by itself, without the server, in a millisecond.
        paced: seconds between two items that are there to be started.
    """

    def __init__(self, rule: Congestion, server: Server, items: int, *, failing: int = 0, paced: float = 0.0) -> None:
        self.story = Story()
        self._rule = rule
        self._server = server
        self._items = items
        self._failing = failing
        self._paced = paced
        self._todo: deque[int] = deque(range(items))
        self._idle: list[int] = []  # workers, lowest first
        self._at: dict[int, int] = {}  # item -> worker
        self._workers = 0
        self._events: list[tuple[float, int, str, int, float]] = []
        self._number = self._done = 0
        self._next_item = 0.0
        self._cpu: Callable[[float], float] = lambda now: 0.0

    def play(self, *, turn: float = 0.0005, cpu: Callable[[float], float] | None = None, until: float = 1e4) -> Story:
        """Play to the end; the client looks at what has happened every `turn` seconds at most."""
        self._cpu = cpu or self._cpu
        now = 0.0
        self._rule.expect(self._items)
        while self._done < self._items and now < until:
            self._start(now)
            at = self._events[0][0] if self._events else inf
            if self._todo and not self._at:
                at = min(at, max(now, self._rule.due if self._rule.due < inf else self._next_item))
            now = max(now, at + turn)
            busy = len(self._at)
            while self._events and self._events[0][0] <= now:
                self._happen(*heapq.heappop(self._events), busy, now)
            self.story.limits.append((now, self._rule.allowed(now)))
        self.story.seconds = now
        return self.story

    def _push(self, at: float, kind: str, item: int, began: float) -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, kind, item, began))

    def _start(self, now: float) -> None:
        while self._todo and len(self._at) < self._rule.allowed(now) and self._next_item <= now:
            item = self._todo.popleft()
            self._next_item = max(self._next_item, now) + self._paced if self._paced else 0.0
            if not self._idle:
                self._workers += 1
            self._at[item] = heapq.heappop(self._idle) if self._idle else self._workers
            self.story.starts.append(now)
            if self._failing and item % self._failing == 0:
                self._push(now + 0.001, "fails", item, now)
            elif self._server.takes(now):
                self._server.waiting.append((item, now))
                self._work(now)
            else:
                self._push(now + self._server.refuses_in, "refuses", item, now)
        if self._todo and self._next_item > now:
            self._push(self._next_item, "comes", -1, now)

    def _work(self, now: float) -> None:
        while (call := self._server.next()) is not None:
            item, began, seconds = call
            self._push(now + seconds, "answers", item, began)

    def _happen(self, at: float, _: int, kind: str, item: int, began: float, busy: int, now: float) -> None:
        if kind == "comes":
            return
        if kind == "again":
            self._todo.appendleft(item)
            return
        worker = self._at.pop(item)
        heapq.heappush(self._idle, worker)
        if kind == "refuses":
            self.story.refusals.append(at)
            self._rule.refused(worker, at - began, busy, now, self._server.retry_after)
            self._push(at + 0.1, "again", item, at)
            return
        self._done += 1
        if kind == "answers":
            self._server.answered(at)
            self._work(at)
            self.story.answers.append(at)
            self._rule.answered(at - began, busy, now, self._cpu(now))


def play(rule: Congestion, server: Server, items: int) -> Story:
    """Play with nothing special on the client's side."""
    return Client(rule, server, items).play()
