"""The command line: measure workloads, each in an interpreter of its own, keep the records, write the docs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from concurrent_strategies import calibrate
from concurrent_strategies.cli.progress import Meter

from .. import corpus, machine, tables
from ..command import DOCS
from . import page, picture
from .cells import auto_exists
from .measuring import How
from .score import Record

PAGE, PLOT = DOCS / "advice.md", DOCS / "regret.svg"


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Interleaved rounds; the least time of them counts.")
@click.option("--only", multiple=True, type=click.Choice(corpus.names()), help="Only this workload, or these.")
@click.option("--repeats", default=10, show_default=True, help="How often each is measured, quietly and beside a load.")
@click.option("--patience", default=20.0, show_default=True, help="Seconds that one run may take.")
@click.option("--seconds", default=0.0, help="Begin no other workload after so many seconds.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Keep the records in this file.")
@click.option("--keep", is_flag=True, help="Go on: what the file has already is not measured again.")
@click.option("--docs", is_flag=True, help="Write table and plot into docs/advice.md.")
@click.option("--show", is_flag=True, help="Measure nothing: take what the file has.")
@click.option("--quick", is_flag=True, help="Tiny sizes, one round: to see that all of it runs.")
def main(path: Path | None, only: tuple[str, ...], keep: bool, docs: bool, show: bool, **how: Any) -> None:
    """Tell how many times as long the advised strategy takes as the best one, on each workload of benchmarks/corpus."""
    with TemporaryDirectory() as scratch:
        path = path or Path(scratch) / "records.json"
        if not (keep or show):
            path.unlink(missing_ok=True)
        found = json.loads(path.read_text()) if path.exists() else _empty(how["rounds"])
        status = 0
        try:
            if not show:
                _run(path, found, only or tuple(corpus.names()), **how)
        except KeyboardInterrupt:
            click.echo("Interrupted: the workload under way is lost, what was complete is kept.", err=True)
            status = 130
    if not found["records"]:
        raise SystemExit(status or "nothing was measured")
    click.echo(f"\n{page.each_workload(found['records'])}\n\n{page.at_a_glance(found['records'])}\n")
    click.echo(page.trust(found["records"]))
    click.echo(machine.sentence(found["machine"], found["rounds"]))
    if docs:
        PLOT.write_text(picture.svg(found["records"]))
        PAGE.write_text(tables.placed(PAGE.read_text(), page.page(found, PLOT.name)))
    raise SystemExit(status)


def _empty(rounds: int) -> dict[str, Any]:
    return {"machine": machine.describe(), "rounds": rounds, "records": []}


def _run(path: Path, found: dict[str, Any], only: tuple[str, ...], seconds: float, quick: bool, **how: Any) -> None:
    """Measure what the file has not, and write it to the file at once."""
    measured = [record["name"] for record in found["records"]]
    todo = [name for name in only if name not in measured]
    settings = How(rounds=1, repeats=1, waits=0, size=0.02) if quick else How(**how)
    until = time.monotonic() + (seconds or float("inf"))
    if not auto_exists():
        click.echo("auto is left out: there is no such strategy yet", err=True)
    machine.compile_ours()
    if machine.busy() and not quick:
        click.secho("The machine is busy: others want it too. Trust no figure of this run.", fg="yellow", err=True)
    if not quick:
        click.echo(f"What the strategies cost: {calibrate().reason}.", err=True)
    with Meter(shown=sys.stderr.isatty(), total=len(todo), what="workloads") as meter:
        for name in todo:
            if time.monotonic() > until:
                break
            record = _measured(name, settings, meter)
            meter.count(failed=record is None)
            if record is None:
                continue
            found["records"] = sorted([*found["records"], record], key=lambda each: str(each["name"]))
            path.write_text(json.dumps(found, indent=1) + "\n")


def _measured(name: str, how: How, meter: Meter) -> Record | None:
    """Run one workload in an interpreter of its own; return its record, or `None` if it failed and has said so."""
    if not meter.shown:
        meter.say(name)
    command = [sys.executable, "-m", "benchmarks.regret.measuring", name, json.dumps(asdict(how))]
    record: Record | None = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                told = json.loads(line)
                meter.name(f"{name}: {told.get('doing', 'done')}")
                record = told.get("record", record)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    return record
