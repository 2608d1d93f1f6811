"""Single items that ended in no order: reported together, settled once each, and handed out in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies import Retry
from concurrent_strategies._core.port import Done, Failed, Scattered
from concurrent_strategies._core.rules import Rules
from concurrent_strategies._core.run import Run
from concurrent_strategies._core.schedule import LONG_PAUSE, STOCK
from concurrent_strategies._core.shelf import Block, Fault


def scattered(*indices: int, chunk: int = 1) -> Scattered:
    """Report that these items have returned themselves, each after as many seconds, in a worker of its own."""
    ends = [part for index in indices for part in (index, f"value {index}", float(index), f"worker {index}")]
    return Scattered(chunk, ends, False)


def begun(count: int, span: int = 4, **rules: Any) -> Run:
    """Return a run of which the first chunk, the first `span` items or more, is under way."""
    run = Run(Rules(**rules), 0.0, count)
    run.feed(range(count))
    run.exhaust()
    run.plan(0.0, 1, span)
    return run


def taken(run: Run) -> list[tuple[int, Any, Any, Any]]:
    """Take what may go out: index, value, seconds and worker of each item, or its error."""
    found: list[tuple[int, Any, Any, Any]] = []
    for entry in run.take():
        if isinstance(entry, Fault):
            found.append((entry.first, entry.error, None, entry.worker))
            continue
        count = len(entry)
        seconds = entry.seconds if isinstance(entry.seconds, list) else [entry.seconds] * count
        workers = [entry.worker] * count if isinstance(entry.worker, str) else entry.worker
        found += zip(range(entry.first, entry.first + count), entry.values, seconds, workers, strict=True)
    return found


def test_each_item_keeps_its_own_seconds_and_worker() -> None:
    """Also where they go out as one block."""
    run = begun(4)
    run.report([scattered(2, 0), scattered(3, 1)], 1.0)
    assert taken(run) == [(n, f"value {n}", float(n), f"worker {n}") for n in range(4)]
    assert (run.done, run.finished) == (4, True)


def test_what_is_reported_again_counts_once() -> None:
    """Such as an item that was overdue before it was reported."""
    for ordered in (True, False):
        run = begun(4, ordered=ordered)
        run.report([scattered(1, 0), scattered(0, 2, 1), scattered(3)], 1.0)
        assert sorted(index for index, *_ in taken(run)) == [0, 1, 2, 3]
        assert run.done == 4


def test_apart_they_are_ordinary_reports() -> None:
    """For those who know nothing of this kind."""
    found = list(scattered(5, 3).apart())
    assert all(type(done) is Done for done in found)
    assert [(done.chunk, done.first, done.values, done.seconds, done.worker) for done in found] == [
        (1, 5, ["value 5"], 5.0, "worker 5"), (1, 3, ["value 3"], 3.0, "worker 3"),
    ]  # fmt: skip


@given(st.permutations(range(12)), st.lists(st.sampled_from(("scattered", "done", "failed")), min_size=12, max_size=12))
def test_the_order_is_kept_whatever_comes_how(order: list[int], kinds: list[str]) -> None:
    """Between groups and failures, too."""
    run = begun(12, span=12, fail_fast=False)
    found = []
    for index, kind in zip(order, kinds, strict=True):
        error = ValueError(index)
        report = {
            "scattered": scattered(index),
            "done": Done(1, index, [index], 0.1),
            "failed": Failed(1, index, error),
        }
        run.report([report[kind]], 1.0)
        found += [index for index, *_ in taken(run)]
    assert found == list(range(12))
    assert run.finished


def test_the_only_seat_of_many_calls_has_something_to_claim_for_long() -> None:
    """So that the engine may look away: it comes back before nothing is left, and sooner where somebody waits."""
    run = begun(100_000, span=100)
    run.report([Scattered(1, [part for n in range(50) for part in (n, n, 0.005, "")], False)], 1.0)
    load = 50 + sum(len(chunk.items) for verb, chunk, _ in run.plan(1.0, 1, 100) if verb == "start")
    assert load > STOCK / 0.005 * 100
    assert run.slack(1, 100, attended=True) == LONG_PAUSE
    assert run.slack(1, 100, attended=False) < LONG_PAUSE


def test_what_is_to_be_run_again_does_not_wait_behind_a_stock() -> None:
    """Nor is there one where starts are bounded by a rate, or chunks by their length."""
    for rules in ({"retry": Retry(attempts=3)}, {"chunksize": 2}):
        run = begun(100_000, span=100, **rules)
        run.report([Scattered(1, [0, 0, 0.005, ""], False)], 1.0)
        load = sum(len(chunk.items) for verb, chunk, _ in run.plan(1.0, 1, 100) if verb == "start")
        assert load < 400


def test_a_block_of_one_is_a_block() -> None:
    """With one entry in each list."""
    run = begun(4)
    run.report([scattered(0)], 1.0)
    (entry,) = run.take()
    assert isinstance(entry, Block)
    assert (entry.first, entry.values) == (0, ["value 0"])
