"""`compare`: the same work under several strategies, measured side by side."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from .. import get_strategy
from .contest import Workload, compete
from .differences import differences, told
from .items import items_options, name_of, read_items
from .progress import Meter
from .server import serving
from .standings import as_json, show, with_advice
from .target import load_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .standings import Result

ALL: Final = ("sync", "thread", "process", "green", "asyncio", "auto")
#: Ten threads, as when this comparison was first made; the default of `thread` goes by the number of cores.
CLASSIC: Final = ("sync", "thread:10", "process", "green", "asyncio")
EXPONENT, POWERS = 200_000, 10
ROUNDS_OF_URLS, URLS = 10, 4


@click.command()
@click.argument("function", required=False)
@items_options(required=False)
@click.option("--strategy", "-s", "strategies", multiple=True, metavar="SPEC", help="May be given several times.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Measurements of each strategy.")
@click.option("--latency", type=click.FloatRange(0, 60), default=0.15, show_default=True, help="Of the pages, seconds.")
@click.option("--keep-going", is_flag=True, help="Compare the errors of failed items too, instead of ending at one.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def compare(function: str | None, source: BinaryIO | None, form: str, **how: Any) -> int:
    """Measure strategies side by side, each in fresh processes.

    Without arguments: the classic comparison, CPU work and downloads from a server on this machine. With FUNCTION,
    written module:function, and --items: the same for your own work. The exit status is 1 if results differ or a
    strategy fails.
    """
    for spec in how["strategies"]:  # a slip of the pen is told at once, not by each measurement
        get_strategy(spec)
    with _workloads(function, source, form, how["latency"]) as workloads:
        strategies = tuple(dict.fromkeys(how["strategies"] or (ALL if function else CLASSIC)))
        total = len(workloads) * len(strategies) * how["rounds"]
        with Meter(shown=sys.stderr.isatty(), total=total, what="measurements") as meter:
            results = [_measured(work, strategies, meter, how["rounds"], how["keep_going"]) for work in workloads]
    if how["in_json"]:
        click.echo(json.dumps(as_json(results), indent=2))
    else:
        show(results)
    return 1 if any([_complain(result) for result in results]) else 0  # noqa: C419 - all of them are to complain


def _measured(
    workload: Workload,
    strategies: tuple[str, ...],
    meter: Meter,
    rounds: int,
    keep_going: bool,
) -> Result:
    told_turn = 0

    def announce(turn: int, strategy: str) -> None:
        nonlocal told_turn
        place = f"{workload.name}, round {turn} of {rounds}"
        if not meter.shown and turn != told_turn:  # no terminal, as in a CI log: a line for each round
            meter.say(place)
        told_turn = turn
        meter.name(f"{place}: {strategy}")
        meter.count()

    standings = compete(workload, strategies, rounds, keep_going=keep_going, announce=announce)
    return with_advice(workload, standings, differences(workload, standings))


def _complain(result: Result) -> bool:
    """Say on standard error what went wrong; return whether anything did."""
    failed = [standing for standing in result.standings if standing.problem]
    for standing in failed:
        click.echo(f"{result.workload.name}: {standing.strategy} failed: {standing.problem}", err=True)
    for line in told(result.differences):
        click.echo(f"{result.workload.name}: results differ: {line}", err=True)
    return bool(failed or result.differences)


@contextmanager
def _workloads(function: str | None, source: BinaryIO | None, form: str, latency: float) -> Iterator[list[Workload]]:
    if function is None:
        if source is not None:
            raise click.UsageError("--items needs a FUNCTION to give them to, written module:function")
        with serving(latency) as address:
            yield [_powers(), _downloads(address, latency)]
        return
    if source is None:
        raise click.UsageError(f"say what {function} is to be called with: --items FILE, or --items - to read it here")
    load_function(function)  # the same
    items = list(read_items(source, form))
    if not items:
        raise click.UsageError(f"there is nothing to do: {name_of(source)} has no items")
    yield [Workload("yours", f"{function}, {len(items)} items", function, items)]


def _powers() -> Workload:
    profile = {"kind": "cpu", "n_items": POWERS}
    title = f"CPU work: 7777 ** {EXPONENT}, {POWERS} times"
    return Workload("cpu", title, "concurrent_strategies.cli.workloads:power", [EXPONENT] * POWERS, profile)


def _downloads(address: str, latency: float) -> Workload:
    urls = [f"{address}/round/{turn}/page/{page}" for turn in range(ROUNDS_OF_URLS) for page in range(URLS)]
    profile = {"kind": "io", "latency": "slow", "connections": "many", "n_items": len(urls)}
    title = f"Downloads: {ROUNDS_OF_URLS} rounds of {URLS} URLs, {latency * 1000:g} ms each"
    return Workload("downloads", title, "concurrent_strategies.http:fetch", urls, profile)
