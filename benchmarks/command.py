"""The command line: run sections, show their tables, keep the records, write the docs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from . import machine, plot, tables
from .cases import SECTIONS, Size, cases_of
from .harness import measure
from .report import record

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PLOT = DOCS / "performance.md", DOCS / "performance.svg"


@click.command()
@click.option(
    "--section", "sections", multiple=True, type=click.Choice(list(SECTIONS)), help="Only this one, or these."
)
@click.option("--case", "part", default="", help="Only cases with this in their name.")
@click.option("--rounds", default=7, show_default=True, help="Interleaved rounds.")
@click.option("--patience", default=20.0, show_default=True, help="Seconds that one contender gets in one case.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Keep the records in this file.")
@click.option("--keep", is_flag=True, help="Keep also what the file has of cases that are not measured now.")
@click.option("--docs", is_flag=True, help="Write table and plot into docs/performance.md.")
@click.option("--show", is_flag=True, help="Measure nothing: take what the file has.")
@click.option(
    "--quick", is_flag=True, help="Tiny sizes, one round, and no foreign library: to see that all of it runs."
)
def main(path: Path | None, keep: bool, docs: bool, show: bool, **how: Any) -> None:
    """Compare ours with the libraries of the field; ratios within one run are what counts."""
    with TemporaryDirectory() as scratch:
        path = path or Path(scratch) / "records.json"
        if not (keep or show):
            path.unlink(missing_ok=True)
        if not show:
            _prepare(how["quick"])
            _run(path, **how)
        found = _found(path, how["rounds"])
    for made in found["records"] if show else ():
        click.echo(f"\n{tables.of_case(made)}")
    click.echo(f"\n{tables.of_targets(found['records'])}")
    click.echo(f"\n{machine.sentence(found['machine'], found['rounds'])}")
    if docs:
        PLOT.write_text(plot.svg(found["records"]))
        PAGE.write_text(tables.placed(PAGE.read_text(), tables.page(found, PLOT.name)))


def _prepare(quick: bool) -> None:
    machine.compile_ours()
    click.echo(f"{machine.cores()} cores, load {machine.load():.2f}", err=True)
    if machine.busy() and not quick:
        click.secho("The machine is busy: others want it too. Trust no figure of this run.", fg="yellow", err=True)


def _found(path: Path, rounds: int) -> dict[str, Any]:
    """Return what the file has, or the beginning of it."""
    if path.exists():
        return dict(json.loads(path.read_text()))
    return {"machine": machine.describe(), "rounds": rounds, "records": []}


def _run(path: Path, sections: tuple[str, ...], part: str, rounds: int, patience: float, quick: bool) -> None:
    sections = sections or tuple(SECTIONS)
    if len(sections) == 1 or quick:
        for section in sections:
            for case in cases_of(section, Size(quick)):
                if part in case.name:
                    click.echo(f"{section}: {case.name} ...", err=True)
                    timings = measure(case, 1 if quick else rounds, patience, quick=quick)
                    _keep(path, rounds, record(section, case, timings))
        return
    # Each in an interpreter of its own: what one section has imported must not make the forks of the next one dearer.
    how = ["--case", part, "--rounds", str(rounds), "--patience", str(patience)]
    for section in sections:
        command = [sys.executable, "-m", "benchmarks", "--section", section, "--json", str(path), "--keep", *how]
        subprocess.run(command, check=True)


def _keep(path: Path, rounds: int, made: dict[str, Any]) -> None:
    """Show a record, and write it to the file at once, in the place of an older one of the same case."""
    click.echo(f"\n{tables.of_case(made)}")
    found = _found(path, rounds)
    known = [(old["section"], old["case"]) for old in found["records"]]
    if (made["section"], made["case"]) in known:
        found["records"][known.index((made["section"], made["case"]))] = made
    else:
        found["records"].append(made)
    path.write_text(json.dumps(found, indent=1) + "\n")
