"""Rows S6 to S10: streams that are left, pools that are closed, and items that hang."""

from __future__ import annotations

import gc
import itertools
import time

from tests.faults import specs
from tests.faults.probe import plus_one

from .column import Column
from .rows import EVERY, Wait, brief, caught, row, usable, worked


@row("S6", "a stream is left after 2 of 200 items", EVERY, 1, needs="stream")
def stream_left(column: type[Column]) -> str:
    """No new item is started, and the workers are free."""
    with column() as pool:
        stream = pool.stream(column.of(Wait(0.05)), range(200))
        worked(list(itertools.islice(stream, 2)), [0, 1])
        close = getattr(stream, "close", None)
        if close is not None:
            close()
        del stream
        gc.collect()
        time.sleep(0.2)
        started = len(specs.logged("starts"))
        time.sleep(0.3)
        more = len(specs.logged("starts")) - started
        assert not more, f"{more} items are started in 0.3 s afterwards"
        assert started < 100, f"{started} of 200 were started"
        usable(column, pool)
    return f"{started} started"


@row("S8", "use after close", EVERY, 1, needs="blocking")
def use_after_close(column: type[Column]) -> str:
    """It is refused at once."""
    pool = column()
    usable(column, pool)
    pool.close()
    raised = caught(lambda: pool.map(column.of(plus_one), range(8)))
    assert isinstance(raised, Exception), "it goes on as if nothing had been closed"
    return brief(raised)


@row("S9", "an item hangs, and there is a limit of 1.5 s for each", "TPGA", 3, needs="task_timeout")
def item_hangs(column: type[Column]) -> str:
    """It fails, alone."""
    with column(2, task_timeout=1.5) as pool:
        since = time.monotonic()
        got = pool.outcomes(column.of(Wait(60.0, at=3)), range(8))
        took = time.monotonic() - since
        bad = [value for good, value in got if not good]
        assert len(got) == 8, f"{len(got)} of 8 outcomes"
        assert len(bad) == 1, f"{len(bad)} of 8 fail: {brief(bad[0]) if bad else ''}"
        assert "imeout" in type(bad[0]).__name__, brief(bad[0])
        usable(column, pool)
    return f"{took:.1f} s"


@row("S10", "closed at once while items run", "TPGA", 3, needs="blocking")
def close_while_busy(column: type[Column]) -> str:
    """It takes two seconds at most, and the program can end."""
    import threading

    pool = column()
    thread = threading.Thread(target=lambda: caught(lambda: pool.map(column.of(Wait(60.0)), range(4))), daemon=True)
    thread.start()
    specs.await_event("busy")
    since = time.monotonic()
    pool.stop()
    took = time.monotonic() - since
    assert took < 2.5, f"closing takes {took:.1f} s"
    return f"{took:.1f} s"
