"""The result of a comparison: beside each other the strategies, what they cost, and what the advisor says."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, final

import click

from .. import Machine, WorkloadProfile, advise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .. import Advice
    from .contest import Standing, Workload
    from .differences import Difference

BAR: Final = 28  # columns of the longest bar
SHORT: Final = 0.1  # seconds: what takes less is shown in milliseconds
EIGHTHS: Final = " ▏▎▍▌▋▊▉"
COMPUTING, WAITING = 0.8, 0.2  # shares of processor time in the plain loop, from and up to which work is called so


@final
@dataclass(frozen=True, slots=True)
class Result:
    """What came of one workload."""

    workload: Workload
    standings: list[Standing]
    differences: list[Difference]
    profile: WorkloadProfile | None
    advice: Advice | None

    @property
    def plain(self) -> Standing | None:
        """The standing of `sync`, which speed-ups are measured against."""
        return next((each for each in self.standings if each.strategy == "sync" and each.seconds), None)

    def speedup(self, standing: Standing) -> float | None:
        """How many times faster than `sync`; `None` if either was not measured."""
        return self.plain.median / standing.median if self.plain and standing.seconds else None


def with_advice(workload: Workload, standings: list[Standing], found: list[Difference]) -> Result:
    """Put the advice beside what was measured."""
    profile = _profile(workload, standings)
    advice = advise(profile) if profile is not None else None
    return Result(workload, standings, found, profile, advice)


def _profile(workload: Workload, standings: Sequence[Standing]) -> WorkloadProfile | None:
    """Return what the workload declares, or what the plain loop shows of it: how long, and how much of it computing."""
    if workload.profile is not None:
        return WorkloadProfile.of(workload.profile)
    plain = next((each for each in standings if each.strategy == "sync" and each.seconds), None)
    if plain is None:
        return None
    share = min(1.0, plain.cpu_seconds / plain.median)
    kind: Any = "cpu" if share >= COMPUTING else "io" if share <= WAITING else "mixed"
    duration = float(f"{plain.median / plain.items:.3g}")
    return WorkloadProfile(kind=kind, n_items=plain.items, duration=duration, cpu_fraction=round(share, 2))


def show(results: Sequence[Result]) -> None:
    """Draw a table for each workload."""
    from .tables import table

    titles = ("strategy", "median", "spread", "speed-up", "CPU", "items/s", "time")
    for result in results:
        slowest = max((each.median for each in result.standings if each.seconds), default=0.0)
        rows = [_row(result, standing, slowest) for standing in result.standings]
        numbers = ("median", "spread", "speed-up", "CPU", "items/s")
        table(titles, rows, caption=result.workload.title, numbers=numbers)
        for line in (*_verdict(result), ""):
            click.echo(line)


def _row(result: Result, standing: Standing, slowest: float) -> tuple[str, ...]:
    if not standing.seconds:
        return (standing.strategy, "failed", "", "", "", "", "")
    speedup = result.speedup(standing)
    said = _in_seconds if slowest >= SHORT else _in_milliseconds  # one unit for a table, so that it can be compared
    return (
        standing.strategy,
        said(standing.median),
        f"{said(min(standing.seconds))} to {said(max(standing.seconds))}",
        f"{speedup:.2f}x" if speedup is not None else "",
        said(standing.cpu_seconds),
        f"{standing.rate:,.1f}",
        bar(standing.median / slowest if slowest else 0.0),
    )


def _in_seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _in_milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


def bar(share: float) -> str:
    """Draw a share of the longest bar, exact to an eighth of a column."""
    eighths = max(1, round(share * BAR * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _verdict(result: Result) -> Iterator[str]:
    """Say what was measured, what the advisor was told, and what it says."""
    measured = [each for each in result.standings if each.seconds]
    if measured:
        fastest = min(measured, key=lambda each: each.median)
        speedup = result.speedup(fastest)
        times = f", {speedup:.2f} times as fast as sync" if speedup is not None and fastest is not result.plain else ""
        yield f"Fastest here: {fastest.strategy}{times}"
    if result.advice is not None and result.profile is not None:
        facts = ", ".join(f"{name}={value!r}" for name, value in _facts(result.profile).items())
        source = "declared" if result.workload.profile is not None else "as sync showed"
        yield f"advise says:  {result.advice.spec} (for {facts}, {source})"
        yield from (f"              {reason}" for reason in result.advice.reasons[:1])


def _facts(profile: WorkloadProfile) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in sorted(profile.declared())}


def as_json(results: Sequence[Result]) -> Mapping[str, Any]:
    """Return everything as plain values, seconds throughout."""
    return {
        "machine": {
            "cores": Machine.detect().cores,
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "platform": platform.platform(),
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        },
        "workloads": [_workload(result) for result in results],
    }


def _workload(result: Result) -> Mapping[str, Any]:
    advice = result.advice
    return {
        "name": result.workload.name,
        "title": result.workload.title,
        "function": result.workload.function,
        "items": len(result.workload.items),
        "strategies": [_standing(result, standing) for standing in result.standings],
        "differences": [asdict(each) for each in result.differences],
        "advice": None
        if advice is None or result.profile is None
        else {
            "profile": _facts(result.profile),
            "strategy": advice.strategy,
            "spec": advice.spec,
            "expected_seconds": advice.expected_seconds,
            "reasons": list(advice.reasons),
        },
    }


def _standing(result: Result, standing: Standing) -> Mapping[str, Any]:
    if not standing.seconds:
        return {"strategy": standing.strategy, "problem": standing.problem}
    return {
        "strategy": standing.strategy,
        "problem": standing.problem or None,
        "median_seconds": standing.median,
        "min_seconds": min(standing.seconds),
        "max_seconds": max(standing.seconds),
        "seconds": standing.seconds,
        "speedup": result.speedup(standing),
        "cpu_seconds": standing.cpu_seconds,
        "items_per_second": standing.rate,
    }
