"""The records as Markdown: everything at a glance, then a line for each workload."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from concurrent_strategies.advice.words import say_seconds

from .. import machine
from .cells import AUTO, JOBLIB
from .score import (
    GOOD,
    WAYS,
    Record,
    advised,
    best,
    errors,
    geometric_mean,
    kind_accuracy,
    order,
    percentile,
    regret,
    regrets,
    right_kinds,
    seconds,
    share,
    stability,
)


def at_a_glance(records: Sequence[Record]) -> str:
    """Return one line for each way and each baseline."""
    lines = ["| | geometric mean | 9 of 10 below | worst | at most 1.1 | kind right |", "|---|--:|--:|--:|--:|--:|"]
    for name, found in regrets(records).items():
        right = kind_accuracy(records, name) if name in WAYS else None
        figures = (geometric_mean(found), percentile(found, 0.9), max(found))
        shares = (share(found, lambda each: each <= GOOD), right)
        cells = [*(f"{each:.2f}" for each in figures), *("" if each is None else f"{each:.0%}" for each in shares)]
        left_out = f" ({len(found)} of {len(records)})" if len(found) < len(records) else ""
        shown = f"`{name}`" if name.isidentifier() else name
        lines.append(f"| {shown}{left_out} | {' | '.join(cells)} |")
    return "\n".join(lines)


def trust(records: Sequence[Record]) -> str:
    """Say in sentences how far predictions and repetitions can be trusted."""
    wrong = [error for record in records for error in errors(record)]
    orders = [each for record in records if (each := order(record)) is not None]
    sentences = []
    if wrong and orders:
        middle, most = statistics.median(wrong), percentile(wrong, 0.9)
        sentences.append(
            f"Predicted from the true profile, the seconds of {len(wrong)} cells are wrong by a factor of"
            f" {math.exp(middle):.2f} in the middle, and below {math.exp(most):.2f} in nine of ten; the order of"
            f" the cells of a workload is right to {statistics.fmean(orders):.2f} (Kendall's tau, mean)."
        )
    for words, specs in (
        ("", [record["advised"].get(WAYS[1], []) for record in records]),
        (" while another program keeps one core busy", [record["burnt"] for record in records]),
    ):
        shares = [stability(each) for each in specs if each]
        if shares:
            nearly = sum(each >= 0.9 for each in shares)
            sentences.append(
                f"Measured again and again{words}, the kind is the same in {statistics.fmean(shares):.0%} of the"
                f" repetitions; for {nearly} of {len(shares)} workloads in at least nine of ten."
            )
    return "\n".join(sentences)


def each_workload(records: Sequence[Record]) -> str:
    """Return a line for each workload."""
    lines = [
        "| workload | items | right kinds | best | true profile | regret | measured | regret | `auto` |",
        "|---|--:|---|---|---|--:|---|--:|--:|",
    ]
    for record in records:
        least = best(record)
        first = min(
            (key for key in record["cells"] if seconds(record, key) is not None and key not in (AUTO, JOBLIB)),
            key=lambda key: seconds(record, key) or 0.0,
        )
        cells = [f"`{record['name']}`", f"{record['items']:,}", ", ".join(sorted(right_kinds(record)))]
        cells.append(f"{first}: {say_seconds(seconds(record, first) or 0.0)}")
        for way in WAYS:
            spec = advised(record, way)
            figure = "" if spec is None else f"{regret(seconds(record, spec), least, record['patience']):.2f}"
            cells += [figure] if way == AUTO else [spec or "", figure]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(found: dict[str, Any], plot: str) -> str:
    """Return what stands between the markers of the page."""
    records: Sequence[Record] = found["records"]
    load = statistics.fmean(record["load"] for record in records)
    versions = ", ".join(f"{name} {number}" for name, number in found["machine"]["versions"].items())
    return "\n".join(
        (
            f"{machine.sentence(found['machine'], found['rounds'])} {versions}.",
            f"On average {load:.1f} other programs wanted a core when a run began.",
            "",
            at_a_glance(records),
            "",
            trust(records),
            "",
            f"![Regret of the advice for each workload]({plot})",
            "",
            each_workload(records),
        )
    )
