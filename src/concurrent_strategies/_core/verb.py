"""One call of a verb, from its arguments to an engine that can be driven, and what its consumer gets."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Literal

from .._limit import Limit
from .._machine import free_descriptors
from .._options import Options
from .call import ASYNC, PLAIN, Call
from .checkpoint import Checkpoint
from .colour import pick
from .deliver import Delivery
from .drive import Engine
from .item import occupied
from .job import Job as Job
from .port import Port
from .rules import Rules
from .run import Run
from .shelf import Entry
from .source import Labelled, open_source

if TYPE_CHECKING:
    from .base import BaseStrategy
    from .loops import Loop

LEAST_WINDOW = 64  # items of `buffersize`, by default, however few the workers


class Verb:
    """One call of a verb, made ready: the options merged, the colour decided, nothing run yet."""

    def __init__(
        self,
        strategy: BaseStrategy,
        func: Callable[..., Any],
        iterables: tuple[Any, ...],
        options: Options,
        how: dict[str, bool],
    ) -> None:
        self._strategy = strategy
        self._options = options
        self._how = how
        self._func, declared_async = pick(func, native_async=strategy.prefers_async())
        self._colour = ASYNC if declared_async else PLAIN
        self._star = len(iterables) > 1
        self._keys: dict[int, Any] = {}
        source = open_source(iterables, can_await=how.get("can_await", False))
        self._source = source if options.key is None else Labelled(source, options.key, self._keys)
        self._context = self._make_context()
        self._delivery: Delivery | None = None
        self._tick: Callable[[int], None] | None = None

    def begin(self, loop: Loop | None) -> Engine:
        """Open a port and make the engine of this run."""
        strategy, options = self._strategy, self._options
        strategy.check_open()
        warm = strategy.warm()
        limit, workers = self._limit(warm[1] if warm else None)
        crew = warm[0] if warm else strategy.hire(workers)
        apart, items = self._how.get("apart", False), self._source.total
        port = strategy.open(Job(self._call(limit), crew, workers, loop, apart=apart, items=items))
        lease = limit.lease(port.bell.ring, most=workers, lent=1 if limit in occupied.get() else 0)
        run = Run(self._rules(workers, port, limit.adapts), time.monotonic(), self._source.total)
        crew.expect(self._func, run.pace)
        if self._source.ended:
            run.exhaust()
        self._delivery = Delivery(options, run, self._keys)
        note = None
        if options.checkpoint is not None:
            note = Checkpoint(options.checkpoint, options.key)
        if options.progress is not False:
            from .progress import ticker

            self._tick = ticker(options.progress, self._source.total)
        attended = self._how.get("whole", False)
        engine = Engine(run, port, lease, self._source, crew, note, keeps=bool(warm), attended=attended)
        port.may_scatter = not limit.adapts
        if limit.adapts:
            from .feedback import feedback

            engine.feedback = feedback(limit, lease, self._source.total, options.task_timeout)
        return engine

    def _limit(self, warm: Limit | None) -> tuple[Limit, int]:
        """Return what bounds the calls at once, and how many of them this run may come to."""
        strategy, wanted = self._strategy, self._options.max_workers
        adapting = strategy.auto_workers(self._colour)
        if isinstance(wanted, Limit):
            if not wanted.adapts or adapting is not None:
                return wanted, _most(wanted, wanted.most, adapting)
            wanted = wanted.fixed(strategy.default_workers())
        elif wanted == "auto":
            if adapting is not None:
                limit = warm or own_limit(strategy, "auto")
                return limit, _most(limit, limit.most, adapting)
            wanted = strategy.default_workers()
        most = strategy.most() if wanted is None else wanted
        limit = warm or own_limit(strategy, most)
        return limit, _most(limit, most, adapting)

    def _rules(self, workers: int, port: Port, adapts: bool) -> Rules:
        options, whole = self._options, self._how.get("whole", False)
        window = options.buffersize
        if window is None and not (whole and self._source.total is not None):
            window = max(LEAST_WINDOW, 4 * workers)
        fail_fast = options.on_error == "raise" and options.max_failures is None and not self._how.get("outcomes")
        return Rules(
            ordered=options.ordered,
            fail_fast=fail_fast,
            window=window,
            chunksize=None if options.chunksize == "auto" else options.chunksize,
            cautious=adapts and port.span == 1,  # what is refused is not to be followed by what came along with it
            timeout=options.timeout,
            task_timeout=None if port.inline else options.task_timeout,
            retry=options.retry,
            rate=options.rate,
            max_failures=options.max_failures,
        )

    def _call(self, limit: Limit) -> Call:
        options = self._options
        context = self._context
        context.run(occupied.set, (*occupied.get(), limit))
        return Call(
            self._func,
            star=self._star,
            colour=self._colour,
            context=context,
            shared_context=options.shared_context,
            seed=options.seed,
            task_timeout=options.task_timeout,
        )

    def _make_context(self) -> Context:
        """Make the context of the items as the caller's is now; each of them gets a copy."""
        chosen = self._options.context
        if chosen is None:
            chosen = not self._strategy.traits.isolated
        if chosen is True:
            context = copy_context()
            # Where anyio runs the caller's loop, the name of that loop is in its context; the items' may be another.
            # Not where it says nothing: items whose context has no variables cost less.
            sniffio = sys.modules.get("sniffio")
            if sniffio is not None and context.get(sniffio.current_async_library_cvar) is not None:
                context.run(sniffio.current_async_library_cvar.set, None)
            return context
        context, current = Context(), copy_context()
        for var in chosen or ():
            if var in current:
                context.run(var.set, current[var])
        return context

    # ------------------------------------------------------------------------------- what the consumer gets

    def values(self, batch: list[Entry]) -> Iterator[list[Any]]:
        """Yield lists of values."""
        assert self._delivery is not None
        self._count(batch)
        return self._delivery.values(batch)

    def each_value(self, batch: list[Entry]) -> Iterator[Any]:
        """Yield values one by one."""
        for values in self.values(batch):
            yield from values

    def outcomes(self, batch: list[Entry]) -> Iterator[Any]:
        """Yield outcomes one by one."""
        assert self._delivery is not None
        self._count(batch)
        return self._delivery.outcomes(batch)

    def end_values(self) -> None:
        """Raise what stands against a good end."""
        assert self._delivery is not None
        self._delivery.end(values=True)

    def end_outcomes(self) -> None:
        """Raise what stands against a good end."""
        assert self._delivery is not None
        self._delivery.end(values=False)

    def _count(self, batch: list[Entry]) -> None:
        if self._tick is not None:
            self._tick(sum(map(len, batch)))


def own_limit(strategy: BaseStrategy, most: int | Literal["auto"] | None = None) -> Limit:
    """Return what bounds the calls of a strategy, or of one run that has workers of its own.

    Args:
        strategy: the strategy, which may have a limit that it shares with others.
        most: calls at once, where it has none; default: what the strategy says.
    """
    own = strategy.options.max_workers
    adapting = strategy.auto_workers(PLAIN) is not None
    if isinstance(own, Limit) and (adapting or not own.adapts):
        return own
    if adapting and "auto" in (most, own if most is None else None):
        from .._autolimit import AutoLimit

        return AutoLimit()
    return Limit(most if isinstance(most, int) else strategy.most())


def _most(limit: Limit, most: int, adapting: int | None) -> int:
    """Return how many calls at once a run may come to on a limit."""
    if limit.adapts and adapting is not None:
        free = free_descriptors()
        most = min(most, adapting, most if free is None else max(1, free // 2))
    return min(most, limit.most)
