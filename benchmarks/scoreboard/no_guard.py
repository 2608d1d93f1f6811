"""A program without a `__main__` guard, whose workers are spawned."""

import sys

from tests.faults.specs import log

from benchmarks.scoreboard.columns import COLUMNS


def plus_one(item: int) -> int:
    """Return one more."""
    return item + 1


log("mains", "start")
_column = COLUMNS[sys.argv[-1]]
with _column(2, **({"method": "spawn"} if "method" in _column.has else {})) as _pool:
    print(_pool.map(plus_one, range(4)))
