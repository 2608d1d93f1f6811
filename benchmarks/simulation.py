"""The rules of a run over more workers than this machine has cores: `python -m benchmarks.simulation`.

`Run` is the real one, and so is the length of a worker's groups (`Stride`); time is a number. What things cost is
measured on real ones, in round figures:

    engine    one turn, one chunk handed out, one report taken in: seconds of the one thread that does all of it
    way       seconds from the engine to a worker, or back
    worker    one item and one group more than the function itself takes

The ideal is all the work in equal parts, with what each item costs its worker; or the longest item, if that is longer.
"""

from __future__ import annotations

import heapq
import itertools
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from concurrent_strategies._core.port import Chunk, Done, Report, Returned, Started
from concurrent_strategies._core.rules import Rules
from concurrent_strategies._core.run import Run
from concurrent_strategies._core.stride import Stride

TURN, HAND_OUT, TAKE_IN, WAY = 10e-6, 25e-6, 8e-6, 50e-6
ITEM, GROUP_COST = 0.15e-6, 5e-6
SHORT, SLOW, HIDDEN = 1e-6, 0.01, 100


class Floor:
    """One run on made-up workers.

    Args:
        seconds: how long each item takes.
        workers: how many.
    """

    def __init__(self, seconds: Sequence[float], workers: int) -> None:
        self.now = 0.0
        self.workers = [_Worker(self, seconds) for _ in range(workers)]
        self.run = Run(Rules(), 0.0, len(seconds))
        self.run.feed(range(len(seconds)))
        self.run.exhaust()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._inbox: list[Report] = []
        self._busy_until = 0.0
        self._looks_at = 0.0

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Have something happen."""
        heapq.heappush(self._events, (when, next(self._ticket), what))

    def report(self, report: Report, when: float) -> None:
        """Send a report to the engine."""
        self.at(when + WAY, lambda: self._hear(report))

    def _hear(self, report: Report) -> None:
        self._inbox.append(report)
        self._turn_at(max(self.now, self._busy_until, self._looks_at))

    def _turn_at(self, when: float) -> None:
        self.at(when, self._turn)

    def _turn(self) -> None:
        if self.now < self._busy_until or self.run.finished:
            return
        reports, self._inbox = self._inbox, []
        self.run.report(reports, self.now)
        spent = self.now + TURN + TAKE_IN * len(reports)
        for verb, chunk, keep in self.run.plan(self.now, len(self.workers), 1):
            worker = self.workers[chunk.seat]
            if verb == "start":
                spent += HAND_OUT
                self.at(spent + WAY, lambda w=worker, c=chunk: w.take(c))  # type: ignore[misc]
            else:
                self.at(spent + WAY, lambda w=worker, c=chunk, k=keep: w.recall(c, bool(k)))  # type: ignore[misc]
        self._busy_until = spent
        self._looks_at = spent + self.run.slack(len(self.workers), 1, attended=True)
        self.run.take()
        self._turn_at(max(spent, self.run.due(self.now, 1)))

    def makespan(self) -> float:
        """Return the seconds until the last outcome is there."""
        self._turn_at(0.0)
        while not self.run.finished:
            self.now, _, what = heapq.heappop(self._events)
            what()
        return self.now


class _Worker:
    """One worker: chunks in a row, each run group by group."""

    def __init__(self, floor: Floor, seconds: Sequence[float]) -> None:
        self._floor = floor
        self._seconds = seconds
        self._chunks: deque[Chunk] = deque()
        self._stride = Stride()
        self._at = self._end = self._stop = 0
        self._began = 0.0
        self._token = 0  # of the group that runs: a recall makes another of it

    def take(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        if len(self._chunks) == 1:
            self._begin()

    def _begin(self) -> None:
        if self._chunks:
            chunk = self._chunks[0]
            self._at, self._stop = chunk.first, chunk.first + len(chunk.items)
            self._group()

    def _group(self) -> None:
        floor, chunk = self._floor, self._chunks[0]
        size = 1 if self._stride.left > 0 else self._stride.size
        self._end, self._began = min(self._stop, self._at + size), floor.now
        floor.report(Started(chunk.id, self._at, self._end - self._at), floor.now)
        self._finish_at(self._end)

    def _finish_at(self, end: int) -> None:
        self._token += 1
        token, took = self._token, GROUP_COST + sum(self._seconds[self._at : end]) + ITEM * (end - self._at)
        self._floor.at(self._began + took, lambda: self._finish(token))

    def _finish(self, token: int) -> None:
        if token != self._token:
            return
        floor, chunk, count = self._floor, self._chunks[0], self._end - self._at
        took = floor.now - self._began
        floor.report(Done(chunk.id, self._at, list(range(count)), took, "w"), floor.now)
        self._stride.measured(count, took)
        self._at = self._end
        if self._at < self._stop:
            self._group()
        else:
            self._chunks.popleft()
            self._begin()

    def recall(self, chunk: Chunk, keep: bool) -> None:
        floor = self._floor
        if chunk not in self._chunks:
            return
        if chunk is not self._chunks[0]:
            self._chunks.remove(chunk)
            floor.report(Returned(chunk.id, chunk.first, len(chunk.items)), floor.now)
            return
        reached, ends = self._at, self._began + GROUP_COST
        while reached < self._end and (ends := ends + self._seconds[reached] + ITEM) <= floor.now:
            reached += 1
        if reached > self._at:
            done = list(range(reached - self._at))
            floor.report(Done(chunk.id, self._at, done, floor.now - self._began, "w"), floor.now)
            self._began = ends - (self._seconds[reached] + ITEM if reached < self._end else 0.0) - GROUP_COST
            self._at = reached
        self._end = min(self._end, self._at + 1)
        left = self._stop - self._end
        kept = left // 2 if keep else 0
        self._stop = self._end + kept
        self._stride.reset()
        floor.report(Returned(chunk.id, self._stop, left - kept), floor.now)
        self._finish_at(self._end)


class Shape(NamedTuple):
    """Where slow items hide among short ones: their places, for so many items."""

    name: str
    places: Callable[[int], Sequence[int]]


SHAPES: Final = (
    Shape("none", lambda _: ()),
    Shape("at the start", lambda n: range(min(HIDDEN, n))),
    Shape("in the middle", lambda n: range(n // 2, n // 2 + HIDDEN)),
    Shape("at the end", lambda n: range(n - HIDDEN, n)),
    Shape("scattered", lambda n: range(n // HIDDEN // 2, n, n // HIDDEN)),
)


@dataclass(frozen=True)
class Result:
    """One line: seconds, and how much more than the ideal."""

    shape: str
    workers: int
    seconds: float
    ratio: float


def simulate(shape: Shape, workers: int, items: int = 200_000) -> Result:
    """Run short items, among which slow ones hide, on so many workers."""
    seconds = [SHORT] * items
    for place in shape.places(items):
        seconds[place] = SLOW
    taken = Floor(seconds, workers).makespan()
    ideal = max(*seconds, (sum(seconds) + ITEM * items) / workers)
    return Result(shape.name, workers, taken, taken / ideal)


def main() -> None:
    """Print a table."""
    out = sys.stdout.write
    out("| 100 items of 10 ms hide among 200,000 of 1 us | workers | seconds | of the ideal |\n")
    out("| --- | --- | --- | --- |\n")
    for workers in (2, 8, 32):
        for shape in SHAPES:
            result = simulate(shape, workers)
            out(f"| {result.shape} | {result.workers} | {result.seconds:.3f} | {result.ratio:.2f} |\n")


if __name__ == "__main__":
    main()
