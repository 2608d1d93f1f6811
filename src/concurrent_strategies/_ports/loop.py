"""Workers that are tasks of one event loop, asyncio's or trio's: one seat, from whose chunks all lanes claim.

    engine -- start, recall, stop --> inbox of the home --> blocks --> lanes --> reports --> bell --> engine
              (any thread)            (the loop's thread from here on)

Nothing is handed over item by item: commands reach the loop by one wake-up for all that have come together, and what
lanes report in one turn of the loop rings the bell once. The loop is the caller's own where an async verb is called on
it, else one in a thread of its own; the port does not care which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from .._core.bell import Alarm, Bell
from .._core.call import ASYNC, Call
from .._core.item import resource
from .._core.loops import Function
from .._core.port import Broken, Chunk, Died, Failed, Port, Report, Returned, Started
from .._deaths import start_error
from .blocks import Block, Blocks, Claims
from .home import DEAF, Home
from .lanes import Lane
from .native import new_bell


class LoopPort(Port):
    """One seat with up to `span` lanes, which are started when there is something to claim.

    Args:
        call: what to run.
        home: the loop.
        keep: whether the home outlives this port.
        elsewhere: finds another home, should an item block this one for good.

    Attributes:
        undeclared: whether the function is not declared to return awaitables.
        callers: whether the loop is the caller's own, so that a KeyboardInterrupt in it is the caller's, too.
    """

    grace: float = 0.0

    def __init__(self, call: Call, home: Home, *, keep: bool, elsewhere: Callable[[], Home]) -> None:
        self.bell: Bell = new_bell()
        self.seats: int = 0
        self.call = call
        self.undeclared: bool = call.colour != ASYNC
        self.callers: bool = home.foreign
        self._home = home
        self._keep = keep
        self._elsewhere = elsewhere
        self._alarm: Alarm | None = None
        self._func = call.bound()
        self._context = copy_context() if call.context is None else call.context
        self._blocks = Blocks()
        self._lanes: set[Lane] = set()
        self._leaving: set[Lane] = set()  # doomed, and replaced: they may take their time for it
        self._named = self._most = 0
        self._reports: deque[Report | Block] = deque()  # a block stands for its items that have ended
        self._interrupt: BaseException | None = None
        self._refusal: Exception | None = None
        self._begun = self._ready = self._ringing = self._closed = False
        home.ports.add(self)

    # ------------------------------------------------------------------------------ for the engine, in any thread

    @property
    def quiet(self) -> bool:  # type: ignore[override]
        """Whether no item runs any more, nor anything that was made for this run alone."""
        return not self._closed or not self._begun or (not self._running and (self._keep or self._home.over))

    @property
    def span(self) -> int:  # type: ignore[override]
        """Lanes there may be, or still are: those that are too many hold their part of a limit until they end."""
        return max(self._most, len(self._lanes))

    def resize(self, workers: int) -> None:
        """Have at most so many lanes; those that are too many end with their item."""
        before, self._most = self._most, workers
        self.seats = min(1, workers)
        if workers > before and self._begun:
            self._home.post(self.populate)
        elif workers < before and len(self._lanes) <= workers:
            self.bell.ring()  # nobody has to end first, so that what was given up can be had at once

    def prepare(self, then: Function) -> None:
        """Have the loop made, with its resource, and `then` called in it."""
        self._post(partial(self._home.settle, self, then))

    def soon(self, call: Function) -> None:
        """Have something called in the loop."""
        self._post(call)

    def start(self, chunk: Chunk) -> None:
        """Give a chunk to the loop."""
        self._hand_over(Block(chunk.id, chunk.first, chunk.items, self._func, self._context))

    def adopt(self, chunk: int, index: int, awaitable: Awaitable[Any], context: Context) -> None:
        """Take over an item for which the function has been called already, in `context`."""
        self._hand_over(Block(chunk, index, [awaitable], _itself, context))

    def _hand_over(self, block: Block) -> None:
        if not self._post(partial(self._take_in, block)):
            self._reports.append(Died(block.chunk))

    def _post(self, call: Function) -> bool:
        try:
            self._home.post(call)
        except RuntimeError as error:  # there is no thread for the loop to run in
            self._reports.append(Broken(start_error("no event loop could be started", error)))
            self.bell.ring()
            return False
        self._begun = True
        return True

    def recall(self, chunk: Chunk, keep: bool) -> None:
        """Give back what no lane has claimed."""
        self._home.post(partial(self._recall, chunk.id, keep))

    def stop(self, chunk: Chunk, index: int) -> None:
        """Cancel the lane that runs this item; another takes its place."""
        self._home.post(partial(self._stop, chunk.id, index))
        if self._alarm is None and not self._home.is_here:
            self._alarm = Alarm(self.bell, DEAF)

    def poll(self) -> list[Report]:
        """Return what the lanes have said."""
        if self._interrupt is not None:
            interrupt, self._interrupt = self._interrupt, None
            raise interrupt
        if self._alarm is not None and self._alarm.rang:
            self._alarm = None
            if self._home.deaf:
                self._move()
        reports: list[Report] = []
        while self._reports:
            report = self._reports.popleft()
            reports += (report,) if isinstance(report, Report) else report.ended(self.undeclared, self.may_scatter)
        return reports

    def _move(self) -> None:
        """Leave a loop that an overdue item keeps from hearing that it is overdue; what waits there waits in vain."""
        lanes, self._lanes, self._leaving = [*self._lanes, *self._leaving], set(), set()
        for lane in lanes:
            lane.doomed = True  # and not by `doom`, which is for the loop's own thread
        self._home.ports.discard(self)
        self._home = self._elsewhere()
        self._home.ports.add(self)
        self._begun = self._ready = False
        self._give_back()

    def close(self) -> None:
        """Cancel all lanes."""
        self._closed = True
        if self._begun:
            self._home.post(self._close)
        else:
            self._home.ports.discard(self)

    # ---------------------------------------------------------------------------------- for the home, in the loop

    @property
    def busy(self) -> bool:
        """Whether it has anything to do."""
        return bool(self._running or self._blocks)

    @property
    def hopeless(self) -> bool:
        """Whether it was closed, and items still refuse to end."""
        return self._closed and self._running

    @property
    def _running(self) -> bool:
        return bool(self._lanes or self._leaving)

    def ready(self, value: Any, error: BaseException | None) -> bool:
        """Begin, with the loop's resource, or learn that there will be none; return whether there is."""
        if error is not None:
            self.refuse(start_error("the worker_resource could not be made", error))
            return False
        if self._home.has_resource:
            self._context.run(resource.set, value)
        self._ready = True
        self.populate()
        return True

    def refuse(self, error: Exception) -> None:
        """Take no more items from now on, and give back those that no lane has claimed."""
        self._refusal = error
        self._reports.append(Broken(error))
        self._give_back()

    def doom(self) -> None:
        """Cancel what still runs although no more is wanted."""
        for lane in list(self._lanes):
            if not lane.doomed and self._refusal is not None:
                self.emit(Failed(lane.chunk, lane.index, self._refusal))
            lane.doom()

    def lost(self, error: Exception) -> None:
        """Report what the loop took with it when it ended."""
        self._refusal = error
        lanes, self._lanes, self._leaving = self._lanes, set(), set()
        self._reports.extend(Started(lane.chunk, lane.index, 1) for lane in lanes if not lane.doomed)
        self._reports.extend(map(Died, {lane.chunk for lane in lanes} | {block.chunk for block in self._blocks}))
        self._reports.append(Broken(error))
        self._blocks.clear()
        self.bell.ring()

    def _take_in(self, block: Block) -> None:
        self._blocks.add(block)
        if self._refusal is not None or self._closed:
            self._give_back()
        elif self._ready:
            self.populate()
        else:
            self._home.settle(self, _nothing)

    def _give_back(self) -> None:
        self._reports.extend(Returned(*taken) for taken in self._blocks.clear())
        self.bell.ring()

    def _recall(self, chunk: int, keep: bool) -> None:
        self._reports.append(Returned(chunk, *self._blocks.cut(chunk, keep)))
        self.bell.ring()

    def _stop(self, chunk: int, index: int) -> None:
        for lane in self._lanes:
            if lane.index == index and lane.chunk == chunk:
                self._lanes.discard(lane)
                self._leaving.add(lane)
                lane.doom()
                self.populate()
                return

    def _close(self) -> None:
        self._blocks.clear()
        self.doom()
        self._finish()

    def _finish(self) -> None:
        if self._closed and not self._running:
            self._home.ports.discard(self)
            if not self._keep:
                self._home.end(self.bell.ring)
            self.bell.ring()

    # -------------------------------------------------------------------------------------------- for the lanes

    @property
    def crowded(self) -> bool:
        """Whether there are more lanes than there may be."""
        return self._closed or len(self._lanes) > self._most

    def claims(self) -> Claims | None:
        """Return what lanes claim from; `None` if there is nothing for another lane."""
        return None if self.crowded else self._blocks.claims()

    def emit(self, report: Report | Block) -> None:
        """Pass on a report, or that a block has some; the engine hears of it once this turn of the loop is over."""
        self._reports.append(report)
        if not self._ringing:
            self._ringing = True
            self._home.loop.next(self._ring)

    def announce(self, report: Report) -> None:
        """Pass on a report that must be heard even if the loop does not get to its next turn for a while."""
        if self.forewarn is not None:
            self.forewarn(report)
            return
        self._reports.append(report)
        self.bell.ring()

    def _ring(self) -> None:
        self._ringing = False
        self.bell.ring()

    def suspending(self) -> None:
        """Have others claim what the lane that is about to wait cannot: two more for each, so that they double."""
        if len(self._lanes) < self._most:
            self.populate()
            self.populate()

    def populate(self) -> None:
        """Start one more lane, if there is room and something to claim."""
        if len(self._lanes) < self._most and self._ready and self._blocks:
            self._named += 1
            self._lanes.add(Lane(self, self._home.loop, f"{self._home.loop.name}-{self._named}"))

    def left(self, lane: Lane, crash: BaseException | None) -> None:
        """Note that a lane has ended; `crash` is what it could not deal with."""
        if lane not in self._lanes and lane not in self._leaving:
            return  # it was left behind
        crowded = len(self._lanes) > self._most
        self._lanes.discard(lane)
        self._leaving.discard(lane)
        if crowded:
            self.bell.ring()  # its part of a limit may be what others wait for
        if isinstance(crash, KeyboardInterrupt) and self.callers:
            self._interrupt = crash
            self.bell.ring()
        elif crash is not None and not lane.doomed:
            self.emit(Failed(lane.chunk, lane.index, crash))
        if self._closed:
            self._finish()
        elif self._blocks and not self._home.loop.ending():
            self._home.loop.next(self.populate)  # not at once: a loop that is being shut down cancels what it sees
        self._home.lane_left()


def _itself(value: Any) -> Any:
    return value


def _nothing() -> None:
    return None
