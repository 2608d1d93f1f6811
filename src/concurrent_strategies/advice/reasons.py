"""Why this plan and not another, in sentences. They are read off the formulas; nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .rules import TOLERANCE, many
from .sizing import knee, limits
from .words import say_count, say_ratio, say_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rules import Candidate, Choice

#: Below this the choice is called close.
CLOSE: Final = 0.15
#: A prediction that may be off by this factor is told as a range.
WIDE: Final = 1.25
NAMES: Final = ("sync", "thread", "process", "green", "asyncio")
_EFFORT: Final = {
    "sync": "one item at a time",
    "thread": "threads can get into each other's way",
    "asyncio": "the function has to be a coroutine",
    "green": "it depends on gevent's patches",
    "process": "processes have to be started, and items pickled",
}
_STATIONS: Final = {
    "one by one": "one item at a time",
    "GIL": "only one thread at a time holds the GIL",
    "cores": "computing fills the cores it can use",
    "loop": "all computing shares the one thread of the loop",
    "rate": "rate_limit allows no more",
}


def reasons(choice: Choice) -> tuple[str, ...]:
    """Say why this strategy, why this size, how close it was, and what was reckoned with."""
    return (_why(choice), *_size(choice), *_closeness(choice), *_work(choice), *_evidence(choice))


def rejected(choice: Choice) -> dict[str, str]:
    """Say of each of the other strategies why it was not taken."""
    others = (name for name in NAMES if name != choice.chosen.plan.strategy)
    return {name: _against(choice.candidates[name], choice) for name in others}


def _work(choice: Choice) -> Iterator[str]:
    it, profile = choice.model.demands, choice.model.profile
    parts = [(it.gil, _held(choice)), (it.free, "computing with the GIL released"), (it.wait, "waiting")]
    parts = [(seconds, name) for seconds, name in parts if seconds]
    count = say_count(it.items, "item") if it.finite else "an unknown number of items"
    if it.timed or it.waiting_assumed:
        each = [f"{say_seconds(seconds)} of {name}" for seconds, name in parts]
        if not it.cpu_declared and len(each) > 1:
            each[0] += " (assumed)"
        if each:
            each[-1] += "" if it.timed else f" (assumed for latency={profile.latency!r})"
    elif len(parts) == 1:
        each = [parts[0][1]]
    else:
        each = [f"{100 * seconds / it.duration:.0f} % {name}" for seconds, name in parts]
    yield f"{count}, each {' and '.join(each) or 'next to nothing'}"
    missing = " and ".join(name for name, known in (("n_items", it.finite), ("duration", it.timed)) if not known)
    if missing:
        yield f"{missing} not declared: strategies are compared by their rate, and start-up is left out"


def _evidence(choice: Choice) -> Iterator[str]:
    """Say what was measured, how sure it is, and what follows of that."""
    profile = choice.model.profile
    if profile.measured_items is None:
        return
    errors = profile.confidence or {}
    times = [errors[name] for name in ("gil_cpu", "free_cpu", "wait") if name in errors]
    if not times:
        return
    if not profile.measured_items:
        yield "no item had ended when this was asked: its times are twice what had passed by then, and may be more"
    else:
        sure = f"each part of it within {max(1, round(100 * max(times)))} % of its duration"
        yield f"measured on {say_count(profile.measured_items, 'item')}, {sure}"
    low, high = choice.range(choice.chosen)
    faster = [c for c in choice.possible if choice.time(c) * (1 + TOLERANCE) < choice.time(choice.chosen)]
    if faster and choice.here == choice.chosen.plan.family and not choice.chosen.obstacle:
        spec = faster[0].plan.spec()
        yield f"by these values {spec} would be faster, but as far as they are in doubt this one falls behind least"
    elif high > WIDE * low and not choice.model.demands.steady:
        yield f"as far as that is in doubt, the run takes from {say_seconds(low)} to {say_seconds(high)}"


def _held(choice: Choice) -> str:
    return "computing under the GIL" if choice.model.machine.gil else "computing in Python"


def _why(choice: Choice) -> str:
    plan, it, machine = choice.chosen.plan, choice.model.demands, choice.model.machine
    if choice.here != plan.family:
        return "that is what this kind of work wants on an ordinary machine; this one differs, see below"
    if plan.inner:
        workers = "threads" if plan.inner == "thread" else "tasks"
        return f"processes share out the computing, and {workers} inside each hide the waiting"
    if plan.strategy == "sync":
        return _why_sync(choice)
    if plan.strategy == "process":
        held = it.gil and not choice.candidates["thread"].obstacle
        return (
            f"{_held(choice)} can use several cores only in several processes"
            if held
            else "nothing lighter is possible"
        )
    if plan.strategy == "thread":
        if it.wait > it.cpu:
            return "threads wait at the same time, and plain blocking code will do"
        if not machine.gil:
            return "without a GIL, threads compute on all cores, without start-up and pickling"
        return "computing with the GIL released uses all cores in threads, without start-up and pickling"
    return _why_tasks(choice)


def _why_tasks(choice: Choice) -> str:
    plan, machine, thread = choice.chosen.plan, choice.model.machine, choice.candidates["thread"]
    easy = "a waiting task costs next to nothing" if plan.strategy == "asyncio" else "blocking code waits in greenlets"
    if plan.strategy == "asyncio" and machine.running_loop:
        return f"the caller is inside an event loop, and can await it; {easy}"
    if plan.strategy == "green" and machine.gevent_patched:
        return f"gevent has patched this program already; {easy}"
    longer = choice.time(thread) / choice.time(choice.chosen) if choice.time(choice.chosen) else 1.0
    if not thread.obstacle and longer > 1 + TOLERANCE:
        return f"{easy}; threads, {thread.plan.calls} at most, take {say_ratio(longer)}"
    if many(choice.model.profile):
        return f"{easy}, and many connections are no work for threads"
    return f"{easy}, and the async version exists" if plan.strategy == "asyncio" else easy


def _why_sync(choice: Choice) -> str:
    it = choice.model.demands
    if it.finite and it.items <= 1:
        return "one item cannot be shared out"
    others = [c for c in choice.possible if c.plan.strategy != "sync" and not c.plan.inner]
    gain = choice.time(choice.chosen) - choice.time(others[0]) if others else 0.0
    if choice.chosen.cost.bottleneck.station == "rate":
        return "rate_limit sets the pace, and one item at a time keeps up with it"
    if gain > 0 and not it.steady:
        return f"the work is too little: {others[0].plan.spec()} would save {say_seconds(gain)}"
    return "nothing that is possible here is faster"


def _size(choice: Choice) -> Iterator[str]:
    plan, model = choice.chosen.plan, choice.model
    if plan.strategy == "sync":
        return
    binding = min(limits(model), default=None)
    if binding is not None and plan.calls >= binding.calls:
        yield f"{plan.calls} at once: {binding.origin}"
    elif plan.strategy == "process" and not plan.inner:
        yield f"{plan.workers} at once: " + ("one for each core" if model.demands.wait == 0 else "to hide the waiting")
    elif not plan.inner and plan.workers < knee(plan.strategy, model):
        yield f"{plan.workers} at once: more are not advised for this strategy"
    else:
        station = "the loop" if "asyncio" in (plan.strategy, plan.inner) else "the cores"
        yield f"{plan.calls} at once: about what keeps {station} busy; more would queue there"


def _closeness(choice: Choice) -> Iterator[str]:
    chosen = choice.time(choice.chosen)
    if choice.chosen.plan.strategy == "sync" or choice.here != choice.chosen.plan.family:
        return
    for other in choice.possible:
        if other.plan.strategy != choice.chosen.plan.strategy and not other.plan.inner and chosen > 0:
            difference = abs(choice.time(other) - chosen) / chosen
            if difference < CLOSE:
                yield f"close: {other.plan.spec()} comes out within {max(1, round(100 * difference))} %"
            return


def _against(other: Candidate, choice: Choice) -> str:
    if other.obstacle:
        return other.obstacle
    mine, its = choice.time(choice.chosen), choice.time(other)
    if its <= mine * (1 + TOLERANCE) or mine == 0:
        lead = "faster on this machine" if its < mine / (1 + TOLERANCE) else "no faster"
        return f"{lead}, and {_EFFORT[other.plan.strategy]}"
    return f"{say_ratio(its / mine)}: {_slow(other, choice)}"


def _slow(other: Candidate, choice: Choice) -> str:
    bottleneck = other.cost.bottleneck
    mine = choice.time(choice.chosen) * (1 + TOLERANCE)
    started = other.cost.start > bottleneck.seconds or bottleneck.seconds <= mine
    if not choice.model.demands.steady and started:
        return f"starting it takes {say_seconds(other.cost.start)}"
    crosses = other.plan.strategy == "process" and bottleneck.station == "cores"
    if bottleneck.station == "pickling" or (crosses and choice.model.pickling > choice.model.demands.busy):
        return f"to pickle an item and its result takes {say_seconds(choice.model.pickling)}"
    if bottleneck.station == "waiting":
        return f"only {say_count(other.plan.calls, 'item')} at once"
    return _STATIONS[bottleneck.station]
