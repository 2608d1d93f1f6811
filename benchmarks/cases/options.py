"""What the options cost, beside a plain `map` of the same strategy, on items of about 20 us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import Case, Contender, Target
from ..peers import ours
from . import Size

MOST = 3.0


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    items = [400 if not size.quick else 10] * size(20_000)
    for name, func, make in (
        ("sync", work.spin, cs.SyncStrategy),
        ("thread", work.spin, lambda: cs.ThreadStrategy(2)),
        ("process", work.spin, lambda: cs.ProcessStrategy(2)),
        ("asyncio", work.aspin, lambda: cs.AsyncioStrategy(100)),
        ("green", work.spin, lambda: cs.GreenStrategy(100)),
    ):
        yield _case(name, func, make, items)


def _ignore(*_: object) -> None:
    return


def _case(name: str, func: Callable[..., Any], make: Callable[[], Any], items: list[int]) -> Case:
    options: dict[str, dict[str, Any]] = {
        "progress": {"progress": _ignore},
        "task_timeout": {"task_timeout": 30.0},
        "timeout": {"timeout": 300.0},
        "retry": {"retry": 2},
        "on_error=collect": {"on_error": "collect"},
        "key": {"key": str},
        "seed": {"seed": 7},
    }
    contenders = [ours(make(), func, items)]
    contenders += [ours(make(), func, items, option, **value) for option, value in options.items()]
    contenders += [ours(make(), func, items, "stream", verb="stream"), _outcomes(make(), func, items)]
    return Case(
        f"{name}: {len(items)} x 20 us",
        contenders,
        [work.spin(item) for item in items],
        [Target(MOST, "ours", f"ours, {what}") for what in ("outcomes", "progress", "task_timeout")],
    )


def _outcomes(strategy: Any, func: Callable[..., Any], items: list[int]) -> Contender:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with strategy:
            yield lambda: [outcome.value for outcome in strategy.outcomes(func, items)]

    return Contender("ours, outcomes", opens, "ours")
