"""What is shown while something runs, on standard error alone: results never share a stream with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Meter:
    """Counts finished items, and shows it on a terminal.

    Args:
        shown: whether to draw; without it only `say` writes.
        total: how many there will be, if that is known.
        what: the word in front.
    """

    def __init__(self, *, shown: bool, total: int | None = None, what: str = "items") -> None:
        self.shown: bool = shown
        self.done: int = 0
        self.failed: int = 0
        self._total = total
        self._what = what
        self._bar: Progress | None = _bar(known=total is not None) if shown else None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def count(self, *, failed: bool = False) -> None:
        """Count one more finished item."""
        self.done += 1
        self.failed += failed
        if self._bar is not None and self._task is not None:
            words = f"{self._what}, {self.failed} failed" if self.failed else self._what
            self._bar.update(self._task, advance=1, description=words)

    def name(self, what: str) -> None:
        """Change the word in front."""
        self._what = what
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what)

    def say(self, line: str) -> None:
        """Write a line, above the bar if there is one."""
        if self._bar is None:
            sys.stderr.write(line + "\n")
        else:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _bar(*, known: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()]
    if known:
        columns.insert(1, BarColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
