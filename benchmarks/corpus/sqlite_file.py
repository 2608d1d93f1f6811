"""A query that groups 40,000 rows of a database file, each on a connection of its own: no GIL, but locks inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from . import native, scaled

EXPECTED = {"thread", "process"}
ROWS = 40_000
truth = native(held=0.05)


def func(path: str) -> int:
    """Ask, and count the groups."""
    with closing(sqlite3.connect(path)) as connection:
        return len(connection.execute("select kind, sum(amount) from rows group by kind").fetchall())


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Make the file; the items are its path."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("create table rows (kind integer, amount real)")
            rows = ((number % 50, number / 3) for number in range(ROWS))
            connection.executemany("insert into rows values (?, ?)", rows)
        yield [str(path)] * scaled(150, size)
