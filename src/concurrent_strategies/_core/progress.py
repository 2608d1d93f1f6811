"""What the option `progress` does: one callable that counts finished items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._errors import StrategyUnavailable
from .._options import Progress, ProgressBar


def ticker(progress: Progress, total: int | None) -> Callable[[int], None]:
    """Return what is called, in the driver's thread, with the number of items that have just been finished.

    Raises:
        StrategyUnavailable: if a bar is asked for and rich is not installed.
    """
    if progress is True:
        return _bar(total)
    if isinstance(progress, ProgressBar):
        return lambda count: _ignore(progress.update(count))
    if not callable(progress):
        return lambda count: None
    done = 0
    tell = progress

    def count_up(count: int) -> None:
        nonlocal done
        done += count
        tell(done, total)

    return count_up


def _ignore(value: object) -> None:
    """Drop what a foreign `update` returns."""


def _bar(total: int | None) -> Callable[[int], None]:
    try:
        from rich.console import Console
        from rich.progress import Progress as RichProgress
    except ImportError:
        remedy = "progress=True draws with rich: pip install 'concurrent-strategies[cli]', or pass a callable"
        raise StrategyUnavailable("progress", remedy) from None
    bar = RichProgress(console=Console(stderr=True), transient=False)
    task: Any = bar.add_task("items", total=total)
    bar.start()

    def advance(count: int) -> None:
        bar.advance(task, count)
        if total is not None and bar.tasks[0].completed >= total:
            bar.stop()

    return advance
