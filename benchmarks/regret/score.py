"""Arithmetic on what was measured: regret, the kind that was right, errors of prediction, stability. Nothing is run.

A record is what `measuring.py` makes of one workload; times are the least of all rounds.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from .cells import AUTO, JOBLIB, family

Record: TypeAlias = dict[str, Any]

#: Seconds that nobody cares about: they are added to both sides of each ratio.
FLOOR = 0.01
#: Kinds that fall behind the best by no more than this are right as well.
RIGHT = 1.05
GOOD = 1.1
#: What somebody can do with a profile, or without.
WAYS = ("advise(true profile)", "advise(measure())", AUTO)
RULES = "the three rules, best size"


def seconds(record: Record, key: str) -> float | None:
    """Return the least time of a cell; `None` where there is none: it was left out, or did not come to its end."""
    figures = record["cells"].get(key, {}).get("seconds", [])
    return min(figures) if figures else None


def best(record: Record) -> float:
    """Return the least time of all of ours."""
    return min(time for key in record["cells"] if key != JOBLIB and (time := seconds(record, key)) is not None)


def regret(time: float | None, least: float, otherwise: float) -> float:
    """Return how many times as long something takes as the best; what did not end counts with what it was given."""
    return ((otherwise if time is None else time) + FLOOR) / (least + FLOOR)


def fastest_of(record: Record, kind: str) -> float | None:
    """Return the least time of a kind of strategy, over its sizes."""
    times = [seconds(record, key) for key in record["cells"] if key not in (AUTO, JOBLIB) and family(key) == kind]
    return min((time for time in times if time is not None), default=None)


def right_kinds(record: Record) -> set[str]:
    """Return the kinds that are as good as the best; `auto` is of no kind, as it may use several."""
    kinds = {family(key) for key in record["cells"] if key not in (AUTO, JOBLIB)}
    fastest = {kind: time for kind in kinds if (time := fastest_of(record, kind)) is not None}
    least = min(fastest.values())
    return {kind for kind, time in fastest.items() if regret(time, least, math.inf) <= RIGHT}


def advised(record: Record, way: str) -> str | None:
    """Return the cell that a way came to; `None` if that was not measured."""
    if way == AUTO:
        return AUTO if AUTO in record["cells"] else None
    specs = record["advised"].get(way, [])
    return specs[0] if specs else None


def regrets(records: Sequence[Record]) -> dict[str, list[float]]:
    """Return the regrets of every way and every baseline, in the order of the records."""
    found: dict[str, list[float]] = {}
    for record in records:
        least, otherwise = best(record), record["patience"]
        cells = {way: advised(record, way) for way in WAYS} | record["baselines"]
        for name, key in cells.items():
            if key is not None and (key != JOBLIB or key in record["cells"]):
                found.setdefault(name, []).append(regret(seconds(record, key), least, otherwise))
        ruled = fastest_of(record, record["rule"])
        found.setdefault(RULES, []).append(regret(ruled, least, otherwise))
    return found


def kind_accuracy(records: Sequence[Record], way: str) -> float | None:
    """Return how often the advised kind was right; nobody asks that of `auto`."""
    hits = [family(spec) in right_kinds(record) for record in records if (spec := advised(record, way)) is not None]
    return statistics.fmean(hits) if hits and way != AUTO else None


def errors(record: Record) -> list[float]:
    """Return |ln(predicted / measured)| of every cell that was predicted."""
    return [
        abs(math.log(cell["predicted"] / time))
        for key, cell in record["cells"].items()
        if cell.get("predicted") and (time := seconds(record, key)) is not None
    ]


def order(record: Record) -> float | None:
    """Return how far the predicted order of the cells is the measured one: Kendall's tau, from -1 to 1."""
    pairs = [
        (cell["predicted"], time)
        for key, cell in record["cells"].items()
        if cell.get("predicted") and (time := seconds(record, key)) is not None
    ]
    return tau(pairs)


def tau(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Kendall's tau-b of pairs; `None` where one side is all the same."""
    agreeing, known_left, known_right = 0, 0, 0
    for place, (left, right) in enumerate(pairs):
        for other_left, other_right in pairs[:place]:
            one, other = _sign(left - other_left), _sign(right - other_right)
            agreeing += one * other
            known_left += one != 0
            known_right += other != 0
    return agreeing / math.sqrt(known_left * known_right) if known_left and known_right else None


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def stability(specs: Iterable[str]) -> float:
    """Return the share of the kind that was advised most often."""
    kinds = Counter(family(spec) for spec in specs)
    return max(kinds.values()) / kinds.total() if kinds else 0.0


def geometric_mean(numbers: Sequence[float]) -> float:
    """Return the geometric mean."""
    return math.exp(statistics.fmean(math.log(number) for number in numbers))


def percentile(numbers: Sequence[float], share: float) -> float:
    """Return the number that this share of all of them does not exceed."""
    return sorted(numbers)[max(0, math.ceil(share * len(numbers)) - 1)]


def share(numbers: Sequence[float], holds: Callable[[float], bool]) -> float:
    """Return for what part of the numbers something holds."""
    return statistics.fmean(map(holds, numbers)) if numbers else 0.0
