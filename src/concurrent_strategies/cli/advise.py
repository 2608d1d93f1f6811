"""`advise`: what the advisor makes of a declared profile, or of a function that is measured on its items.

Every field of `WorkloadProfile` is an option. With a function they say what cannot be measured.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .. import Failure, Machine, WorkloadProfile, measure
from .. import advise as ask
from .items import items_options, name_of, read_items
from .plain import plain
from .target import load_function
from .verifying import VERIFIED, verify

if TYPE_CHECKING:
    from .. import Advice, Measurement
    from .verifying import Verified

F = TypeVar("F", bound=Callable[..., Any])
NAMES = ("strategy", "spec", "options", "expected_seconds", "expected_range", "reasons", "warnings", "alternatives")


def _profile_options(command: F) -> F:
    """Make every field of a profile an option, with what its class says about it."""
    said = dict(re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", inspect.getdoc(WorkloadProfile) or "", re.MULTILINE))
    for field in reversed(fields(WorkloadProfile)):
        text = " ".join(said.get(field.name, "").split()).replace("`", "")
        option = click.option(f"--{field.name.replace('_', '-')}", field.name, metavar="VALUE", help=text)
        command = option(command)
    return command


@click.command()
@click.argument("function", required=False)
@items_options(required=False)
@click.option("--async", "async_function", metavar="MODULE:FUNCTION", help="An async version, measured as well.")
@click.option("--budget", type=float, metavar="SECONDS", help="For measuring, at most; default: 0.5.")
@click.option(
    "--verify", "wants_proof", is_flag=True, help=f"Run ALL items under each of the best {VERIFIED}, for real."
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="How often --verify runs them.")
@_profile_options
@click.option("--cores", type=float, help="Advise for a machine with so many cores; default: this one.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def advise(function: str | None, cores: float | None, in_json: bool, **rest: Any) -> int:
    """Recommend a strategy, and say why: for FUNCTION over items, which is measured, or for what the options describe.

    FUNCTION is written module:function. The first items are run, each once; what is measured needs no option.

    Without FUNCTION, --kind alone is enough for a first answer. Times are seconds per item, sizes are bytes.
    """
    how = {name: rest.pop(name) for name in ("source", "form", "async_function", "budget", "wants_proof", "rounds")}
    said = {name: _value(text) for name, text in rest.items() if text is not None}
    profile = WorkloadProfile.of(said)
    machine = None if cores is None else replace(Machine.detect(), cores=cores)
    if function is None:
        for name, option in (("source", "--items"), ("async_function", "--async"), ("wants_proof", "--verify")):
            if how[name]:
                raise click.UsageError(f"{option} needs a function to be measured: advise module:function --items FILE")
        advice = ask(profile, machine)
        click.echo(json.dumps(_plain(advice), indent=2) if in_json else str(advice))
        return 0
    if how["source"] is None:
        raise click.UsageError(f"to measure {function} there have to be items: --items FILE")
    return _measured(function, profile, machine, in_json, how)


def _measured(
    function: str, profile: WorkloadProfile, machine: Machine | None, in_json: bool, how: dict[str, Any]
) -> int:
    call = load_function(function)
    options = {} if how["budget"] is None else {"budget": how["budget"]}
    if how["async_function"] is not None:
        options["async_func"] = load_function(how["async_function"])
    source = how["source"]
    items: Any = read_items(source, how["form"])
    if how["wants_proof"] or name_of(source) != "standard input":  # which may be endless
        items = list(items)
    measurement = measure(call, items, machine=machine, profile=profile, **options)
    advice = measurement.advise()
    proof: list[Verified] = []
    if how["wants_proof"]:
        proof = verify(advice, function, how["async_function"], items, how["rounds"])
    failed = [each for each in measurement.finished if isinstance(each, Failure)]
    shown = _plain_measurement(measurement, advice, proof) if in_json else None
    click.echo(json.dumps(shown, indent=2) if shown else _text(measurement, advice, proof))
    for failure in failed[:3]:
        click.echo(f"item {failure.index}: {type(failure.error).__name__}: {failure.error}", err=True)
    if len(failed) > 3:
        click.echo(f"... and {len(failed) - 3} more of the measured items failed", err=True)
    sys.stdout.flush()
    return 1 if failed or any(each.problem for each in proof) else 0


def _text(measurement: Measurement[Any], advice: Advice, proof: list[Verified]) -> str:
    parts = [str(measurement), "", str(advice)]
    if advice.alternatives:
        parts.append("Also possible:")
        parts += [f"  - {each.spec}: {_compared(each.ratio)}" for each in advice.alternatives]
    parts.append("To have it, paste this into pyproject.toml, and call get_strategy():")
    parts += [f"  {line}" for line in _config(advice).splitlines()]
    if proof:
        width = max(len(each.spec) for each in proof)
        parts += ["Verified:", *(f"  {each.spec:{width}}  {each}" for each in proof)]
    return "\n".join(parts)


def _compared(ratio: float) -> str:
    if abs(ratio - 1) < 0.05:
        return "as long"
    return f"{ratio:.2g} times as long" if ratio < 100 else "more than 100 times as long"


def _config(advice: Advice) -> str:
    return f'[tool.concurrent-strategies]\nstrategy = "{advice.spec}"'


def _plain(advice: Advice) -> dict[str, Any]:
    shown = {name: plain(getattr(advice, name)) for name in (*NAMES, "rejected")}
    profile = advice.profile
    shown["profile"] = {name: plain(getattr(profile, name)) for name in sorted(profile.declared())}
    return shown


def _plain_measurement(measurement: Measurement[Any], advice: Advice, proof: list[Verified]) -> dict[str, Any]:
    measured = {"values": plain(measurement.estimates), "notes": plain(measurement.notes)}
    shown = _plain(advice) | {"measured": measured, "config": _config(advice)}
    return shown | ({"verified": plain(proof)} if proof else {})


def _value(text: str) -> Any:
    """Read a number, a truth value or a mapping as JSON writes it, or Python; everything else is a word."""
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)
