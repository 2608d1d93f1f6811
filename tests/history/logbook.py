"""The logs of a history, which are all that its checker reads besides the outcomes.

A worker process has a file of its own and writes one line in one go: `start INDEX TIME` before an item's work
and `end INDEX TIME` after it. The nemesis has one, too: `kill PID TIME`, `freeze PID TIME` and `thaw PID TIME`, each
written before it is done. Times are nanoseconds on a clock that all processes of the machine share.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

NEMESIS = "nemesis"


class Line(NamedTuple):
    """Something that happened.

    Attributes:
        source: whose file says so: a process id, or `nemesis`.
        event: `start` or `end`; `kill`, `freeze` or `thaw`.
        number: the index of an item, or the process id of the nemesis' victim.
        at: when, in nanoseconds.
    """

    source: str
    event: str
    number: int
    at: int


class Unreadable(AssertionError):
    """A line that nobody could have written in one go."""


class Logbook:
    """A folder with the logs of one history; each process has an object of its own for it, with its own open files.

    Args:
        folder: an existing directory, of this history alone.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._files: dict[object, int] = {}

    def write(self, source: object, event: str, number: int) -> None:
        """Append a line to a file of the log."""
        file = self._files.get(source)
        if file is None:
            file = self._files[source] = os.open(
                f"{self.folder}/{source}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
            )
        os.write(file, f"{event} {number} {time.monotonic_ns()}\n".encode())

    def close(self) -> None:
        """Close the files that this process has open."""
        while self._files:
            os.close(self._files.popitem()[1])

    def workers(self) -> list[int]:
        """Return the ids of the processes that have written something, the nemesis aside."""
        return sorted(int(path.stem) for path in Path(self.folder).glob("*.log") if path.stem != NEMESIS)

    def read(self) -> list[Line]:
        """Return all lines of all files, in the order of time.

        Raises:
            Unreadable: for a line that is cut, or two that are mixed.
        """
        lines = []
        for path in Path(self.folder).glob("*.log"):
            for number, text in enumerate(path.read_text().splitlines(keepends=True), 1):
                words = text.split()
                if len(words) != 3 or not text.endswith("\n") or not (words[1].isdigit() and words[2].isdigit()):
                    raise Unreadable(f"{path.name}, line {number}: {text!r}")
                lines.append(Line(path.stem, words[0], int(words[1]), int(words[2])))
        return sorted(lines, key=lambda line: line.at)

    def __reduce__(self) -> tuple[Any, ...]:
        return Logbook, (self.folder,)
