"""What was measured, as records: one for each case, with its contenders' figures and its targets' fate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .harness import BEST, BEST_TUNED, IDEAL, ITSELF, Case, Target, Timing


def record(section: str, case: Case, timings: Sequence[Timing]) -> dict[str, Any]:
    """Return the record of a case."""
    contenders = []
    for timing in timings:
        row: dict[str, Any] = {"name": timing.contender.name, "kind": timing.contender.kind, "note": timing.note}
        if timing.figures:
            row |= {"median": _short(timing.median), "min": _short(timing.best), "rounds": len(timing.figures)}
        contenders.append(row)
    made = {"section": section, "case": case.name, "unit": case.unit, "ideal": case.ideal, "contenders": contenders}
    return made | {"targets": [reached(made, target) for target in case.targets]}


def _short(figure: float) -> float:
    return float(f"{figure:.4g}")


def reached(made: dict[str, Any], target: Target) -> dict[str, Any]:
    """Return what became of a target: the ratio of the medians, that of the minima, and whether the first will do.

    Where it cannot be told, because somebody has no figures, `ok` is `None`.
    """
    fate: dict[str, Any] = {"ours": target.ours, "against": target.against, "limit": target.limit, "ok": None}
    mine: dict[str, Any] = next((row for row in made["contenders"] if row["name"] == target.ours), {})
    if "median" not in mine:
        return fate
    other = _other(made, target.against)
    if other is None:
        return fate
    fate["against"] = other["name"] if target.against not in (IDEAL, ITSELF) else target.against
    median, best = mine["median"] / other["median"], mine["min"] / other["min"]
    # A hair's breadth is no failure: figures have four digits, and targets two.
    return fate | {"ratio": _short(median), "by_minima": _short(best), "ok": median <= target.limit * 1.004}


def _other(made: dict[str, Any], against: str) -> dict[str, Any] | None:
    if against == ITSELF:
        return {"name": ITSELF, "median": 1.0, "min": 1.0}
    if against == IDEAL:
        return {"name": IDEAL, "median": made["ideal"], "min": made["ideal"]} if made["ideal"] else None
    if against in (BEST, BEST_TUNED):
        return best_peer(made, tuned=against == BEST_TUNED)
    return next((row for row in made["contenders"] if row["name"] == against and "median" in row), None)


def best_peer(made: dict[str, Any], *, tuned: bool) -> dict[str, Any] | None:
    """Return the fastest peer, of those by default or of all of them."""
    kinds = ("peer", "tuned") if tuned else ("peer",)
    peers = [row for row in made["contenders"] if row["kind"] in kinds and "median" in row]
    return min(peers, key=lambda row: row["median"], default=None)


def ours(made: dict[str, Any]) -> dict[str, Any] | None:
    """Return ours as it is by default."""
    return next((row for row in made["contenders"] if row["kind"] == "ours" and "median" in row), None)


def figure(number: float) -> str:
    """Return a figure with as many digits as it deserves."""
    if not number:
        return "0"
    digits = 2 - math.floor(math.log10(abs(number)))
    return f"{number:,.{min(3, max(0, digits))}f}"
