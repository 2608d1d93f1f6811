"""Rows S, as far as they can be shown within a program: streams that are left, strategies that are closed, time-outs."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from typing import Any

import concurrent_strategies as cs

from . import specs
from .catalogue import case
from .probe import Probe, caught, failures, is_a, values

EVERY = "STPGIA"


def brief(item: int) -> int:
    """Take a little while, and leave a trace."""
    specs.log("starts", item)
    time.sleep(0.05)
    return item


def _nothing_starts_any_more(probe: Probe, strategy: Any) -> None:
    started = len(specs.logged("starts"))
    time.sleep(0.3)
    assert len(specs.logged("starts")) == started, "items were started after the stream had been left"
    probe.usable(strategy)


@case("S6", "STPWFHGIA", bound=2)
def stream_closed(probe: Probe) -> None:
    """A stream that is closed after 2 of 200 starts no new item, and its workers are free."""
    with probe.make(2) as strategy:
        stream = strategy.stream(brief, range(200))
        assert [next(stream), next(stream)] == [0, 1]
        stream.close()
        assert len(specs.logged("starts")) < 60
        _nothing_starts_any_more(probe, strategy)
        assert list(stream) == []


@case("S6", EVERY, bound=2)
def stream_dropped(probe: Probe) -> None:
    """So does one that is merely forgotten, also in the midst of a loop."""
    with probe.make(2) as strategy:
        stream = strategy.outcomes(brief, range(200))
        assert list(itertools.islice(stream, 2))
        del stream
        gc.collect()
        _nothing_starts_any_more(probe, strategy)
        for _ in strategy.stream(brief, range(200)):
            break
        gc.collect()
        _nothing_starts_any_more(probe, strategy)


@case("S6", EVERY, bound=2)
def stream_dropped_in_a_cycle(probe: Probe) -> None:
    """So does one that only the garbage collector finds, in whatever thread."""
    with probe.make(2) as strategy:
        holder: dict[str, Any] = {"stream": strategy.stream(brief, range(200))}
        holder["itself"] = holder
        next(holder["stream"])
        del holder
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join(5.0)
        _nothing_starts_any_more(probe, strategy)


@case("S6", EVERY, bound=2)
def consumer_raises(probe: Probe) -> None:
    """An exception in the consumer leaves the stream as it leaves the block."""
    with probe.make(2) as strategy:

        def consume() -> None:
            with strategy.stream(brief, range(200)) as stream:
                for _ in stream:
                    raise LookupError("the consumer's")

        is_a(LookupError)(caught(consume) or SystemExit())
        _nothing_starts_any_more(probe, strategy)


@case("S6", EVERY, bound=2)
def never_begun(probe: Probe) -> None:
    """A stream that nobody reads starts nothing."""
    with probe.make(2) as strategy:
        stream = strategy.stream(brief, range(200))
        time.sleep(0.1)
        stream.close()
        strategy.stream(brief, range(200))
        gc.collect()
        assert specs.logged("starts") == []
        probe.usable(strategy)


@case("S6", "STPWFHGIA", bound=2)
def strategy_dropped(probe: Probe) -> None:
    """A strategy that is forgotten while it is open, with a stream half read, leaves no worker behind."""
    strategy = probe.make(2)
    strategy.__enter__()
    stream = strategy.stream(brief, range(200))
    next(stream)
    del strategy, stream
    gc.collect()
    started = len(specs.logged("starts"))
    time.sleep(0.3)
    assert len(specs.logged("starts")) <= started


@case("S8", EVERY, bound=1)
def use_after_close(probe: Probe) -> None:
    """A closed strategy says so at once, in every verb."""
    strategy = probe.make(2)
    with strategy:
        probe.usable(strategy)
        late = strategy.stream(brief, range(3))
    for use in (
        lambda: strategy.map(brief, [1]),
        lambda: list(strategy.stream(brief, [1])),
        lambda: list(strategy.outcomes(brief, [1])),
        lambda: probe.run_async(lambda: strategy.amap(brief, [1])),
        lambda: strategy.__enter__(),
        lambda: next(late),
    ):
        is_a(cs.StrategyClosed)(caught(use) or SystemExit())
    strategy.close()
    assert specs.logged("starts") == []


def hangs_at_3(item: int) -> int:
    """Do not end for item 3."""
    if item == 3:
        time.sleep(60.0)
    return item


def hangs_busily_at_3(item: int) -> int:
    """Do not end for item 3, and hold on to the CPU."""
    while item == 3:
        pass
    return item


def hangs_firmly_at_3(item: int) -> int:
    """Do not end for item 3, whatever is raised."""
    while item == 3:
        try:
            time.sleep(60.0)
        except BaseException:
            continue
    return item


def hangs_in_c_at_3(item: int) -> int:
    """Do not end for item 3, in C code that lets nobody else run."""
    return item if item != 3 else sum(itertools.repeat(0, 1 << 36))


@case("S9", "TPHGIA", bound=3)
def item_hangs(probe: Probe) -> None:
    """With `task_timeout` an item that hangs fails, and nothing else."""
    with probe.make(2, task_timeout=1.0) as strategy:
        outcomes = list(strategy.outcomes(hangs_at_3, range(12)))
        lost = failures(outcomes)
        assert list(lost) == [3], lost
        is_a(cs.TaskTimeout)(lost[3])
        assert values(outcomes) == {k: k for k in range(12) if k != 3}
        probe.usable(strategy)
        raised = caught(lambda: strategy.map(hangs_at_3, range(12)))
        is_a(cs.TaskTimeout)(raised or SystemExit())
        probe.usable(strategy)


@case("S9", "P", bound=4)
def item_hangs_hard(probe: Probe) -> None:
    """Nor does it help the item to be busy, to catch everything, or to hold the GIL."""
    for func in (hangs_busily_at_3, hangs_firmly_at_3, hangs_in_c_at_3):
        with probe.make(2, task_timeout=0.7) as strategy:
            outcomes = list(strategy.outcomes(func, range(12)))
            lost = failures(outcomes)
            assert list(lost) == [3], (func, lost)
            is_a(cs.TaskTimeout)(lost[3])
            probe.usable(strategy)


@case("S9", "PA", bound=4)
def item_hangs_in_a_long_input(probe: Probe) -> None:
    """An item that hangs among many short ones fails alone, although they travel together."""
    with probe.make(2, task_timeout=0.5) as strategy:
        outcomes = list(strategy.outcomes(hangs_at_700, range(3000)))
        assert list(failures(outcomes)) == [700], failures(outcomes)
        assert values(outcomes) == {k: k for k in range(3000) if k != 700}
        probe.usable(strategy)


def hangs_at_700(item: int) -> int:
    """Do not end for item 700."""
    if item == 700:
        time.sleep(60.0)
    return item


@case("S9", "TPGIA", bound=4)
def every_item_hangs(probe: Probe) -> None:
    """When everything hangs, everything is overdue, one after the other."""
    with probe.make(3, task_timeout=0.3) as strategy:
        outcomes = list(strategy.outcomes(hangs, range(9)))
        assert len(failures(outcomes)) == 9
        assert all(isinstance(error, cs.TaskTimeout) for error in failures(outcomes).values())
        if probe.kind == "T":
            assert strategy.stuck == 9
        probe.usable(strategy)


def hangs(item: int) -> int:
    """Do not end."""
    time.sleep(60.0)
    return item


@case("S9", "TPHGIA", bound=3)
def run_hangs(probe: Probe) -> None:
    """With `timeout` a call that hangs ends, and the strategy is usable."""
    with probe.make(2) as strategy:
        raised = caught(lambda: strategy.map(hangs_at_3, range(12), timeout=0.5))
        if probe.kind != "T":  # a thread gets up to 5 s to end by itself, which this one does not
            is_a(cs.RunTimeout)(raised or SystemExit())
        probe.usable(strategy)


@case("S10", "TPHGIA", bound=6, noise=r".*", alone=True)
def close_while_busy(probe: Probe) -> None:
    """Closing from another thread while items run returns in time, and ends the run."""
    strategy = probe.make(2)
    ended: list[BaseException | None] = []

    def run() -> None:
        ended.append(caught(lambda: strategy.map(hangs, range(4))))

    with strategy:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        time.sleep(0.7)
        start = time.monotonic()
        strategy.close(timeout=1.0)
        took = time.monotonic() - start
    assert took < 2.0, took
    thread.join(8.0)
    assert not thread.is_alive(), "the run goes on although its strategy is closed"
    assert isinstance(ended[0], Exception), ended
