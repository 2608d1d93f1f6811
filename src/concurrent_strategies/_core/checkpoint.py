"""The option `checkpoint`: a file of finished items, so that a run which was cut short goes on where it was.

JSON lines, one object an item: `{"key": ..., "value": ...}`, the key being what the option `key` makes of the item,
else its index. It is text that anyone can read, and nothing in it is ever evaluated or unpickled. A line that was cut
off by a crash is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from .._errors import InvalidOption
from .shelf import Block, Entry

MISSING = object()
BEGINNING = b'{"key": '  # of every line


class Checkpoint:
    """The finished items of earlier runs, and a place to note those of this one.

    Args:
        path: the file; it is made if it does not exist.
        key: the option `key`, or `None` for the index.

    Raises:
        InvalidOption: if the file cannot be read or written, or is not a checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str], key: Callable[..., Any] | None) -> None:
        self._path = path
        self._key = key
        self._open_keys: dict[int, str] = {}
        try:
            self._known = _read(path)
            self._file: IO[str] = Path(path).open("a", encoding="utf-8")  # noqa: SIM115  (closed by `close`)
        except InvalidOption:
            raise
        except (OSError, ValueError) as error:  # ValueError: no path of any file
            raise InvalidOption("checkpoint", os.fspath(path), f"the file cannot be used: {error}") from error

    def lookup(self, index: int, item: Any) -> Any:
        """Return the value that an earlier run has for this item, or `MISSING`."""
        key = index if self._key is None else self._key(item)
        name = _name(key)
        value = self._known.get(name, MISSING)
        if value is MISSING:
            self._open_keys[index] = name
        return value

    def note(self, batch: Sequence[Entry]) -> None:
        """Append the items of a batch that have a result; it is in the operating system's hands when this returns.

        Raises:
            InvalidOption: for a result that JSON cannot hold as it is.
        """
        for entry in batch:
            for index, value in enumerate(entry.values, entry.first) if isinstance(entry, Block) else ():
                if (name := self._open_keys.pop(index, None)) is not None:
                    self._file.write(f'{{"key": {name}, "value": {self._text(index, value)}}}\n')
        self._file.flush()

    def _text(self, index: int, value: Any) -> str:
        try:
            text = json.dumps(value)
            same = json.loads(text) == value
        except (TypeError, ValueError):
            same = False
        if not same:
            allowed = (
                f"the result of item {index}, {type(value).__name__}, does not come back from JSON as it was; return "
                "numbers, texts, lists and dictionaries with text keys"
            )
            raise InvalidOption("checkpoint", os.fspath(self._path), allowed)
        return text

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _name(key: Any) -> str:
    try:
        return json.dumps(key, sort_keys=True)
    except (TypeError, ValueError):
        allowed = "with a checkpoint it must make a number or a text of each item"
        raise InvalidOption("key", key, allowed) from None


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the values by key; the last line may have been cut off, any other must be right."""
    if not Path(path).exists():
        return {}
    known: dict[str, Any] = {}
    with Path(path).open("r+b") as file:
        lines = file.readlines()
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line.decode())
                known[json.dumps(entry["key"], sort_keys=True)] = entry["value"]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise _no_checkpoint(path, number) from None
        if rest:
            # Cut off by a crash: taken off, or the next line would be written onto it. Not so what we never wrote.
            if rest[: len(BEGINNING)] != BEGINNING[: len(rest)]:
                raise _no_checkpoint(path, len(lines) + 1)
            file.truncate(sum(map(len, lines)))
    return known


def _no_checkpoint(path: str | os.PathLike[str], number: int) -> InvalidOption:
    allowed = f"line {number} is not one of a checkpoint; give the path of another file, or remove it"
    return InvalidOption("checkpoint", os.fspath(path), allowed)
