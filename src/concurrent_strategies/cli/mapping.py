"""`map`: the user's function over the user's items, results as JSON lines as they come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from .. import Failure, RunTimeout, TooManyFailures, get_strategy
from .items import items_options, read_items
from .progress import Meter
from .results import ResultLines
from .target import load_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .. import Outcome

SHOWN = 200  # characters of an item in a message


class _Remembered:
    """The input, with what was read and has no outcome yet: a failure is reported with its item."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items
        self._open: dict[int, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        for index, item in enumerate(self._items):
            self._open[index] = item
            yield item

    def take(self, index: int) -> str:
        """Return the text of an item whose outcome has come."""
        text = repr(self._open.pop(index, None))
        return text if len(text) <= SHOWN else text[:SHOWN] + "..."


@click.command("map")
@click.argument("function")
@click.option("--strategy", "-s", metavar="SPEC", help="Such as thread:16 or asyncio; default: the one in force.")
@items_options(required=True)
@click.option("--output", "-o", type=click.File("w", lazy=False), default="-", metavar="FILE", help="Default: stdout.")
@click.option("--unordered", is_flag=True, help="Write results as they are completed, not in the order of the items.")
@click.option("--index", "with_index", is_flag=True, help='Write {"index": 0, "value": ...} instead of the bare value.')
@click.option("--max-workers", type=int, metavar="N", help="Calls at once, at most.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For the whole run.")
@click.option("--task-timeout", type=float, metavar="SECONDS", help="For one item; only that item fails.")
@click.option("--retry", type=int, metavar="N", help="Start an item up to N times until it does not fail.")
@click.option("--rate", type=float, metavar="N", help="Starts per second, at most.")
@click.option("--max-failures", type=float, metavar="N", help="Stop at so many failures; below 1: at this share.")
def map_items(function: str, strategy: str | None, source: Any, form: str, output: TextIO, **rest: Any) -> int:
    """Run FUNCTION, written module:function, over items; write results as JSON lines as they come.

    Failed items go to standard error, each with what it was; the exit status is 1 if there were any.
    """
    ordered, with_index = not rest.pop("unordered"), rest.pop("with_index")
    options = {name: value for name, value in rest.items() if value is not None}
    if options.get("max_failures", 0) >= 1:
        options["max_failures"] = int(options["max_failures"])
    call = load_function(function)
    chosen = get_strategy(strategy, **options)
    items = _Remembered(read_items(source, form))
    lines = ResultLines(output, with_index=with_index)
    try:
        with Meter(shown=_can_draw(output)) as meter, chosen.outcomes(call, items, ordered=ordered) as stream:
            for outcome in stream:
                problem = _written(lines, outcome)
                item = items.take(outcome.index)
                if problem:
                    meter.say(f"item {outcome.index} ({item}): {problem}")
                meter.count(failed=bool(problem))
    except TooManyFailures as error:
        raise click.ClickException(error.message) from error
    except RunTimeout as error:
        raise click.ClickException(str(error)) from error
    return 1 if meter.failed else 0


def _written(lines: ResultLines, outcome: Outcome[Any]) -> str:
    """Write an outcome's value; return what is wrong, if anything is."""
    if isinstance(outcome, Failure):
        return f"{type(outcome.error).__name__}: {outcome.error}"
    try:
        lines.write(outcome.index, outcome.value)
    except (TypeError, ValueError) as error:
        return f"its result cannot be written: {error}"
    return ""


def _can_draw(output: TextIO) -> bool:
    """Tell whether a bar on standard error disturbs nobody: a terminal, and no results on the same screen."""
    return sys.stderr.isatty() and not output.isatty()
