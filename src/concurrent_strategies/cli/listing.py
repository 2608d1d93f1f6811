"""`list`: the strategies that exist, where each comes from, and whether it can be used here."""

from __future__ import annotations

import json

import click

from .._registry import available


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_strategies(as_json: bool) -> None:
    """Show the strategies that exist, and what to install for those that cannot be used yet."""
    listed = available()
    if as_json:
        rows = [{"name": entry.name, "origin": entry.origin, "reason": entry.reason or None} for entry in listed]
        click.echo(json.dumps(rows, indent=2))
        return
    from .tables import table

    rows_shown = [(entry.name, entry.origin, "yes" if entry.available else f"no: {entry.reason}") for entry in listed]
    table(("strategy", "origin", "available"), rows_shown)
