"""That every section of the benchmarks runs and its results are right; nothing is said of how fast.

One quick run in a process of its own, as the harness forks: tiny sizes, one round, no library that is no need of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from benchmarks import plot, tables
from benchmarks.cases import SECTIONS
from benchmarks.disturbance import disturbance, workloads
from benchmarks.harness import BEST_TUNED, IDEAL, Case, Contender, Reading, Target, measure
from benchmarks.peers import bare
from benchmarks.report import record
from benchmarks.scoreboard.columns import COLUMNS
from benchmarks.scoreboard.judge import judge
from benchmarks.scoreboard.page import QUESTIONS, Board, page
from benchmarks.scoreboard.rows import load
from benchmarks.simulation import SHAPES, simulate

ROOT = Path(__file__).parents[1]
HIDING = ("in the middle", "at the end", "scattered")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a quick run of all sections finds."""
    path = tmp_path_factory.mktemp("benchmarks") / "records.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_runs_and_its_results_are_right(section: str, quick: dict[str, Any]) -> None:
    """Each case of the section has a figure of ours and of every peer: none failed, none returned something wrong."""
    records = [made for made in quick["records"] if made["section"] == section]
    assert records
    for made in records:
        assert any(row["kind"] == "ours" for row in made["contenders"])
        assert [row for row in made["contenders"] if row["note"] or "median" not in row] == []


def test_the_page_gets_its_table_between_the_markers(quick: dict[str, Any]) -> None:
    """What stands before and after the markers of the page stays; every target has its line, and the plot is drawn."""
    page = (ROOT / "docs" / "performance.md").read_text()
    made = tables.placed(page, tables.page(quick, "performance.svg"))
    assert made.partition(tables.BEGIN)[0] == page.partition(tables.BEGIN)[0]
    assert made.partition(tables.END)[2] == page.partition(tables.END)[2]
    table = made.partition(tables.BEGIN)[2].partition(tables.END)[0]
    targets = sum(len(case["targets"]) for case in quick["records"])
    assert table.count("✓") + table.count("✗") + table.count("not measured") == targets
    assert plot.svg(quick["records"]).startswith("<svg ")
    with pytest.raises(ValueError, match="no markers"):
        tables.placed("a page", "a table")


def test_what_measuring_costs_is_told_item_by_item() -> None:
    """The same items, bare and measured."""
    found = disturbance("zlib_compress", rounds=1, budget=0.2, size=0.1)
    assert 1 <= found.items < 12
    assert found.seconds > 0
    assert 0.2 < found.ratio < 20
    assert "async_blocking" not in workloads()


def _measured(*contenders: Contender, **how: Any) -> dict[str, Any]:
    case = Case("a case", contenders, **how)
    with warnings.catch_warnings():
        # The harness forks, which newer versions do not like in a test runner that has threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        return record("a section", case, measure(case, rounds=1, patience=4.0))


def _reads(name: str, figure: float, kind: Any) -> Contender:
    return bare(name, lambda: Reading(figure), kind)


def test_targets_are_judged_against_whom_they_name() -> None:
    """Against a name, the best of those by default, the best of all, or the ideal; by the figures of this run."""
    contenders = (_reads("ours", 3.0, "ours"), _reads("default", 4.0, "peer"), _reads("tuned", 2.0, "tuned"))
    targets = (Target(1.0, "default"), Target(1.0, BEST_TUNED), Target(2.0, IDEAL), Target(1.0, "nobody"))
    made = _measured(*contenders, targets=targets, ideal=1.5)
    assert [(fate["against"], fate["ok"]) for fate in made["targets"]] == [
        ("default", True), ("tuned", False), (IDEAL, True), ("nobody", None),
    ]  # fmt: skip


def test_whoever_cannot_be_measured_says_why() -> None:
    """A library that is missing, one that fails, a wrong result and one that hangs get a note, and spoil nothing."""

    def fails() -> None:
        raise LookupError("broken")

    def hangs() -> None:
        while True:
            pass

    missing = Contender("missing", bare("", fails).opens, "peer", "no_such_library")
    wrong = bare("wrong", lambda: [2], "peer")
    made = _measured(
        bare("ours", lambda: [1], "ours"), missing, wrong, bare("fails", fails), bare("hangs", hangs), expected=[1]
    )
    notes = {row["name"]: row["note"] for row in made["contenders"]}
    assert notes == {
        "ours": "",
        "missing": "left out: no_such_library is not installed",
        "wrong": "wrong: [2]",
        "fails": "failed: LookupError: broken",
        "hangs": "takes more than 4 s",
    }


def test_the_scoreboard_judges_by_what_comes_of_a_fault() -> None:
    """A library that stands the fault is ok, one that does not is wrong and says how; of others it is not asked."""
    rows = load()
    assert judge(rows["E9"], COLUMNS["ours-thread"]) == {"verdict": "ok", "note": ""}
    wrong = judge(rows["C1"], COLUMNS["ThreadPoolExecutor"])
    assert wrong["verdict"] == "wrong"
    assert "nobody's" in wrong["note"]
    assert judge(rows["D1"], COLUMNS["ThreadPoolExecutor"])["verdict"] == "n/a"


def test_the_scoreboard_has_a_line_for_each_row() -> None:
    """Each row of the catalogue is a line of the page, and each of the thirteen questions is answered by a row."""
    rows = load()
    board: Board = {key: {"ours-process": {"verdict": "ok", "note": "1 | 2"}} for key in rows}
    found = {"versions": {}, "implementation": "cpython", "python": "3", "system": "Linux"}
    made = page(board, ["ours-process", "loky"], rows, found)
    assert all(f"\n| {key} | {row.title} | ✓ |" in made for key, row in rows.items())
    assert set(QUESTIONS.values()) <= set(rows)
    assert len(QUESTIONS) == 13
    assert f"**{len(rows)}** of {len(rows)}" in made


def test_the_scoreboard_keeps_what_it_knows(tmp_path: Path) -> None:
    """A cell that the file has is not run again."""
    path = tmp_path / "board.json"
    path.write_text(json.dumps({"cells": {"D1": {"ours-process": {"verdict": "hang", "note": "as it was"}}}}))
    command = [sys.executable, "-m", "benchmarks.faults", "--only", "D1", "--on", "ours-process", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "| ours-process | **0** of 1 | 0 | 1 | 0 |" in done.stdout
    assert json.loads(path.read_text())["cells"]["D1"]["ours-process"]["note"] == "as it was"


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.name in HIDING], ids=lambda shape: shape.name)
def test_slow_items_that_hide_among_short_ones_hold_nobody_up(shape: Any, workers: int) -> None:
    """By the rules alone, on made-up workers whose costs are numbers: within 15 % of the ideal."""
    assert simulate(shape, workers).ratio <= 1.15
