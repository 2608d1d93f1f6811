"""What to look out for: each function here is one matter, and yields a sentence where it concerns this choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .demands import FEW
from .sizing import knee, limits, memory_budget
from .words import say_ratio, say_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rules import Choice

#: An obstacle is worth a word if the strategy behind it would be faster by a fifth.
WORTH: Final = 1.2
#: Seconds that a coroutine may block its loop before it is a fault.
BLOCK: Final = 0.001
PICKLING: Final = 0.2  # of an item's duration
INNER_THREADS: Final = 1.2
BUSY: Final = 0.5  # programs beside this one, for each core


def cautions(choice: Choice) -> tuple[str, ...]:
    """Return every warning that concerns this choice."""
    matters = (
        _this_machine,
        _in_the_way,
        _cores,
        _load,
        _coroutine,
        _threads,
        _gevent,
        _processes,
        _payload,
        _size,
        _others,
        _spread,
        _contradictions,
        _deadline,
    )
    return tuple(sentence for matter in matters for sentence in matter(choice))


def _this_machine(choice: Choice) -> Iterator[str]:
    """Say where this machine disagrees with what the kind of work alone led to."""
    if choice.chosen.obstacle:
        only = "nothing else is possible, but " if choice.chosen.plan.strategy == "sync" else "it cannot run here: "
        yield only + choice.chosen.obstacle
    if choice.here != choice.chosen.plan.family:
        spec = choice.candidates[choice.here].plan.spec()
        yield f"the kind of work alone decided; on this machine {spec} is better (declare n_items and duration)"


def _in_the_way(choice: Choice) -> Iterator[str]:
    mine = choice.time(choice.chosen)
    told: set[str] = set()
    for other in choice.candidates.values():
        if not other.obstacle or other.obstacle in told or choice.time(other) * WORTH >= mine:
            continue
        if choice.model.demands.cpu_declared or other.plan.strategy != "process":
            told.add(other.obstacle)
            times = f"{mine / choice.time(other):.2g} times as fast" if choice.time(other) else "faster"
            yield f"{other.plan.family} would be {times}, but {other.obstacle}"


def _cores(choice: Choice) -> Iterator[str]:
    it, machine = choice.model.demands, choice.model.machine
    if it.cpu > it.wait and machine.cores < 2:
        gain = (
            "several workers compute no faster than one" if machine.cores <= 1 else "more than two workers gain nothing"
        )
        yield f"usable cores here: {machine.cores:g}, so {gain}"
    if it.inner_threads > INNER_THREADS and choice.chosen.plan.strategy != "sync":
        each = max(1, int(machine.cores / choice.chosen.plan.workers))
        yield f"each item uses {it.inner_threads:.2g} cores by itself: set OMP_NUM_THREADS={each} or the like"


def _load(choice: Choice) -> Iterator[str]:
    machine = choice.model.machine
    if machine.load > BUSY * machine.cores and choice.model.demands.cpu:
        others = f"{machine.load:g} others want one of {machine.cores:g} cores at the same time"
        yield f"the machine is busy: {others}; every run takes longer, and more workers get a larger share"


def _coroutine(choice: Choice) -> Iterator[str]:
    plan, profile, it = choice.chosen.plan, choice.model.profile, choice.model.demands
    uses = "asyncio" in (plan.strategy, plan.inner)
    if uses and profile.coroutine == "auto":
        yield "asyncio needs an async version of the function; if there is only blocking code, say coroutine=False"
    if it.loop_block > BLOCK:
        yield f"the async version blocks its loop for {say_seconds(it.loop_block)} an item: await that, or use a thread"
    if it.loop_block > BLOCK and uses:
        stall = it.loop_block * (plan.inner_workers if plan.inner else plan.workers)
        yield f"with so many at once, one item may wait {say_seconds(stall)} for the others' blocking calls"
    if choice.model.machine.running_loop and plan.strategy != "asyncio":
        yield "an event loop is running: await the async verbs (amap, astream), which do not block it"


def _threads(choice: Choice) -> Iterator[str]:
    plan, profile, machine = choice.chosen.plan, choice.model.profile, choice.model.machine
    if "thread" not in (plan.strategy, plan.inner):
        return
    if profile.thread_safe is None:
        yield "make sure that the function may run in several threads at once, or say thread_safe=False"
    if not machine.gil and choice.model.demands.gil:
        yield "without the GIL threads compute in parallel only as far as they do not change the same objects"


def _gevent(choice: Choice) -> Iterator[str]:
    if not choice.model.machine.gevent_patched:
        return
    if choice.chosen.plan.strategy == "thread":
        yield "gevent has replaced threads by greenlets in this program: they do not compute in parallel"
    elif choice.chosen.plan.strategy == "process":
        yield "gevent has patched this program, but not its worker processes: there, waiting blocks"


def _processes(choice: Choice) -> Iterator[str]:
    plan, profile, machine = choice.chosen.plan, choice.model.profile, choice.model.machine
    if plan.strategy != "process":
        return
    if machine.start_method == "fork" and machine.threads > 1:
        yield f"forking a process with {machine.threads} threads can deadlock; use start_method='forkserver'"
    if profile.by_value:
        yield "the function is pickled by value, with everything it closes over; a function of a module is lighter"


def _payload(choice: Choice) -> Iterator[str]:
    plan, model = choice.chosen.plan, choice.model
    crosses = plan.strategy == "process" or (plan.strategy == "green" and not model.machine.gevent_patched)
    timed = model.demands.timed and model.demands.duration > 0
    if crosses and timed and model.pickling > PICKLING * model.demands.duration:
        share = f"{say_seconds(model.pickling)} for an item of {say_seconds(model.demands.duration)}"
        yield f"pickling takes {share}: pass file names or shared memory instead of data"


def _size(choice: Choice) -> Iterator[str]:
    plan, model = choice.chosen.plan, choice.model
    needed, budget = model.profile.memory_per_item, memory_budget(model.profile, model.machine)
    if budget is not None and needed > budget:
        yield f"one item alone needs {needed:,} bytes, more than the memory budget of {budget:,}"
    imposed = [limit for limit in limits(model) if limit.by_machine]
    binding = min(imposed, default=None)
    wanted = model.machine.cores if plan.strategy == "process" else knee(plan.strategy, model)
    if binding is not None and binding.calls <= plan.calls < wanted:
        yield f"no more than {plan.calls} at once: {binding.origin}"
    elif plan.strategy in ("thread", "process") and plan.workers == (model.machine.processes or 0) // 2 < wanted:
        yield f"no more than {plan.workers} at once: half of the processes and threads that the system allows this user"


def _others(choice: Choice) -> Iterator[str]:
    plan, profile = choice.chosen.plan, choice.model.profile
    unlimited = profile.max_connections is None and profile.connections != "few" and profile.rate_limit is None
    if unlimited and plan.calls > FEW and choice.model.demands.wait:
        yield f"up to {plan.calls} calls at once: if the other side allows fewer, say max_connections"


def _spread(choice: Choice) -> Iterator[str]:
    profile = choice.model.profile
    if (profile.duration_cv or 0) > 1 and choice.chosen.plan.strategy != "sync":
        yield "durations differ much: put the longest items first, so that the run does not end waiting for one"
        if profile.ordered:
            yield "in order, results wait for the longest before them; ordered=False streams them as they come"


def _contradictions(choice: Choice) -> Iterator[str]:
    profile = choice.model.profile
    parts = (profile.gil_cpu or 0) + profile.free_cpu + profile.wait
    if profile.duration is not None and parts > profile.duration * 1.01:
        yield f"gil_cpu, free_cpu and wait add up to {say_seconds(parts)}, so duration was ignored"
    if profile.wait and profile.latency and (profile.wait < 0.02) != (profile.latency == "fast"):
        yield f"latency={profile.latency!r} does not fit wait={say_seconds(profile.wait)}, which was used"
    allowed = profile.max_connections
    if allowed is not None and profile.connections and (allowed <= FEW) != (profile.connections == "few"):
        yield f"connections={profile.connections!r} does not fit max_connections={allowed}, which was used"


def _deadline(choice: Choice) -> Iterator[str]:
    deadline, seconds = choice.model.profile.deadline, choice.chosen.cost.total
    if deadline is not None and not choice.model.demands.steady and seconds > deadline:
        ratio = say_ratio(seconds / deadline) if deadline else "longer"
        yield f"the deadline is {say_seconds(deadline)}, and this would take {say_seconds(seconds)}, {ratio}"
