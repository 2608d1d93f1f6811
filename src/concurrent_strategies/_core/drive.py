"""Who makes a run move: the caller, blocking or awaiting, and a keeper while the caller is busy elsewhere.

    drive()   the caller's thread, while it is inside a verb           adrive()   a task of the verb's own
    Keeper    a thread that drives a run which nobody has driven for 20 ms; it never advances the input

All of them do the same turn: take in reports, ask the rules, tell the port. `wait` and `await wait` are derived here,
once, from the port's bell.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from time import monotonic as clock
from typing import TYPE_CHECKING, Any

from .._errors import InvalidOption, StrategyClosed
from .._limit import Lease
from .._lock import make_lock
from .checkpoint import MISSING, Checkpoint
from .crew import Crew
from .port import Port, Report
from .run import Run
from .shelf import Entry
from .source import Source

if TYPE_CHECKING:
    from .ear import Ear
    from .feedback import Feedback

NEGLECT = 0.02  # seconds without a driver after which the keeper takes over
CLOSE = 5.0  # seconds that a call which cannot be ended may take to end by itself, when its run is given up
HURRY = 0.3  # the same after Ctrl-C


class Engine:
    """One run under way: its rules, its port and its input, with the turn that whoever drives makes.

    Args:
        run: the rules.
        port: the workers; leased by this run alone.
        lease: what bounds the calls at once.
        source: the input.
        crew: the workers' home.
        keeps: whether it lives longer than this run.
        checkpoint: where finished items are noted, and found.
        attended: whether the consumer comes back at once for more, as `map` does: then no keeper is needed for it.

    Attributes:
        feedback: hears what the workers say, where the limit depends on that.
    """

    def __init__(
        self,
        run: Run,
        port: Port,
        lease: Lease,
        source: Source,
        crew: Crew,
        checkpoint: Checkpoint | None = None,
        *,
        keeps: bool = False,
        attended: bool = False,
    ) -> None:
        self.run = run
        self.port = port
        self.source = source
        self.attended = attended
        self.feedback: Feedback | None = None
        self._checkpoint = checkpoint
        run.logs = checkpoint is not None
        self.inside: bool = False
        self.left: float = clock()
        self.closed: bool = False
        self.slack: float = 0.0
        self._pid = os.getpid()
        self._lease = lease
        self._crew = crew
        self._keeps = keeps
        self._lock = make_lock()
        self._workers = -1
        self._resting = False  # an inline run whose caller is elsewhere: no call of it can be under way
        self._keeper: threading.Thread | None = None

    def turn(self) -> float:
        """Take in what was reported and do what follows; return for how many seconds nothing else is due.

        Raises:
            StrategyClosed: in a forked child: the workers, and whatever they say, are its parent's.
        """
        if self._pid != os.getpid():
            raise StrategyClosed("this run belongs to the process that began it; begin another one in this child")
        seconds = self._turn()
        words = self.port.words
        while words:
            words.popleft()()  # not under the lock: log handlers and streams are the user's own
        return seconds

    def _turn(self) -> float:
        run, port = self.run, self.port
        with self._lock:
            if self.closed:
                return 60.0
            if self._resting and not self._lease.adjust(1, 0):
                return 60.0  # until the lease rings
            self._resting = False
            if self._crew.closed:
                run.fail(StrategyClosed("the strategy was closed while this run was under way; close the stream first"))
            now = clock()
            reports = port.poll()
            if self.feedback is None:
                run.report(reports, now)
            else:
                self._report(self.feedback, reports, now)
            if self._checkpoint is not None:
                self._note()
            if self.attended and run.quiet and run.finished:
                return 60.0  # it is closed at once: nothing needs to be given back before
            workers = self._lease.adjust(run.demand(now, port.inner), run.busy(port.span, port.inner))
            if workers != self._workers:
                self._workers = workers
                port.resize(workers)
            for verb, chunk, detail in run.plan(now, port.seats, port.span):
                if verb == "start":
                    port.start(chunk)
                elif verb == "recall":
                    port.recall(chunk, bool(detail))
                else:
                    port.stop(chunk, detail)
                    if self.feedback is not None:
                        self.feedback.stopped(chunk, detail, now)
            pause = 0.0 if port.inline else self._pause()
            due = min(run.due(now, port.span), port.deadline, max(port.alarm, now + pause))
            seconds = max(0.0, (due if self.feedback is None else min(due, self.feedback.due)) - now)
            self.slack = min(pause, seconds)
            return seconds

    def _pause(self) -> float:
        port, attended = self.port, self.attended and self.feedback is None  # which waits for what it hears
        return self.run.slack(port.seats, port.span, attended=attended, hurries=port.hurries)

    def _report(self, feedback: Feedback, reports: list[Report], now: float) -> None:
        busy = self.run.busy(self.port.span, self.port.inner)
        self.run.report(reports, now)
        try:
            feedback.heard(reports, busy, now)
        except Exception as error:  # of the caller's own predicate
            self.run.fail(error)

    def _note(self) -> None:
        assert self._checkpoint is not None
        try:
            self._checkpoint.note(self.run.fresh())
        except (InvalidOption, OSError) as error:
            self.run.fail(error)

    def take(self) -> list[Entry]:
        """Return what may go to the consumer."""
        with self._lock:
            return self.run.take()

    @property
    def wants(self) -> int:
        """How many items should be read from the input now."""
        return 0 if self.source.ended else self.run.wants

    def fed(self, items: Sequence[Any]) -> None:
        """Pass on what was read from the input, but for what an earlier run has finished."""
        with self._lock:
            if self._checkpoint is None:
                self.run.feed(items)
            else:
                for item in items:
                    value = self._checkpoint.lookup(self.run.read, item)
                    if value is MISSING:
                        self.run.feed([item])
                    else:
                        self.run.known(value)
            if self.source.ended:
                self.run.exhaust(self.source.error)

    def wait(self, seconds: float) -> None:
        """Wait until there is something to do: until the bell rings, or for as long as nobody needs to listen."""
        if (pause := min(self.slack, seconds)) > 0:
            self.port.bell.pause(pause)
        self.port.bell.wait(seconds - pause)

    def leave(self) -> None:
        """Note that the caller is busy elsewhere from now on: if that takes long, the keeper drives."""
        self.left = clock()
        self.inside = False
        if self.port.inline:
            # The caller may well be in another run of the same strategy, which needs the same place.
            self._lease.adjust(0, 0)
            self._resting = True
        if self._keeper is None and not self.port.inline and not self.run.idle:
            keeper = threading.Thread(target=_keep, args=(self,), name="keeper", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread left: the run moves while the caller is inside
                keeper.start()
                self._keeper = keeper

    def closing(self, hurry: bool) -> Generator[float, None, None]:
        """Give the run up, in bounded time: an iterator of the seconds to wait before each next step."""
        if self._pid != os.getpid():
            return
        if sys.is_finalizing():  # other threads have been stopped for good, with whatever locks they held just then
            return  # worker processes end with this one
        with self._lock:
            self.run.halt()
            self.port.muted = True
        patience = min(HURRY if hurry else CLOSE, CLOSE if (grace := self.port.grace) is None else grace)
        deadline = clock() + patience
        with contextlib.ExitStack() as order:  # whatever happens, such as a second Ctrl-C
            if not self._keeps:
                order.callback(self._crew.close, 0.1 if hurry else 1.0)
            if self._checkpoint is not None:
                order.callback(self._checkpoint.close)
            order.callback(self._lease.end)
            try:
                # Inline, a call is over by now, and another `poll` would run the next one.
                while not (self.port.inline or self.run.quiet):
                    wait = min(self.turn(), deadline - clock())
                    if self.run.quiet or wait <= 0:
                        break
                    yield wait
            finally:
                with self._lock:
                    self.closed = True
                    self.port.close()
            deadline = clock() + 1.0
            while not self.port.quiet and (wait := deadline - clock()) > 0:
                self.port.poll()
                if not self.port.quiet:
                    yield min(wait, 0.05)


def drive(engine: Engine) -> Generator[list[Entry], None, None]:
    """Make the run move in the caller's thread, and yield what may go to the consumer as it comes."""
    hurry = False
    source = engine.source
    try:
        if not source.blocks and (wanted := engine.wants):  # before the first turn, which had nothing to do otherwise
            engine.fed(source.pull(wanted))
        while True:
            engine.inside = True
            seconds = engine.turn()
            if batch := engine.take():
                if not engine.attended:
                    engine.leave()
                yield batch
                if not (engine.attended and source.ended):  # time has passed, or there is room for more of the input
                    continue
            if engine.run.finished:
                break
            if wanted := engine.wants:
                if source.blocks:
                    engine.leave()
                engine.fed(source.pull(wanted))
            else:
                engine.wait(seconds)
    except KeyboardInterrupt:
        hurry = True
        raise
    finally:
        engine.inside = True
        # Closed in so many words: a Ctrl-C that falls into its last steps would be lost in an iterator's own end.
        with contextlib.closing(engine.closing(hurry)) as steps:
            for seconds in steps:
                engine.port.bell.wait(seconds)
    if (ending := engine.run.ending) is not None:
        raise ending


def _keep(engine: Engine) -> None:
    """Drive a run that nobody drives, until it is closed."""
    bell = engine.port.bell
    pause = threading.Event()
    while not engine.closed:
        if engine.inside or clock() - engine.left < NEGLECT:
            pause.wait(NEGLECT)
            continue
        seconds = engine.turn()
        engine.wait(min(seconds, NEGLECT))
        if engine.inside:
            bell.ring()  # the caller came back meanwhile, and may be waiting for the ring that was heard here


async def adrive(engine: Engine, ear: Ear, changed: Callable[[], None], stopped: Callable[[], bool]) -> None:
    """Make the run move in a task, and call `changed` after each turn."""
    while not engine.run.finished:
        seconds = engine.turn()
        changed()
        if stopped():
            break
        if engine.slack > 0:
            await ear.rest(engine.slack)
        else:
            await ear.heard(seconds)


async def aclose(engine: Engine, ear: Ear, hurry: bool) -> None:
    """Give the run up, without blocking the loop and without being cancelled half-way; bounded."""
    import anyio

    cancelled = anyio.get_cancelled_exc_class()
    with anyio.CancelScope(shield=True):
        with contextlib.closing(engine.closing(hurry)) as steps:
            for seconds in steps:
                try:
                    await ear.heard(seconds)
                except cancelled:
                    continue  # by its task, which no scope shields: what is being given up is given up in any case
