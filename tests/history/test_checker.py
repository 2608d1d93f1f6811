"""The checker finds what is wrong with a history: here with made-up ones, each bad in one way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.history.checker import Bounds, problems
from tests.history.logbook import NEMESIS, Line, Logbook, Unreadable

from concurrent_strategies import Failure, Success, WorkerDied

BOUNDS = Bounds(items=3, at_once=2, at_stake=1, value=lambda item: item * 10)


def line(text: str) -> Line:
    """Return the line of a log from `SOURCE EVENT NUMBER TIME`."""
    source, event, number, at = text.split()
    return Line(source, event, int(number), int(at))


def history(*texts: str) -> list[Line]:
    """Return the lines of a log."""
    return [line(text) for text in texts]


def died(index: int, pid: int, *, indeterminate: bool = False) -> Failure:
    """Return the outcome of an item whose worker was killed."""
    return Failure(index, None, WorkerDied(index, pid, -9, indeterminate=indeterminate))


# Worker 7 does item 0, and is killed in item 1; worker 8 does item 2 meanwhile.
GOOD = history(
    *("7 start 0 10", "8 start 2 12", "7 end 0 20", "7 start 1 21", "8 end 2 25"),
    f"{NEMESIS} kill 7 30",
)
OUTCOMES: list[Any] = [Success(0, None, 0), died(1, 7), Success(2, None, 20)]


def without(*texts: str) -> list[Line]:
    """Return the good history without some lines."""
    return [each for each in GOOD if each not in history(*texts)]


def test_a_good_history_passes() -> None:
    """Nothing is found where nothing is wrong."""
    assert problems(GOOD, OUTCOMES, BOUNDS) == []


BAD: dict[str, tuple[list[Line], list[Any], str]] = {
    "an outcome is missing": (GOOD, OUTCOMES[:2], "missing [2]"),
    "an outcome is doubled": (GOOD, [*OUTCOMES, OUTCOMES[2]], "doubled [2]"),
    "there is an outcome too many": (GOOD, [*OUTCOMES, Success(3, None, 30)], "4 outcomes for 3 items"),
    "outcomes are out of order": (GOOD, [OUTCOMES[0], OUTCOMES[2], OUTCOMES[1]], "out of order"),
    "a value is wrong": (GOOD, [Success(0, None, 20), *OUTCOMES[1:]], "item 0 gave 20 and should give 0"),
    "values are swapped": (GOOD, [Success(0, None, 20), OUTCOMES[1], Success(2, None, 0)], "item 2 gave 0"),
    "what is no outcome": (GOOD, [OUTCOMES[0], OUTCOMES[1], type("X", (), {"index": 2})()], "this is no outcome"),
    "a success has not ended": (without("7 end 0 20"), OUTCOMES, "item 0 succeeded and has not one start and one end"),
    "a success has not started": (without("7 start 0 10", "7 end 0 20"), OUTCOMES, "nothing is logged"),
    "a success has ended twice": ([*GOOD, line("7 end 0 22")], OUTCOMES, "item 0 succeeded and has not one start"),
    "an item is started twice": ([*GOOD, line("8 start 1 40")], OUTCOMES, "item 1 was started 2 times"),
    "an item is started again after its success": (
        [*GOOD, *history("8 start 0 40", "8 end 0 41")],
        OUTCOMES,
        "item 0 was started 2 times",
    ),
    "an end is not where the start is": ([*without("8 end 2 25"), line("7 end 2 25")], OUTCOMES, "item 2 ended where"),
    "an end is before the start": ([*without("8 end 2 25"), line("8 end 2 11")], OUTCOMES, "item 2 ended where"),
    "a failure's process was not killed": (
        without(f"{NEMESIS} kill 7 30"),
        OUTCOMES,
        "item 1 failed and its process was not killed",
    ),
    "a failure's process was only frozen": (
        [*without(f"{NEMESIS} kill 7 30"), line(f"{NEMESIS} freeze 7 30")],
        OUTCOMES,
        "item 1 failed and its process was not killed",
    ),
    "a failure names no process": (GOOD, [OUTCOMES[0], died(1, 0), OUTCOMES[2]], "its process was not killed"),
    "a failure names another process": (
        [*GOOD, line(f"{NEMESIS} kill 9 30")],
        [OUTCOMES[0], died(1, 9), OUTCOMES[2]],
        "item 1 failed by another process than its own",
    ),
    "an error is about another item": (
        GOOD,
        [OUTCOMES[0], replace(OUTCOMES[1], error=WorkerDied(2, 7, -9)), OUTCOMES[2]],
        "the error of item 1 is about item 2",
    ),
    "a failure is no death": (
        GOOD,
        [OUTCOMES[0], replace(OUTCOMES[1], error=ValueError("x")), OUTCOMES[2]],
        "item 1 failed by something that nobody did: ValueError('x')",
    ),
    "a death costs a neighbour": (GOOD, [died(0, 7), died(1, 7), OUTCOMES[2]], "the death of 7 cost 2 items, [0, 1]"),
    "two of one worker were under way": (
        without("7 end 0 20"),
        [died(0, 7, indeterminate=True), died(1, 7, indeterminate=True), OUTCOMES[2]],
        "in 7 2 items were under way, [0, 1]",
    ),
    "an item does not exist": ([*GOOD, line("8 start 3 40")], OUTCOMES, "item 3 does not exist"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_history_is_refused(case: str) -> None:
    """Whatever it is bad in, and in words that say so."""
    lines, outcomes, says = BAD[case]
    assert any(says in problem for problem in problems(lines, outcomes, BOUNDS))


def test_too_many_at_once_are_found() -> None:
    """Also where one of them never ends: it is under way until its process is killed."""
    crowd = history("7 start 0 10", "8 start 1 11", "9 start 2 29", "8 end 1 30", "9 end 2 31", f"{NEMESIS} kill 7 30")
    outcomes = [died(0, 7), Success(1, None, 10), Success(2, None, 20)]
    assert problems(crowd, outcomes, BOUNDS) == ["3 items were under way at once, [0, 1, 2], and there may be 2"]
    assert problems(crowd, outcomes, replace(BOUNDS, at_once=3)) == []


def test_the_next_may_begin_in_the_moment_of_an_end() -> None:
    """Ends come before starts at the same time; and before the successor of a worker that was killed."""
    lines = history("7 start 0 10", "7 end 0 20", "7 start 1 20", f"{NEMESIS} kill 7 30", "8 start 2 30", "8 end 2 40")
    assert problems(lines, [Success(0, None, 0), died(1, 7), Success(2, None, 20)], replace(BOUNDS, at_once=1)) == []


def test_what_had_ended_and_was_not_reported_may_be_lost_if_it_is_marked() -> None:
    """A death costs the item under way, and marked ones beside it; what never began may be among them."""
    lines = history("7 start 0 10", "7 end 0 11", "7 start 1 12", f"{NEMESIS} kill 7 30")
    outcomes = [died(index, 7, indeterminate=True) for index in range(3)]
    assert problems(lines, outcomes, BOUNDS) == []


@pytest.mark.parametrize("text", ["start 1 2", "start 1\n", "start 1 2start 2 3\n", "start one 2\n", "\n"])
def test_a_log_that_nobody_can_have_written_is_refused(text: str, tmp_path: Path) -> None:
    """A line that is cut, or two that are mixed."""
    (tmp_path / "7.log").write_text(text)
    with pytest.raises(Unreadable, match=r"7\.log, line 1"):
        Logbook(str(tmp_path)).read()


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    """In the order of time, over all files; processes are known by theirs."""
    log = Logbook(str(tmp_path))
    log.write(8, "start", 1)
    log.write(NEMESIS, "kill", 8)
    log.write(7, "start", 2)
    log.close()
    lines = log.read()
    assert [(each.source, each.event, each.number) for each in lines] == [
        ("8", "start", 1),
        (NEMESIS, "kill", 8),
        ("7", "start", 2),
    ]
    assert log.workers() == [7, 8]
