"""What was measured, as a table: medians, minima, and the ratio of ours to each of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .harness import Case, Timing


def rows(case: Case, timings: Sequence[Timing]) -> Iterator[dict[str, Any]]:
    """Yield one record for each contender."""
    ours = timings[0]
    for timing in timings:
        yield {
            "case": case.name,
            "contender": timing.name,
            "median_ms": round(timing.median * 1000, 3),
            "min_ms": round(timing.best * 1000, 3),
            "ours_to_it": round(ours.median / timing.median, 3),
            "ours_to_ideal": round(ours.median / case.ideal, 3) if case.ideal and timing is ours else None,
        }


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Return the records as a table for the docs."""
    lines = ["| case | contender | median ms | min ms | ours / it |", "|---|---|--:|--:|--:|"]
    for r in records:
        ideal = f" (ideal: {r['ours_to_ideal']:.2f})" if r["ours_to_ideal"] else ""
        ratio = "" if r["contender"].startswith("ours") else f"{r['ours_to_it']:.2f}"
        name = f"{r['contender']}{ideal}"
        lines.append(f"| {r['case']} | {name} | {r['median_ms']:.1f} | {r['min_ms']:.1f} | {ratio} |")
    return "\n".join(lines)
