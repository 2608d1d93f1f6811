"""`python -m benchmarks.faults`: what breaks whom; runs the cells that are not known yet, and writes the scoreboard."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click

from . import machine
from .scoreboard.columns import COLUMNS, MISSING
from .scoreboard.judge import judge
from .scoreboard.page import SIGNS, Board, page, totals
from .scoreboard.rows import load

PAGE = Path(__file__).parents[1] / "docs" / "scoreboard.md"


def _names(_: Any, option: click.Parameter, value: str) -> list[str]:
    """Return what is asked for, in the order of the table."""
    known = list(load() if option.name == "only" else COLUMNS)
    asked = [name for name in value.split(",") if name]
    for name in asked:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return [name for name in known if name in asked] or known


@click.command()
@click.option("--only", default="", callback=_names, help="Rows, such as D1,E7; default all.")
@click.option("--on", default="", callback=_names, help="Columns, such as ours-process,loky; default all.")
@click.option(
    "--json", "path", type=click.Path(path_type=Path), help="Keep verdicts here; what it has is not run again."
)
@click.option("--again", is_flag=True, help="Run also what is known already.")
@click.option("--seconds", default=0.0, help="Begin nothing more after so many seconds.")
@click.option("--jobs", default=2, show_default=True, help="Cells at a time; most of them only wait.")
@click.option("--docs", is_flag=True, help="Write docs/scoreboard.md.")
@click.option("--show", is_flag=True, help="Run nothing: take what the file has.")
def main(only: list[str], on: list[str], path: Path | None, again: bool, docs: bool, show: bool, **how: Any) -> None:
    """Run the fault catalogue over ours and the libraries of the field."""
    found: dict[str, Any] = {"machine": machine.describe(), "cells": {}}
    if path is not None and path.exists():
        found["cells"] = json.loads(path.read_text())["cells"]
    board: Board = found["cells"]
    click.echo(f"{machine.cores()} cores, load {machine.load():.2f}", err=True)
    for name in MISSING:
        click.echo(f"{name} is left out: it is not installed", err=True)
    todo = [(key, name) for key in only for name in on if again or name not in board.get(key, {})]
    for (key, name), verdict in _judged([] if show else todo, **how):
        board.setdefault(key, {})[name] = verdict
        if verdict["verdict"] != "n/a":
            click.echo(f"{key} {name}: {SIGNS[verdict['verdict']]} {verdict['note']}")
        if path is not None:
            path.write_text(json.dumps(found, indent=1) + "\n")
    click.echo(totals({key: board[key] for key in only if key in board}, on))
    if docs:
        PAGE.write_text(page(board, list(COLUMNS), load(), found["machine"]) + "\n")


def _judged(todo: list[tuple[str, str]], seconds: float, jobs: int) -> Any:
    """Yield each cell with its verdict, as they come."""
    rows, since = load(), time.monotonic()

    def one(cell: tuple[str, str]) -> Any:
        key, name = cell
        if seconds and time.monotonic() - since > seconds:
            return None
        return judge(rows[key], COLUMNS[name])

    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(one, cell): cell for cell in todo}
        for future in as_completed(running):
            if (verdict := future.result()) is not None:
                yield running[future], verdict


if __name__ == "__main__":
    main()
