"""The scoreboard as Markdown: totals, every row, and the thirteen questions that tell libraries apart."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from .. import machine
from .judge import Verdict
from .rows import Row

SIGNS = {"ok": "✓", "wrong": "✗", "hang": "hangs", "orphan": "orphans", "n/a": "-"}
#: The thirteen: what is asked, and the row that answers it.
QUESTIONS = {
    "endless input: what is read ahead": "I2",
    "a lambda": "P9",
    "an exception that cannot be unpickled": "P4",
    "an item kills its worker": "D1",
    "one ordinary failure: the rest is there": "E9",
    "a limit for each item, one hangs": "S9",
    "take 1 of 20, close": "B1",
    "Ctrl-C with long items": "S1",
    "log records reach the program": "L1",
    "a context variable reaches the worker": "C1",
    "the traceback has the worker's lines": "E10",
    "the program is killed": "S3",
    "20 MB captured by the function": "B2",
}

#: The verdicts that are known: of a row, then of a column.
Board = dict[str, dict[str, Verdict]]

HEAD = """# Scoreboard

What breaks whom. Each row is a fault of the catalogue, injected for real: processes are killed, descriptors closed,
the program interrupted. Each cell runs in a program of its own; all columns are judged by the same code, and each
library is used in the way that serves it best here. A row about something that a library does not have does not count
for it (-).

| sign | |
|---|---|
| ✓ | that item fails and nothing else; the pool is usable afterwards; all in time, and nothing is left |
| ✗ | an error that costs more than its item, a wrong or missing result, or no error where one is due |
| hangs | no outcome, or no end of the program, within three times the bound that we set ourselves |
| orphans | processes are left six seconds after the program's end |

joblib and aiometer have no way to tell what became of each item: one that fails ends the call. So they fail most rows
about one item's failure, be it an ordinary one; a function that catches its own errors would help them there, as it
would help all.

Ours is judged more strictly besides: the tests in `tests/faults` have more cases for each row, over more kinds of
strategies, with a third of the time, and demand that an error names its item and that nothing is said on stderr.

Make it yourself, whole or in part; what is known already is kept in the file:

```console
python -m benchmarks.faults --json board.json --docs
python -m benchmarks.faults --json board.json --only D1,E7 --on ours-process,loky --again
```
"""


def page(board: Board, columns: list[str], rows: dict[str, Row], found: dict[str, Any]) -> str:
    """Return the page."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    where = f"{found['implementation']} {found['python']} on {found['system']}, {machine.cores()} cores; {versions}."
    parts = [HEAD, f"Taken with {where}", "\n## Totals\n", totals(board, columns), "\n## Thirteen questions\n"]
    parts += ["For pools of processes; with what was seen.\n", questions(board, columns, rows), "\n## All rows\n"]
    parts += [table(board, columns, rows), "\n## What was seen\n", notes(board, columns, rows)]
    return "\n".join(parts)


def _grid(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def totals(board: Board, columns: list[str]) -> str:
    """Return how often each column did how."""
    lines = []
    for column in columns:
        count = Counter(cells[column]["verdict"] for cells in board.values() if column in cells)
        judged = count.total() - count["n/a"]
        if judged:
            row = [column, f"**{count['ok']}** of {judged}", *(str(count[v]) for v in ("wrong", "hang", "orphan"))]
            lines.append(row)
    return _grid(["", "✓", "✗", "hangs", "orphans"], lines)


def table(board: Board, columns: list[str], rows: dict[str, Row]) -> str:
    """Return every row over every column."""
    lines = []
    for key, row in rows.items():
        cells = board.get(key, {})
        lines.append([key, row.title, *(SIGNS[cells[c]["verdict"]] if c in cells else "" for c in columns)])
    return _grid(["", "fault", *columns], lines)


def questions(board: Board, columns: list[str], rows: dict[str, Row]) -> str:
    """Return the thirteen over the columns that are pools of processes."""
    chosen = [column for column in columns if board.get("D1", {}).get(column, {"verdict": "n/a"})["verdict"] != "n/a"]
    lines = []
    for question, key in QUESTIONS.items():
        cells = board.get(key, {})
        lines.append([question, *(_said(cells.get(column)) for column in chosen)])
    clean = [
        sum(board.get(key, {}).get(column, {"verdict": ""})["verdict"] == "ok" for key in QUESTIONS.values())
        for column in chosen
    ]
    lines.append(["**passed, of thirteen**", *(f"**{count}**" for count in clean)])
    return _grid(["", *chosen], lines)


def notes(board: Board, columns: list[str], rows: dict[str, Row]) -> str:
    """Return what each failing cell says, a line for each."""
    lines = []
    for key in rows:
        for column in columns:
            cell = board.get(key, {}).get(column)
            if cell and cell["verdict"] not in ("ok", "n/a"):
                lines.append([key, column, SIGNS[cell["verdict"]], _plain(cell["note"])])
    return _grid(["", "", "", ""], lines)


def _said(cell: Verdict | None) -> str:
    if cell is None:
        return ""
    note = _plain(cell["note"])
    return f"{SIGNS[cell['verdict']]} {note}".strip()


def _plain(note: str) -> str:
    """Return a note that breaks no table, and names no place of the machine it was taken on."""
    first = (note.splitlines() or [""])[0]
    short = re.sub(r" at 0x[0-9a-f]+|(?<=pipe:)\[\d+\]", "", first)[:110]
    return short.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
