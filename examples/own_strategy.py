"""An own strategy: threads with a database connection each. The engine, verbs and options come with the base class."""

import sqlite3
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from concurrent_strategies import ThreadStrategy, worker_resource


class SqliteStrategy(ThreadStrategy):
    """Few threads, as a file of sqlite allows few writers, each with a connection for as long as it lives."""

    name = "sqlite"  # with an entry point of this name it is "sqlite:4?path=..." in configuration
    settings = ("path",)

    def __init__(self, max_workers: int | None = None, *, path: str, **options: Any) -> None:
        super().__init__(max_workers, worker_resource=partial(sqlite3.connect, path), **options)
        self.path = path

    def default_workers(self) -> int:
        """Return 4; for workers of another kind, `open` returns a port onto them: docs/writing-a-strategy.md."""
        return 4


def squares_up_to(n: int) -> int:
    """Ask the connection of the thread that this item runs in."""
    return worker_resource().execute("select sum(value * value) from numbers where value <= ?", (n,)).fetchone()[0]


with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder, "numbers.db"))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table numbers (value)")
        database.executemany("insert into numbers values (?)", [(n,) for n in range(1, 101)])
    with SqliteStrategy(path=path) as strategy:
        print(strategy.map(squares_up_to, [1, 2, 3, 100]))
