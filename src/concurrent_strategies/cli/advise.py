"""`advise`: what the advisor makes of a declared profile; every field of `WorkloadProfile` is an option."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

import click

from .. import Machine, WorkloadProfile
from .. import advise as ask
from .plain import plain

F = TypeVar("F", bound=Callable[..., Any])


def _profile_options(command: F) -> F:
    """Make every field of a profile an option, with what its class says about it."""
    said = dict(re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", inspect.getdoc(WorkloadProfile) or "", re.MULTILINE))
    for field in reversed(fields(WorkloadProfile)):
        text = " ".join(said.get(field.name, "").split()).replace("`", "")
        option = click.option(f"--{field.name.replace('_', '-')}", field.name, metavar="VALUE", help=text)
        command = option(command)
    return command


@click.command()
@_profile_options
@click.option("--cores", type=float, help="Advise for a machine with so many cores; default: this one.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def advise(cores: float | None, in_json: bool, **said: str | None) -> None:
    """Recommend a strategy for work that is described by the options, and say why.

    Times are seconds per item, sizes are bytes. --kind alone is enough for a first answer.
    """
    profile = WorkloadProfile.of({name: _value(text) for name, text in said.items() if text is not None})
    machine = Machine.detect()
    advice = ask(profile, machine if cores is None else replace(machine, cores=cores))
    if not in_json:
        click.echo(str(advice))
        return
    names = ("strategy", "spec", "options", "expected_seconds", "reasons", "warnings", "alternatives", "rejected")
    shown = {name: plain(getattr(advice, name)) for name in names}
    shown["profile"] = {name: plain(getattr(profile, name)) for name in sorted(profile.declared())}
    click.echo(json.dumps(shown, indent=2))


def _value(text: str) -> Any:
    """Read a number, a truth value or a mapping as JSON writes it, or Python; everything else is a word."""
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
