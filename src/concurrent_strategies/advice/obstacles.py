"""What speaks against a strategy whatever its speed: one sentence per fact, none where nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .words import say_seconds

if TYPE_CHECKING:
    from .model import Model

#: Seconds for which a caller's event loop may stand still before others notice.
STALL: Final = 0.01
#: The least part of declared waiting that computing has to be for processes to come into question.
WORTH_CORES: Final = 0.05


def obstacle(family: str, model: Model) -> str:
    """Return why a strategy is out of the question here, or an empty string."""
    outer, _, inner = family.partition("/")
    checks = {"sync": _sync, "thread": _thread, "asyncio": _asyncio, "green": _green, "process": _process}
    if inner:
        return _process(model) or checks[inner](model) or _no_computing(model)
    lighter = not (_thread(model) and _asyncio(model) and _green(model))
    return checks[outer](model) or (_no_computing(model) if outer == "process" and lighter else "")


def _sync(model: Model) -> str:
    if not model.machine.running_loop:
        return ""
    if model.demands.steady:
        return "it would block the event loop that is running"
    whole = model.demands.items * model.demands.duration
    return f"it would block the event loop that is running for {say_seconds(whole)}" if whole > STALL else ""


def _thread(model: Model) -> str:
    if model.profile.main_thread_only:
        return "the function has to run in a main thread"
    if model.profile.thread_safe is False:
        return "the function is not thread-safe"
    return ""


def _asyncio(model: Model) -> str:
    if model.profile.main_thread_only:
        return "the function has to run in a main thread, which the loop may not be in"
    if model.profile.coroutine is False:
        return "there is no async version; a blocking call would stop the whole loop"
    if not model.demands.loop_wait:
        return "there is no waiting to overlap, and tasks share one core"
    return ""


def _green(model: Model) -> str:
    profile, patched = model.profile, model.machine.gevent_patched
    if not model.demands.wait:
        return "there is no waiting to overlap, and greenlets share one core"
    if profile.main_thread_only:
        return "the function has to run in a main thread"
    if profile.green_ok is False:
        return "its waiting does not become cooperative under gevent"
    if profile.green_ok is None and not patched:
        return "it is not known whether its waiting becomes cooperative under gevent; say green_ok=True if so"
    # Outside a patched program the greenlets live in one child process.
    return "" if patched else _process(model)


def _process(model: Model) -> str:
    profile, machine = model.profile, model.machine
    if not profile.picklable:
        return "function, items or results cannot be pickled, so they cannot cross the process border"
    if profile.shared_state:
        return "the function changes objects of this process; a child would change copies"
    if machine.daemon:
        return "this is a daemonic process, which may have no children"
    if machine.nested:
        return "this is a worker process already, and its siblings use the other cores"
    if profile.fork_safe is False and machine.start_method == "fork":
        return "the function does not survive a fork; start processes by 'forkserver' or 'spawn'"
    return ""


def _no_computing(model: Model) -> str:
    """Tell why work that was declared as waiting has no use for processes."""
    it = model.demands
    if not it.cpu_declared:
        return "computing was not declared, and is no reason for processes while it is only assumed"
    profile = model.profile
    if profile.kind != "io" and not (profile.kind is None and (profile.latency or profile.connections)):
        return ""
    if it.steady:
        return "the work was declared as waiting, and not how much computing comes together in a run"
    if it.cpu < WORTH_CORES * it.duration:
        return f"the work was declared as waiting, and only {100 * it.cpu / it.duration:.2g} % of it is computing"
    return ""
