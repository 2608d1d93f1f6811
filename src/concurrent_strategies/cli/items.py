"""Items from a file or from standard input: plain lines, or JSON lines. They are read as they are asked for.

Which of the two: `--format lines` or `--format jsonl` says it. Without it, the name of the file does: JSON lines if it
ends with `.jsonl` or `.ndjson`, else plain lines. The content is never guessed at.

A plain line is a string, without its line end. Blank lines are no items, in either format.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

JSON_ENDINGS: Final = (".jsonl", ".ndjson")


def read_items(source: BinaryIO, form: str = "auto") -> Iterator[Any]:
    """Yield the items of an open file, one line at a time.

    Args:
        source: the file, in binary; its `name` decides if `form` does not.
        form: `"lines"`, `"jsonl"` or `"auto"`.

    Raises:
        click.BadParameter: naming the file and the line that cannot be read.
    """
    name = name_of(source)
    as_json = form == "jsonl" or (form == "auto" and name.endswith(JSON_ENDINGS))
    for number, line in _text_lines(source, name):
        if not as_json:
            yield line
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _bad(name, number, f"this is not valid JSON ({error})") from None


def name_of(source: BinaryIO) -> str:
    """Return what a message calls this file."""
    return str(getattr(source, "name", "<stdin>")).replace("<stdin>", "standard input")


def items_options(*, required: bool) -> Callable[[F], F]:
    """Return a decorator that gives a command the options `--items` and `--format`, as `source` and `form`."""

    def decorate(command: F) -> F:
        formats = click.Choice(["auto", "lines", "jsonl"])
        help_format = "How items are written; auto: by the name of the file, .jsonl and .ndjson are JSON lines."
        command = click.option("--format", "form", type=formats, default="auto", help=help_format)(command)
        source = click.File("rb")
        help_items = "One item per line; - is standard input."
        option = click.option(
            "--items", "-i", "source", type=source, required=required, metavar="FILE", help=help_items
        )
        return option(command)

    return decorate


def _text_lines(source: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(source, 1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise _bad(name, number, f"this is not UTF-8 ({error.reason} at byte {error.start})") from None
        if line.strip():
            yield number, line


def _bad(name: str, number: int, problem: str) -> click.BadParameter:
    return click.BadParameter(f"{name}, line {number}: {problem}", param_hint="'--items'")
