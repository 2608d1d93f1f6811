"""`measure`: runs a few real items, each once, and tells what one costs. The steps are here, what they do elsewhere.

sampler.py    runs items            marks.py        reads clocks          observer.py    watches them
estimate.py   makes numbers of it
stepping.py   looks at coroutines   crowd.py        runs a few at once
crossing.py   pickles, imports      cooperation.py  asks gevent
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from .._core.call import ASYNC, PLAIN, Call
from .._core.colour import Dual, is_async, pick
from .._core.source import open_source
from .._errors import InvalidOption
from .._machine import Machine
from .calibration import cached
from .constants import DEFAULTS
from .cooperation import cooperates
from .crossing import crossing, import_seconds
from .crowd import Crowd, Groups, together
from .estimate import Estimate, estimate
from .findings import Findings
from .measurement import Measurement
from .observer import Observation, Observer, run_inline
from .patience import Patience
from .profile import WorkloadProfile
from .remainder import Remainder, Rest
from .sampler import Sampler
from .stepping import Steps

if TYPE_CHECKING:
    from .._core.source import Source
    from .marks import Marks

R = TypeVar("R")

#: Seconds that a measurement may take, unless told.
BUDGET: Final = 0.5
#: Items of a group on which the async version is tried, all at once; and groups.
ASYNC_ITEMS: Final = 5
ASYNC_GROUPS: Final = 3
#: An item that waits less than this part of its time needs no gevent; one that computes less needs no processes.
WORTH: Final = 0.2
#: Seconds of computing in all items together from which on it matters what a process has to import.
MUCH: Final = 0.5


@overload
def measure(
    func: Callable[[Any], Awaitable[R]],
    items: Iterable[Any],
    *,
    async_func: None = ...,
    machine: Machine | None = ...,
    budget: float = ...,
    profile: WorkloadProfile | Mapping[str, Any] | None = ...,
) -> Measurement[R]: ...
@overload
def measure(
    func: Callable[[Any], R],
    items: Iterable[Any],
    *,
    async_func: Callable[[Any], Awaitable[R]] | None = ...,
    machine: Machine | None = ...,
    budget: float = ...,
    profile: WorkloadProfile | Mapping[str, Any] | None = ...,
) -> Measurement[R]: ...
def measure(
    func: Callable[[Any], Any],
    items: Iterable[Any],
    *,
    async_func: Callable[[Any], Awaitable[Any]] | None = None,
    machine: Machine | None = None,
    budget: float = BUDGET,
    profile: WorkloadProfile | Mapping[str, Any] | None = None,
) -> Measurement[Any]:
    """Run the first items, one after the other, and tell what an item costs: computing, waiting, pickling, memory.

    They are real items and really run, in their order, each once: their results are kept, and what was not started
    stays in `rest`. Failures are kept as outcomes. It stops as soon as it knows enough, and at the latest when the
    budget is spent: an item that takes longer goes on in the background, and what it does by then tells what it is.

    Args:
        func: of one argument, the item; plain or `async def`, or made by `dual`.
        items: any iterable; read by this thread alone, and no further than needed.
        async_func: a coroutine function that does the same; a few more items are run with it, five at once, or as
            many as `max_connections` allows.
        machine: what the advice will be for; default: this one, with what else runs on it now.
        budget: seconds, at most, but for an item that has to run in this thread and takes longer.
        profile: what you know and nobody can measure, such as `max_connections`; or `thread_safe=False` or
            `main_thread_only=True`, which make the items run in this very thread. What is declared is not measured.
            With `idempotent=True` a few items are run again, in a child process under gevent.

    Returns:
        the profile with the error of each field, the results so far, and the rest of the input.

    Raises:
        InvalidOption: if something cannot be; nothing has been run then.

    The function is slowed down by a few per cent at most while it is watched. Besides the budget, a child process of
    some 0.2 s is started where it matters what processes have to import, and one of 0.5 s for gevent.
    """
    declared = _checked(func, async_func, machine, budget, profile)
    source = open_source((items,), can_await=False)
    plain, coroutine = _colours(func, async_func)
    here = Machine.detect()
    work = _Work(declared, here, Patience(float(budget)), source)
    findings = Findings(declared, source.total)
    if plain is None:
        assert coroutine is not None
        _add_async(findings, work, coroutine, only=True)
    else:
        seen = work.run(plain)
        findings.add(estimate(seen.samples, seen, gil=here.gil))
        if coroutine is not None:
            _add_async(findings, work, coroutine, only=False)
    findings.seen(work.observations[0])
    findings.colour(exists=coroutine is not None or work.marks[0].awaited)
    _look_beyond(findings, work, func if isinstance(func, Dual) else plain or coroutine, plain)
    constants = DEFAULTS
    if machine is None:
        machine = replace(here, load=round(work.observations[0].load or 0.0, 1))
        constants = cached(here)
    return findings.measurement(machine, constants, Rest(work.remainder()), tuple(work.samplers))


class _Work:
    """The runs of one measurement: each goes on where the one before has stopped."""

    def __init__(self, declared: WorkloadProfile, here: Machine, patience: Patience, source: Source) -> None:
        self._inline = declared.main_thread_only or declared.thread_safe is False or here.gevent_patched
        self._patience = patience
        self._source = source
        self.samplers: list[Sampler | Crowd] = []
        self.marks: list[Marks] = []
        self.observations: list[Observation] = []

    def run(self, func: Callable[..., Any], steps: Steps | None = None) -> Observation:
        """Run items and watch them; coroutine functions bring what looks at their steps."""
        inline = self._inline and steps is None
        call = Call(func, colour=PLAIN if steps is None else ASYNC, context=_context())
        sampler = Sampler(call, self.remainder(), first=self._next, inline=inline, steps=steps)
        self.samplers.append(sampler)
        self.marks.append(sampler.marks)
        seen = run_inline(sampler, self._patience) if inline else Observer(sampler, self._patience).watch()
        self.observations.append(seen)
        return seen

    def crowd(self, func: Callable[..., Any], size: int, steps: Steps) -> tuple[Observation, Groups]:
        """Run groups of items with a coroutine function, those of a group at once; return also what was read."""
        groups = Groups(self.remainder(), self._next, size)
        call = Call(together(func, steps), colour=ASYNC, context=_context())
        sampler = Sampler(call, groups, most=ASYNC_GROUPS, inline=False, steps=steps)
        self.samplers.append(Crowd(sampler, groups))
        return Observer(sampler, self._patience).watch(), groups

    def remainder(self) -> Source:
        """Return what is left of the input."""
        if not self.samplers:
            return self._source
        last = self.samplers[-1]
        return Remainder(last.source, last.started, last.leftover)

    @property
    def _next(self) -> int:
        return sum(sampler.started for sampler in self.samplers)

    @property
    def busy(self) -> bool:
        """Whether an item is still under way, and will be for a while."""
        return not all(sampler.wait(self._patience.budget / 4) for sampler in self.samplers)


def _add_async(findings: Findings, work: _Work, coroutine: Callable[..., Any], *, only: bool) -> None:
    """Run items with the coroutine function, and add what it needs of the loop."""
    if only:
        _add_one_by_one(findings, work, coroutine)
    if work.busy or work.remainder().ended:
        return
    steps, size = Steps(), min(ASYNC_ITEMS, findings.declared.max_connections or ASYNC_ITEMS)
    seen, groups = work.crowd(coroutine, size, steps)
    found, done = estimate(seen.samples, seen, gil=True), seen.samples.items
    if not found:
        return
    count = len(groups.read[0].items)
    computing, idle = found["gil_cpu"], found["wait"]
    all_cpu = computing.value + found["free_cpu"].value
    # Where there is a second group, the first goes, as it carries connections: `estimate` does the same.
    cpu, block = steps.of_one(all_cpu / count, slice(count if done > 1 else 0, count * max(1, done)))
    # The computing of each hides some of the others' waiting: what one item alone has waited is not less here.
    alone = min(findings.wait, max(0.0, all_cpu + idle.value - cpu - (count - 1) * block))
    wait = max(alone, idle.value - count * block)
    findings.add(
        {
            "async_cpu": Estimate(cpu, computing.error / count, count, computing.at_least),
            "async_wait": Estimate(max(0.0, wait - block), idle.error, count, idle.at_least),
            "async_block": Estimate(block, idle.error / count, count, computing.at_least),
        },
        better=True,
    )


def _add_one_by_one(findings: Findings, work: _Work, coroutine: Callable[..., Any]) -> None:
    """Run items one after the other, where there is no plain function that could be looked at so."""
    steps = Steps()
    seen = work.run(steps.watching(coroutine), steps)
    found = estimate(seen.samples, seen, gil=True)
    if not found:
        return
    done = max(1, seen.samples.items)
    computing, idle = found["gil_cpu"], found["wait"]
    total = computing.value + found["free_cpu"].value
    cpu = max(steps.cpu, total - steps.overhead) if seen.samples.items else total
    block = min(idle.value, steps.blocked)
    findings.add(
        {
            "async_cpu": replace(computing, value=cpu),
            "async_wait": replace(idle, value=idle.value - block),
            "async_block": Estimate(block, idle.error, done, computing.at_least),
            **found,
        }
    )


def _look_beyond(
    findings: Findings, work: _Work, func: Callable[..., Any] | None, plain: Callable[..., Any] | None
) -> None:
    """Look at what becomes of the function elsewhere: in other processes, and under gevent."""
    declared, examples = findings.declared, list(work.marks[0].examples)
    assert func is not None
    findings.crossing(crossing(func, examples))
    if findings.computing > WORTH and findings.total_cpu > MUCH and findings.may_cross:
        findings.imports(import_seconds(func))
    if declared.idempotent and plain is not None and declared.green_ok is None and findings.waiting > WORTH:
        again = [item for item, _ in examples]
        if again:
            findings.green(cooperates(plain, again, findings.waiting))


def _context() -> Any:
    """Return a copy of the caller's context, in which items run: without the name of the loop that the caller is in."""
    context = copy_context()
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
    return context


def _colours(
    func: Callable[..., Any], async_func: Callable[..., Any] | None
) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """Return the plain function and the coroutine function, of which one may be missing."""
    first, declared_async = pick(func, native_async=False)
    if declared_async:
        return None, first
    other, other_async = pick(func, native_async=True)
    return first, async_func or (other if other_async else None)


def _checked(func: object, async_func: object, machine: object, budget: object, profile: Any) -> WorkloadProfile:
    if not callable(func):
        raise InvalidOption("func", func, "it must be callable, as in measure(func, items)")
    if async_func is not None and (not callable(async_func) or not is_async(async_func)):
        raise InvalidOption("async_func", async_func, "it must be declared 'async def'")
    if async_func is not None and (is_async(func) or isinstance(func, Dual)):
        raise InvalidOption("async_func", async_func, "func has an async version already; give one of the two")
    if machine is not None and not isinstance(machine, Machine):
        raise InvalidOption("machine", machine, "it must be a Machine, such as Machine(cores=8)")
    number = isinstance(budget, int | float) and not isinstance(budget, bool)
    if not number or not 0 < budget <= 3600:  # type: ignore[operator]
        raise InvalidOption("budget", budget, "it must be a number of seconds above 0 and at most 3600")
    return WorkloadProfile.of({} if profile is None else profile)
