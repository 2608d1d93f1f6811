"""Draws what the model predicts: the time of a run over `max_workers`, one line per strategy. matplotlib draws."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .constants import DEFAULTS
from .demands import demands
from .model import Model
from .obstacles import obstacle
from .plan import Plan
from .sizing import MOST_PROCESSES_PER_CORE, MOST_TASKS, MOST_THREADS, limits

if TYPE_CHECKING:
    from .answer import Advice

FAMILIES: Final = ("sync", "thread", "asyncio", "green", "process")


def curves(advice: Advice) -> dict[str, list[tuple[int, float]]]:
    """Return for each strategy that is possible its predicted seconds, per item where nobody knows how many there are.

    Each is a list of `max_workers` with the seconds: powers of two up to what the strategy and the limits allow.
    """
    profile, machine = advice.profile, advice.machine
    model = Model(profile, demands(profile, machine), machine, advice.constants or DEFAULTS)
    allowed = min((limit.calls for limit in limits(model)), default=MOST_TASKS)
    found = {}
    for family in FAMILIES:
        if obstacle(family, model) and family != advice.strategy:
            continue
        most = max(1, min(allowed, _most(family, model)))
        found[family] = [(k, _seconds(Plan(family, k), model)) for k in _sizes(most)]
    return found


def draw(advice: Advice, axes: Any = None) -> Any:
    """Draw the curves, and mark what is advised.

    Raises:
        ImportError: if no axes are given and matplotlib is not installed.
    """
    axes = _new_axes() if axes is None else axes
    drawn = curves(advice)
    for family, points in drawn.items():
        if family == "sync":
            axes.axhline(points[0][1], label="sync", color="grey", linestyle="--")
        else:
            axes.plot([k for k, _ in points], [seconds for _, seconds in points], marker=".", label=family)
    workers = int(advice.options.get("max_workers", 1))
    at = advice.expected_seconds
    if at is None:
        at = min(drawn[advice.strategy], key=lambda point: abs(point[0] - workers))[1]
    axes.plot([workers], [at], marker="*", markersize=14, linestyle="", color="black", label=f"advised: {advice.spec}")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("max_workers")
    axes.set_ylabel("predicted seconds" + (" per item" if advice.expected_seconds is None else ""))
    axes.legend()
    return axes


def _new_axes() -> Any:
    try:
        pyplot = import_module("matplotlib.pyplot")
    except ImportError as error:
        message = "plot() draws with matplotlib, which is not installed: pip install 'concurrent-strategies[plot]'"
        raise ImportError(message) from error
    return pyplot.subplots()[1]


def _seconds(plan: Plan, model: Model) -> float:
    cost = model.cost(plan)
    return cost.bottleneck.seconds / model.demands.items if model.demands.steady else cost.total


def _most(family: str, model: Model) -> int:
    if family == "thread":
        return MOST_THREADS
    if family == "process":
        return max(1, round(MOST_PROCESSES_PER_CORE * model.machine.cores))
    return 1 if family == "sync" else MOST_TASKS


def _sizes(most: int) -> list[int]:
    return sorted({*(1 << power for power in range(most.bit_length()) if 1 << power <= most), most})
