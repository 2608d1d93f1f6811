"""The other side of a cell: starts its process, does to it what the row says, bounds it, and gives the verdict."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from tests.faults import marks
from tests.faults.harness import LEAVE, Hang, Process, Program, allowance

from .column import Column
from .rows import Row

#: How many times a row's bound passes, and seconds on top of that for interpreters that have to start.
LENIENCE, MOST = 3, 15.0


class Verdict(TypedDict):
    """What came of a cell: ok, wrong, hang, orphan or n/a; and what there is to tell of it."""

    verdict: str
    note: str


class Cell(Program):
    """The program of one cell, to which things can be done from outside."""

    def __init__(self, row: Row, column: type[Column], directory: Path) -> None:
        patched = ["--patched"] if column.patched or row.key == "F10" else []
        command = ["-m", "benchmarks.scoreboard.cell", column.name, row.key, *patched]
        Process.__init__(self, directory, command, shell=row.shell, **dict(row.environment))


def judge(row: Row, column: type[Column]) -> Verdict:
    """Run one cell and give the verdict."""
    if not row.applies(column):
        return {"verdict": "n/a", "note": ""}
    # Not by a context manager: what a cell leaves behind may still write while its directory is removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        cell = Cell(row, column, Path(scratch) / "cell")
        try:
            return _watched(row, cell)
        except Hang:
            return {"verdict": "hang", "note": "does not get to what the row is about"}
        except AssertionError as error:
            return {"verdict": "wrong", "note": str(error).splitlines()[0][:120]}
        finally:
            cell.kill()


def _watched(row: Row, cell: Cell) -> Verdict:
    bound = LENIENCE * row.bound + min(MOST, allowance())
    if row.act is not None:
        row.act(cell)
    since = time.monotonic()
    try:
        status = cell.popen.wait(bound)
    except subprocess.TimeoutExpired:
        told = _told(cell)
        what = "the program does not end" if told else "no outcome"
        note = told["note"] if told and told["verdict"] == "wrong" else ""
        return {"verdict": "hang", "note": "; ".join(filter(None, (note, f"{what} in {bound:.0f} s")))}
    left = marks.left_over(cell.mark, LEAVE)
    took = time.monotonic() - since
    told = _told(cell)
    if told is not None and told["verdict"] != "ok":
        return {"verdict": "wrong", "note": told["note"] + (f"; {len(left)} processes are left" if left else "")}
    if left:
        return {"verdict": "orphan", "note": f"{len(left)} processes are left {LEAVE:.0f} s after the end"}
    if status not in row.status or (row.act is None and told is None):
        return {"verdict": "wrong", "note": f"the program ends by {status}"}
    return told if told is not None and row.act is None else {"verdict": "ok", "note": f"all gone in {took:.1f} s"}


def _told(cell: Cell) -> Verdict | None:
    """Return what the cell itself says, if it came to that."""
    file = cell.directory / "verdict.json"
    if not file.exists():
        return None
    told: Verdict = json.loads(file.read_text())
    return told
