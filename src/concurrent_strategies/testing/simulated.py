"""`SimulatedStrategy`: completion in a random order that can be repeated, and accidents on demand; nothing waits.

engine -- start(chunk) --> SimulatedPort, which draws an item --> the caller, through the port of `sync`
       <-- reports ------                                     --> or an accident, which is only reported
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection
from typing import Any, ClassVar, TypeAlias

from .._core.base import BaseStrategy, Job
from .._core.bell import Bell
from .._core.port import Chunk, Died, Failed, Port, Report, Returned, Started
from .._errors import InvalidOption, TaskTimeout
from .._options import MaxWorkers
from .._strategies.sync import SyncStrategy

Accidents: TypeAlias = float | Collection[int]


class SimulatedFailure(Exception):
    """What an item raises that was to fail."""


class SimulatedStrategy(SyncStrategy):
    """For tests of code that is given a strategy: items end in any order, and fail, die and time out on demand.

    Calls run one after the other in the caller's thread, in an order drawn by chance, as if `max_workers` workers had
    them: unordered results come as they might come one day. The same `seed` draws the same order and the same
    accidents, so that a test which failed fails again; without one it is 0. (Items get it too, for `item_random`.)

    An accident takes the place of the call. It is given by its chance, a number from 0 to 1 which is drawn anew for
    each attempt; or by the indices of the items that it strikes in their first attempt, so that `retry` helps.

    Args:
        max_workers: how many items seem to be under way at once; default 4.
        failing: what fails with `SimulatedFailure`.
        dying: what kills its worker: it fails with `WorkerDied`, and what else that worker had starts elsewhere.
        late: what fails with `TaskTimeout`, after no time at all.
        options: any option of a run, as this strategy's default.

    Raises:
        InvalidOption: for a chance that is none, or a bad option.
    """

    name = "simulated"
    settings: ClassVar[tuple[str, ...]] = ("failing", "dying", "late")
    failing: Accidents = 0.0
    dying: Accidents = 0.0
    late: Accidents = 0.0

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        failing: Accidents = 0.0,
        dying: Accidents = 0.0,
        late: Accidents = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(max_workers, **options)
        self.failing = _checked("failing", failing)
        self.dying = _checked("dying", dying)
        self.late = _checked("late", late)

    def default_workers(self) -> int:
        """Return 4."""
        return 4

    def most(self) -> int:
        """Return how many items seem to be under way at once."""
        return BaseStrategy.most(self)

    def open(self, job: Job) -> Port:
        """Put chance between the engine and the caller."""
        return SimulatedPort(super().open(job), self, job)


class SimulatedPort(Port):
    """Seats whose items are drawn one by one and run on a port with one worker.

    What is drawn next is one of the `seats` lowest items that are there, so that the order is a matter of the dice
    alone, and not of how chunks were cut in how much time.

    Args:
        inner: that port.
        strategy: says which accidents there are.
        job: what is run.
    """

    def __init__(self, inner: Port, strategy: SimulatedStrategy, job: Job) -> None:
        self.bell: Bell = inner.bell
        self.inline: bool = inner.inline
        self.grace: float | None = inner.grace
        self.seats = 0
        self._inner = inner
        self._strategy = strategy
        self._limit = job.call.task_timeout or 1.0
        self._seed = job.call.seed or 0
        self._order = random.Random(f"order:{self._seed}")
        self._queued: dict[int, tuple[Chunk, list[int]]] = {}  # chunk number -> the chunk, the indices not drawn yet
        self._current: Chunk | None = None  # the item that runs, under the number of its chunk
        self._reports: list[Report] = []
        inner.resize(1)

    def resize(self, workers: int) -> None:
        """Have so many seats."""
        self.seats: int = workers

    def start(self, chunk: Chunk) -> None:
        """Queue a chunk."""
        self._queued[chunk.id] = chunk, list(range(chunk.first, chunk.first + len(chunk.items)))
        self.bell.ring()

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what is not drawn."""
        _, left = self._queued.get(chunk.id, (chunk, []))
        back = left[len(left) // 2 :] if keep else left[:]
        del left[len(left) - len(back) :]
        self._reports += [Returned(chunk.id, index, 1) for index in back] or [Returned(chunk.id, chunk.first, 0)]
        self.bell.ring()

    def stop(self, chunk: Chunk, index: int) -> None:
        """End the call of this item, as far as the port that runs it can."""
        if self._current is not None and self._current.first == index:
            self._inner.stop(self._current, index)
            self._inner.poll()  # that its worker is gone is no news
            self._current = None
            self.bell.ring()

    def poll(self) -> list[Report]:
        """Return what there is to say; if there is nothing, draw and run the next item first."""
        if self._current is None and not self._reports and any(left for _, left in self._queued.values()):
            self._draw()
        for report in self._inner.poll():
            if self._current is not None and report.chunk == self._current.id:
                self._reports.append(report)
                if not isinstance(report, Started):
                    self._current = None
        reports, self._reports = self._reports, []
        self._queued = {number: entry for number, entry in self._queued.items() if entry[1]}
        if self._current is None and self._queued:
            self.bell.ring()
        return reports

    def close(self) -> None:
        """Forget what is queued."""
        self._queued.clear()
        self._inner.close()
        self.quiet: bool = self._inner.quiet

    def _draw(self) -> None:
        seats = max(1, self.seats)
        lowest = heapq.nsmallest(seats, ((i, n) for n, (_, left) in self._queued.items() for i in left[:seats]))
        index, number = self._order.choice(lowest)
        chunk, left = self._queued[number]
        left.remove(index)
        worker = f"simulated-{chunk.seat}"
        if self._strikes("dying", index, chunk.attempt):
            self._reports.append(Started(number, index, 1))
            gone = [number, *(n for n, (other, _) in self._queued.items() if other.seat == chunk.seat and n != number)]
            self._reports += [Died(n, exitcode=-9) for n in gone]
            for n in gone:
                del self._queued[n]
        elif self._strikes("late", index, chunk.attempt):
            self._reports.append(Failed(number, index, TaskTimeout(index, self._limit), self._limit, worker))
        elif self._strikes("failing", index, chunk.attempt):
            error = SimulatedFailure(f"item {index} was to fail")
            self._reports.append(Failed(number, index, error, 0.0, worker))
        else:
            item = chunk.items[index - chunk.first]
            self._current = Chunk(number, 0, index, [item], chunk.attempt)
            self._inner.start(self._current)

    def _strikes(self, accident: str, index: int, attempt: int) -> bool:
        wanted = getattr(self._strategy, accident)
        if not isinstance(wanted, float):
            return attempt == 1 and index in wanted
        # From its own dice for each attempt at each item: the order in which they are drawn changes nothing.
        return random.Random(f"{accident}:{self._seed}:{index}:{attempt}").random() < wanted


def _checked(name: str, accidents: Accidents) -> Accidents:
    if isinstance(accidents, Collection):
        return frozenset(accidents)
    if isinstance(accidents, bool) or not 0 <= accidents <= 1:
        raise InvalidOption(name, accidents, "it must be a chance from 0 to 1, or the indices of items")
    return float(accidents)
