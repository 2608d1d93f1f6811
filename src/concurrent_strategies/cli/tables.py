"""Tables for people, drawn by rich on standard output: as wide as the terminal, and never cut when there is none."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

WIDE: Final = 200  # columns where there is no terminal: nothing is cut off in a file or a pipe


def _screen() -> Console:
    from rich.console import Console

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, emoji=False)


def table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    numbers: Sequence[str] = (),
) -> None:
    """Draw a table.

    Args:
        titles: of its columns.
        rows: of plain text.
        caption: above it.
        numbers: titles of columns to be aligned at the right.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(caption) if caption else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        drawn.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    _screen().print(drawn)
