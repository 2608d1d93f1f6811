"""What a row of the scoreboard is, and what many rows check.

A row is milder than its cases in `tests/faults`, by which ours is judged besides: nobody has to name the failing item
here, bounds are three times as long, and where a library lacks what a row is about, the row does not apply to it.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tests.faults import specs
from tests.faults.probe import caught as caught
from tests.faults.probe import plus_one

if TYPE_CHECKING:
    from tests.faults.harness import Program

    from .column import Column

#: Does what the row says on a library, asserts what must come of it, and may return a figure worth telling.
Body: TypeAlias = "Callable[[type[Column]], str | None]"
EVERY = "STPGA"


class Row(NamedTuple):
    """One fault.

    Attributes:
        key: its id in the catalogue.
        title: what happens.
        kinds: letters of the columns it is for.
        bound: seconds that it may take; three times as many pass here.
        body: does it.
        needs: what a library must have for the row to mean something to it.
        act: what is done to the program from outside; it is to end by that.
        status: how the program may end.
        shell: how it is started, where that is the fault.
        environment: what is set for it.
    """

    key: str
    title: str
    kinds: str
    bound: float
    body: Body
    needs: str = ""
    act: Callable[[Program], None] | None = None
    status: tuple[int, ...] = (0,)
    shell: str = ""
    environment: tuple[tuple[str, str], ...] = ()

    def applies(self, column: type[Column]) -> bool:
        """Tell whether the row means something to a library."""
        return column.kind in self.kinds and (not self.needs or self.needs in column.has)


ROWS: dict[str, Row] = {}


def row(key: str, title: str, kinds: str, bound: float, **more: Any) -> Callable[[Body], Body]:
    """Enter a function as a row."""

    def enter(body: Body) -> Body:
        add(Row(key, title, kinds, bound, body, **more))
        return body

    return enter


def add(new: Row) -> None:
    """Enter a row.

    Raises:
        ValueError: if its key is taken.
    """
    if new.key in ROWS:
        raise ValueError(f"{new.key} is there already")
    ROWS[new.key] = new


def load() -> dict[str, Row]:
    """Fill the table and return it, in the order of the catalogue."""
    from . import rows_errors, rows_input, rows_program, rows_start, rows_stop, rows_values  # noqa: F401

    return ROWS


class Wait:
    """A function that waits, in either colour, and leaves a trace of each start.

    Args:
        seconds: how long.
        at: the only item that waits; `None` for all.
    """

    def __init__(self, seconds: float, at: int | None = None) -> None:
        self.seconds = seconds
        self.at = at

    def __call__(self, item: int) -> int:
        """Wait."""
        specs.log("starts", item)
        if self.at in (None, item):
            specs.say("busy")
            time.sleep(self.seconds)
        return item

    async def awaited(self, item: int) -> int:
        """Wait, and let others go on."""
        import anyio

        specs.log("starts", item)
        if self.at in (None, item):
            specs.say("busy")
            await anyio.sleep(self.seconds)
        return item


def usable(column: type[Column], pool: Column) -> None:
    """Check that a pool works, whatever has happened."""
    error = caught(lambda: _same(pool.map(column.of(plus_one), range(16)), list(range(1, 17))))
    assert error is None, f"not usable afterwards: {brief(error)}"


def _same(got: Any, expected: Any) -> None:
    assert got == expected, f"{got} instead of {expected}"


def item_error(column: type[Column], func: Any, items: Sequence[Any] = range(8), says: str = "") -> None:
    """Check that item 3 of 8 fails, alone, that `map` says so too, and that the pool is usable afterwards."""
    with column() as pool:
        got = pool.outcomes(column.of(func), items)
        good = [value for fine, value in got if fine]
        bad = [value for fine, value in got if not fine]
        assert bad, f"{len(good)} of 8 results and no error"
        assert len(got) == 8, f"{len(good)} of 7 other results, then {brief(bad[0])}"
        assert len(good) == 7, f"{8 - len(good)} items lost: {brief(bad[0])}"
        assert not got[3][0], f"another item failed: {brief(bad[0])}"
        assert says in told(bad[0]), f"what was raised is lost: {brief(bad[0])}"
        usable(column, pool)
    with column() as pool:
        results: list[Any] = []
        raised = caught(lambda: results.extend(pool.map(column.of(func), items)))
        assert raised is not None, f"map returns {len(results)} of 8 results and no error"


def told(error: BaseException) -> str:
    """Return all that is printed of an error."""
    return "".join(traceback.format_exception(error))


def brief(error: BaseException | None) -> str:
    """Return an error in a line."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text.strip().splitlines()[0][:120]


def worked(got: Any, expected: Any) -> None:
    """Check a result."""
    assert got == expected, f"{str(got)[:80]} instead of {str(expected)[:80]}"
