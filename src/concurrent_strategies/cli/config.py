"""`config`: which strategy is in force, and which place says so."""

from __future__ import annotations

import json

import click

from .. import get_strategy
from .._config import resolve


@click.command("config")
@click.argument("spec", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config(spec: str | None, as_json: bool) -> None:
    """Show what get_strategy() gives in this folder and environment, each part with the place that set it.

    With SPEC, such as thread:8 or @profile, what get_strategy(SPEC) gives.
    """
    found = resolve(spec)
    built = get_strategy(spec)  # names and values are checked by whom they concern
    if as_json:
        settings = [
            {"key": each.key, "value": _plain(each.value), "origin": str(each.origin)} for each in found.settings()
        ]
        click.echo(json.dumps({"spec": found.spec, "settings": settings}, indent=2))
        return
    from .tables import table

    table(("setting", "value", "from"), [(each.key, str(each.value), str(each.origin)) for each in found.settings()])
    click.echo(f"gives {built!r}")


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
