"""`python -m benchmarks`: run the cases, print the table, write the records."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import click

from .harness import measure
from .report import markdown, rows
from .smoke import SECTIONS


@click.command()
@click.option("--section", "sections", multiple=True, type=click.Choice(list(SECTIONS)), help="Only this one.")
@click.option("--rounds", default=7, show_default=True, help="Interleaved rounds.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the records to this file.")
def main(sections: tuple[str, ...], rounds: int, path: Path | None) -> None:
    """Compare every strategy with its bare library; ratios within one run are what counts."""
    records: list[dict[str, Any]] = []
    for section in sections or SECTIONS:
        for case in SECTIONS[section]():
            click.echo(f"{case.name} ...", err=True)
            records += rows(case, measure(case, rounds))
    click.echo(markdown(records))
    click.echo(f"\nCPython {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds, medians.")
    if path is not None:
        path.write_text(json.dumps({"python": sys.version, "rounds": rounds, "records": records}, indent=1) + "\n")


if __name__ == "__main__":
    main()
