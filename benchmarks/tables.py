"""Records as Markdown: all contenders of a case, all cases at a glance, and all targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import machine
from .harness import ITSELF
from .report import best_peer, figure, ours

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def of_case(made: dict[str, Any]) -> str:
    """Return the table of one case."""
    unit, mine = made["unit"], ours(made)
    lines = [
        f"| {made['section']}: {made['case']} | median {unit} | min {unit} | rounds | ours / it |",
        "|---|--:|--:|--:|--:|",
    ]
    for row in made["contenders"]:
        if "median" not in row:
            lines.append(f"| {row['name']} | {row['note']} | | | |")
            continue
        ratio = f"{mine['median'] / row['median']:.3g}" if mine and row is not mine and row["median"] else ""
        note = f" ({row['note']})" if row["note"] else ""
        lines.append(
            f"| {row['name']}{note} | {figure(row['median'])} | {figure(row['min'])} | {row['rounds']} | {ratio} |"
        )
    if made["ideal"]:
        ratio = f"{mine['median'] / made['ideal']:.3g}" if mine else ""
        lines.append(f"| *the ideal* | {figure(made['ideal'])} | | | {ratio} |")
    return "\n".join(lines)


def of_targets(records: Iterable[dict[str, Any]]) -> str:
    """Return the table of all targets."""
    lines = ["| case | ours against | target | reached | by minima | |", "|---|---|--:|--:|--:|:-:|"]
    for made in records:
        for target in made["targets"]:
            against = target["against"] if target["against"] != ITSELF else f"nobody: {made['unit']}"
            if target["ours"] != "ours":
                against = f"{target['ours'].removeprefix('ours, ')} against {against}"
            if target["ok"] is None:
                figures = "not measured | | "
            else:
                figures = f"{target['ratio']:.3g} | {target['by_minima']:.3g} | {'✓' if target['ok'] else '✗'}"
            lines.append(f"| {made['section']}: {made['case']} | {against} | {target['limit']:g} | {figures} |")
    return "\n".join(lines)


def at_a_glance(records: Iterable[dict[str, Any]]) -> str:
    """Return one line for each case: ours, and the best of the others."""
    lines = [
        "| case | ours | best peer by default | ours / it | best peer, tuned by hand | ours / it |",
        "|---|--:|---|--:|---|--:|",
    ]
    for made in records:
        mine = ours(made)
        if mine is None:
            continue
        cells = [f"{made['section']}: {made['case']}", f"{figure(mine['median'])} {made['unit']}"]
        for tuned in (False, True):
            peer = best_peer(made, tuned=tuned)
            if peer is None or (tuned and peer["kind"] != "tuned"):
                cells += ["", ""]
            else:
                ratio = f"{mine['median'] / peer['median']:.2g}" if peer["median"] else ""
                cells += [f"{peer['name']}: {figure(peer['median'])}", ratio]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(found: dict[str, Any], plot: str) -> str:
    """Return what stands between the markers of the page."""
    records: Sequence[dict[str, Any]] = found["records"]
    judged = [target for made in records for target in made["targets"] if target["ok"] is not None]
    met = sum(target["ok"] for target in judged)
    versions = ", ".join(f"{name} {number}" for name, number in found["machine"]["versions"].items())
    return "\n".join(
        (
            f"{machine.sentence(found['machine'], found['rounds'])} {versions}.",
            "",
            f"{met} of {len(judged)} targets are met. A ratio below 1 means that ours is faster; those of the best",
            "peer are against the fastest of all peers, however they were tuned; ours is never tuned.",
            "",
            of_targets(records),
            "",
            f"![Time of ours and of the best peer, for each case]({plot})",
            "",
            at_a_glance(records),
        )
    )


def placed(text: str, table: str) -> str:
    """Return a page with this between its markers.

    Raises:
        ValueError: if the page has no markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no markers: write {BEGIN} and {END} where the table is to be")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"
