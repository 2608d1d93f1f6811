"""What is wrong with a history, judged by its logs and its outcomes and nothing else.

one outcome for each item, in order; a success has the right value
success: exactly one start and one end, in one process, in this order
failure: `WorkerDied` in a process that the nemesis killed, the one that started the item if any did
no item is started twice
a death costs at most what was under way there, and what had just ended, which is then marked indeterminate
never more under way than there may be
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from concurrent_strategies import Failure, Success, WorkerDied

from .logbook import NEMESIS, Line


@dataclass(frozen=True)
class Bounds:
    """What the history should keep to.

    Attributes:
        items: how many there are.
        at_once: how many calls may be under way at once, in all workers together.
        at_stake: how many may be under way in one process.
        value: what an item should give.
    """

    items: int
    at_once: int
    at_stake: int
    value: Callable[[int], Any]


@dataclass
class Item:
    """What the logs say about one item."""

    starts: list[Line] = field(default_factory=list)
    ends: list[Line] = field(default_factory=list)


def problems(lines: Sequence[Line], outcomes: Sequence[Any], bounds: Bounds) -> list[str]:
    """Return what is wrong with a history; nothing, if all is well.

    Args:
        lines: the logs, in the order of time.
        outcomes: what the run gave, in the order in which it did.
        bounds: what it should keep to.
    """
    items: defaultdict[int, Item] = defaultdict(Item)
    for line in lines:
        if line.source != NEMESIS:
            (items[line.number].starts if line.event == "start" else items[line.number].ends).append(line)
    killed = {line.number: line.at for line in lines if line.source == NEMESIS and line.event == "kill"}
    return [
        *_order(outcomes, bounds),
        *_logs(items, bounds),
        *_outcomes(items, outcomes, killed, bounds),
        *_costs(items, outcomes, bounds),
        *_crowd(items, killed, bounds),
    ]


def _order(outcomes: Sequence[Any], bounds: Bounds) -> Iterator[str]:
    indexes = [outcome.index for outcome in outcomes]
    if indexes != list(range(bounds.items)):
        missing = sorted(set(range(bounds.items)) - set(indexes))
        doubled = sorted({index for index in indexes if indexes.count(index) > 1})
        yield f"{len(indexes)} outcomes for {bounds.items} items; missing {missing}, doubled {doubled}, or out of order"


def _logs(items: dict[int, Item], bounds: Bounds) -> Iterator[str]:
    for index, item in sorted(items.items()):
        if index >= bounds.items:
            yield f"item {index} does not exist, and was started"
        if len(item.starts) > 1:
            yield f"item {index} was started {len(item.starts)} times: {_show(item.starts)}"
        for end in item.ends:
            if not any(start.source == end.source and start.at <= end.at for start in item.starts):
                yield f"item {index} ended where it had not been started: {_show([*item.starts, end])}"


def _outcomes(items: dict[int, Item], outcomes: Sequence[Any], killed: dict[int, int], bounds: Bounds) -> Iterator[str]:
    for outcome in outcomes:
        item = items.get(outcome.index, Item())
        match outcome:
            case Success(index, value=value):
                if value != bounds.value(index):
                    yield f"item {index} gave {value!r} and should give {bounds.value(index)!r}"
                if len(item.starts) != 1 or len(item.ends) != 1:
                    yield f"item {index} succeeded and has not one start and one end: {_show(item.starts + item.ends)}"
            case Failure(index, error=WorkerDied(pid=pid) as error):
                if error.index != index:
                    yield f"the error of item {index} is about item {error.index}: {error}"
                if pid not in killed:
                    yield f"item {index} failed and its process was not killed: {error}"
                if any(int(start.source) != pid for start in item.starts):
                    yield f"item {index} failed by another process than its own: {error}; {_show(item.starts)}"
            case Failure(index, error=error):
                yield f"item {index} failed by something that nobody did: {error!r}"
            case _:
                yield f"this is no outcome: {outcome!r}"


def _costs(items: dict[int, Item], outcomes: Sequence[Any], bounds: Bounds) -> Iterator[str]:
    """Judge what each death took along."""
    lost: defaultdict[int, list[WorkerDied]] = defaultdict(list)
    for outcome in outcomes:
        if isinstance(outcome, Failure) and isinstance(outcome.error, WorkerDied) and outcome.error.pid is not None:
            lost[outcome.error.pid].append(outcome.error)
    for pid, errors in lost.items():
        sure = [error.index for error in errors if not error.indeterminate]
        if len(sure) > bounds.at_stake:
            yield f"the death of {pid} cost {len(sure)} items, {sure}, and may cost {bounds.at_stake}"
        under_way = [e.index for e in errors if items[e.index].starts and not items[e.index].ends]
        if len(under_way) > bounds.at_stake:
            yield f"in {pid} {len(under_way)} items were under way, {under_way}, and there may be {bounds.at_stake}"


def _crowd(items: dict[int, Item], killed: dict[int, int], bounds: Bounds) -> Iterator[str]:
    """Count how many items were under way at a time; one without an end, up to its process' death."""
    changes: list[tuple[int, int, int]] = []
    for index, item in items.items():
        for start in item.starts:
            ends = [end.at for end in item.ends if end.source == start.source]
            until = min(ends, default=killed.get(int(start.source), start.at))
            if until > start.at:
                changes += [(start.at, 1, index), (until, -1, index)]
    under_way: set[int] = set()
    most: list[int] = []
    for _, change, index in sorted(changes):  # at one and the same time, ends come first
        (under_way.add if change > 0 else under_way.discard)(index)
        most = max(most, sorted(under_way), key=len)
    if len(most) > bounds.at_once:
        yield f"{len(most)} items were under way at once, {most}, and there may be {bounds.at_once}"


def _show(lines: Sequence[Line]) -> str:
    return ", ".join(f"{line.event} in {line.source} at {line.at}" for line in lines) or "nothing is logged"
