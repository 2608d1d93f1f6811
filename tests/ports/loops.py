"""What the tests of the loop port share: the two strategies, the ways of calling them, and outcomes in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anyio

from concurrent_strategies import AsyncioStrategy, Failure, TrioStrategy

STRATEGIES = {"asyncio": AsyncioStrategy, "trio": TrioStrategy}
# A blocking verb, or an async one in the loop of that name: its own, or the other one.
CALLERS = ("blocking", "asyncio", "trio")


def outcomes(strategy: Any, caller: str, func: Callable[..., Any], items: Iterable[Any], **options: Any) -> list[Any]:
    """Return all outcomes of a run, called in this way."""
    if caller == "blocking":
        return list(strategy.outcomes(func, items, **options))

    async def collect() -> list[Any]:
        async with strategy.aoutcomes(func, items, **options) as stream:
            return [outcome async for outcome in stream]

    return anyio.run(collect, backend=caller)


def errors(outcomes: list[Any]) -> dict[int, BaseException]:
    """Return the errors by index, after a look at the rest: each other item must have returned itself."""
    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
    failed = {outcome.index: outcome.error for outcome in outcomes if isinstance(outcome, Failure)}
    values = {outcome.index: outcome.value for outcome in outcomes if outcome.index not in failed}
    assert values == {index: index for index in values}
    return failed
