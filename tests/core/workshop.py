"""A made-up workshop: a port whose workers, clock and accidents are numbers in a list, so that a whole run takes
milliseconds and every schedule can be told again.

    Scenario -> Fates (how long each attempt takes and how it ends) -> Workshop (a Port) -> Runs driven by `Trial`
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from concurrent_strategies._core.bell import Bell
from concurrent_strategies._core.port import Chunk, Died, Done, Failed, Port, Report, Returned, Started

OK, FAIL, DIE, HANG = "ok", "fail", "die", "hang"


class Boom(Exception):
    """What a made-up item raises; it knows which attempt it was."""

    def __init__(self, index: int, attempt: int) -> None:
        super().__init__(index, attempt)
        self.index = index
        self.attempt = attempt


@dataclass(frozen=True)
class Fates:
    """How each attempt at each item goes: taken from two lists, again and again."""

    seconds: Sequence[float] = (0.001,)
    ends: Sequence[str] = (OK,)
    later: Sequence[str] = (OK,)

    def of(self, index: int, attempt: int) -> tuple[float, str]:
        """Return how long this attempt takes, and how it ends."""
        ends = self.ends if attempt == 1 else self.later
        return self.seconds[index % len(self.seconds)], ends[(index + attempt - 1) % len(ends)]


@dataclass(frozen=True)
class Shape:
    """What kind of port: seats are workers of one call each, or one seat of many calls, or several of many."""

    span: int = 1
    loop: bool = False
    kills: bool = True
    groups: Sequence[int] = (1,)
    latency: float = 0.0


@dataclass
class Execution:
    """One attempt at one item, as the worker saw it."""

    index: int
    attempt: int
    began: float
    ended: float | None = None
    how: str = ""


@dataclass
class Job:
    """A chunk at its seat: what is not claimed yet is `at` up to `stop`."""

    chunk: Chunk
    at: int = 0
    stop: int = 0


@dataclass(eq=False)
class Slot:
    """One call at a time, through a group of items that were announced together."""

    job: Job
    low: int  # first offset of the group that is not reported
    end: int
    reached: int
    began: float
    finish: float
    values: list[Any] = field(default_factory=list)


class Workshop(Port):
    """A port that does what its fates say when it is told that time has passed."""

    def __init__(self, shape: Shape, fates: Fates, timed: bool) -> None:
        self.bell = Bell()
        self.shape = shape
        self.fates = fates
        self.now = 0.0
        self.seats = 0
        self.span = shape.span
        self.inner = 1 if shape.loop else shape.span
        self.executions: list[Execution] = []
        self.lost: set[tuple[int, int]] = set()
        self.most_at_once = 0
        self._groups = itertools.cycle((1,) if timed or self.inner > 1 or shape.loop else shape.groups)
        self._jobs: dict[int, deque[Job]] = {}
        self._slots: dict[int, list[Slot]] = {}
        self._reports: list[Report] = []
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._calls = shape.span

    # ---------------------------------------------------------------------------------------------- the port

    def resize(self, workers: int) -> None:
        """Have so many workers: seats, or calls at the one seat of a loop."""
        if self.shape.loop:
            self.seats, self._calls = min(1, workers), max(1, workers)
            self._widen()
        else:
            self.seats = workers

    def start(self, chunk: Chunk) -> None:
        """Queue a chunk at its seat."""
        assert 0 <= chunk.seat < self.seats, "a chunk for a seat that does not exist"
        self._jobs.setdefault(chunk.seat, deque()).append(Job(chunk, 0, len(chunk.items)))
        self._fill(chunk.seat)

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Answer as late as the shape says."""
        when = self.now + self.shape.latency
        heapq.heappush(self._later, (when, next(self._ticket), lambda: self._recall(chunk, keep)))
        self.advance(self.now)

    def stop(self, chunk: Chunk, index: int) -> None:
        """End the call of this item, if it still runs; a worker that runs one call goes with it."""
        for slot in self._slots.get(chunk.seat, ()):
            if slot.job.chunk.id == chunk.id and chunk.first + slot.reached == index:
                break
        else:
            return
        self._execution(slot, "stopped")
        if self.shape.kills:
            self._die(chunk.seat, spare=(index, chunk.attempt))
            return
        self._report_values(slot)
        slot.low = slot.reached = slot.reached + 1
        self._go_on(chunk.seat, slot)

    def poll(self) -> list[Report]:
        """Return what was reported."""
        reports, self._reports = self._reports, []
        return reports

    def close(self) -> None:
        """Forget everything."""
        self._jobs.clear()
        self._slots.clear()

    # ----------------------------------------------------------------------------------------------- the time

    @property
    def next_event(self) -> float:
        """When something happens next in here."""
        times = [slot.finish for slots in self._slots.values() for slot in slots]
        times += [when for when, _, _ in self._later[:1]]
        return min(times, default=float("inf"))

    @property
    def has_reports(self) -> bool:
        """Whether the bell has rung."""
        return bool(self._reports)

    def advance(self, now: float) -> None:
        """Let everything happen that happens until then, in its order."""
        while (event := self.next_event) <= now:
            self.now = max(self.now, event)
            if self._later and self._later[0][0] <= event:
                heapq.heappop(self._later)[2]()
                continue
            seat, slot = next((n, s) for n, slots in self._slots.items() for s in slots if s.finish == event)
            self._finish(seat, slot)
        self.now = max(self.now, now)

    def _fill(self, seat: int) -> None:
        slots = self._slots.setdefault(seat, [])
        for job in self._jobs[seat]:
            while job.at < job.stop and len(slots) < self._calls:
                count = min(next(self._groups), job.stop - job.at)
                slot = Slot(job, job.at, job.at + count, job.at, self.now, 0.0)
                job.at += count
                slots.append(slot)
                self._reports.append(Started(job.chunk.id, job.chunk.first + slot.low, count))
                self._begin(slot)
        self._widen()
        self._jobs[seat] = deque(job for job in self._jobs[seat] if job.at < job.stop or self._runs(seat, job))
        self.most_at_once = max(self.most_at_once, sum(len(slots) for slots in self._slots.values()))

    def _widen(self) -> None:
        """Be as wide as is allowed, or as what was started while more was allowed."""
        self.span = max([self._calls, *map(len, self._slots.values())])

    def _runs(self, seat: int, job: Job) -> bool:
        return any(slot.job is job for slot in self._slots[seat])

    def _begin(self, slot: Slot) -> None:
        chunk = slot.job.chunk
        index = chunk.first + slot.reached
        seconds, end = self.fates.of(index, chunk.attempt)
        slot.finish = float("inf") if end == HANG else self.now + seconds
        self.executions.append(Execution(index, chunk.attempt, self.now))

    def _execution(self, slot: Slot, how: str) -> None:
        index, attempt = slot.job.chunk.first + slot.reached, slot.job.chunk.attempt
        for execution in reversed(self.executions):
            if (execution.index, execution.attempt) == (index, attempt):
                execution.ended, execution.how = self.now, how
                return

    def _finish(self, seat: int, slot: Slot) -> None:
        chunk = slot.job.chunk
        index = chunk.first + slot.reached
        seconds, end = self.fates.of(index, chunk.attempt)
        self._execution(slot, end)
        if end == DIE:
            self._die(seat)
            return
        if end == OK:
            slot.values.append(value_of(chunk.items[slot.reached]))
        else:
            self._report_values(slot)
            self._reports.append(Failed(chunk.id, index, Boom(index, chunk.attempt), seconds, f"seat-{seat}"))
            slot.low = slot.reached + 1
        slot.reached += 1
        self._go_on(seat, slot)

    def _go_on(self, seat: int, slot: Slot) -> None:
        if slot.reached < slot.end:
            self._begin(slot)
            return
        self._report_values(slot)
        self._slots[seat].remove(slot)
        self._fill(seat)

    def _report_values(self, slot: Slot) -> None:
        if slot.values:
            chunk, values = slot.job.chunk, slot.values
            slot.values = []
            self._reports.append(Done(chunk.id, chunk.first + slot.low, values, self.now - slot.began, "w"))
            slot.low += len(values)
            slot.began = self.now

    def _recall(self, chunk: Chunk, keep: bool) -> None:
        seat = chunk.seat
        job = next((job for job in self._jobs.get(seat, ()) if job.chunk.id == chunk.id), None)
        if job is None:  # it was over, or its worker is dead: both were reported
            return
        for slot in self._slots[seat]:
            if slot.job is job:
                self._report_values(slot)
                if slot.end > slot.reached + 1:
                    job.at = slot.end = slot.reached + 1
        left = job.stop - job.at
        kept = left // 2 if keep else 0
        job.stop = job.at + kept
        self._reports.append(Returned(chunk.id, chunk.first + job.stop, left - kept))
        self._fill(seat)

    def _die(self, seat: int, spare: tuple[int, int] | None = None) -> None:
        for slot in self._slots[seat]:
            chunk = slot.job.chunk
            self._execution(slot, DIE if slot.finish == self.now else "killed")
            self.lost |= {(chunk.first + offset, chunk.attempt) for offset in range(slot.low, slot.end)} - {spare}
        self._reports.extend(Died(job.chunk.id, 4711, -9) for job in self._jobs[seat])
        self._jobs[seat].clear()
        self._slots[seat].clear()


def value_of(item: int) -> int:
    """Return what every made-up function makes of an item."""
    return item * 10 + 1
