"""One round of a soak: a strategy and a run of it, drawn at random from all there are, and what is wrong with them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import anyio

from concurrent_strategies import (
    AsyncioStrategy,
    AutoStrategy,
    GreenStrategy,
    ProcessStrategy,
    Retry,
    SyncStrategy,
    ThreadStrategy,
    TooManyFailures,
    TrioStrategy,
)

from .mischief import LIMIT, Mischief

MAKERS: dict[str, Callable[[int], Any]] = {
    "sync": lambda _: SyncStrategy(),
    "thread": ThreadStrategy,
    "process": ProcessStrategy,
    "process-spawn": lambda n: ProcessStrategy(n, start_method="spawn"),
    "process/thread": lambda n: ProcessStrategy(min(n, 2), inner=ThreadStrategy(2)),
    "process/asyncio": lambda n: ProcessStrategy(min(n, 2), inner=AsyncioStrategy(4)),
    "green": GreenStrategy,
    "asyncio": AsyncioStrategy,
    "trio": TrioStrategy,
    "auto": AutoStrategy,
}
CERTAIN = ("error", "exit", "stop", "cancel", "nap", "large")


@dataclass(frozen=True)
class Round:
    """What a round is made from; its `repr` says all of it.

    Attributes:
        strategy: its name in `MAKERS`.
        workers: `max_workers`.
        runs: how many runs the strategy has, one after the other.
        opened: whether its workers stay warm.
        verb: which of the six.
        awaited: whether the function is a coroutine function.
        items: how many.
        source: `list`, `range`, `generator` or `async`.
        take: after how many results the consumer leaves, if it does.
        slow: whether the consumer is.
        shares: what the items do.
        options: of the run.
        seed: of the items.
    """

    strategy: str
    workers: int
    runs: int
    opened: bool
    verb: str
    awaited: bool
    items: int
    source: str
    take: int | None
    slow: bool
    shares: dict[str, float]
    options: dict[str, Any]
    seed: int


def draw(random: Random) -> Round:
    """Draw a round."""
    strategy = random.choice(list(MAKERS))
    verb = random.choice(("map", "stream", "outcomes", "amap", "astream", "aoutcomes"))
    sources = ["list", "range", "generator", *(["async"] if verb.startswith("a") else [])]
    shares = {deed: random.choice((0.01, 0.1)) for deed in CERTAIN if random.random() < 0.25}
    options: dict[str, Any] = {}
    if verb.endswith("outcomes") and random.random() < 0.5:
        if strategy != "sync" and random.random() < 0.5:
            shares["overdue"] = 0.01
            options["task_timeout"] = LIMIT
        if strategy.startswith("process") or strategy == "green":
            shares |= {deed: 0.02 for deed in ("death", "lock") if random.random() < 0.5}
    options |= _options(random, verb, streams="map" not in verb)
    return Round(
        strategy=strategy,
        workers=random.choice((1, 2, 3, 8)),
        runs=random.choice((1, 1, 3)),
        opened=random.random() < 0.5,
        verb=verb,
        awaited=random.random() < 0.3,
        items=random.choice((0, 1, 10, 100, 300)),
        source=random.choice(sources),
        take=random.choice((None, None, 0, 5)) if "map" not in verb else None,
        slow=random.random() < 0.1,
        shares=shares,
        options=options,
        seed=random.randrange(1 << 20),
    )


def _options(random: Random, verb: str, *, streams: bool) -> dict[str, Any]:
    all_of_them: dict[str, Callable[[], Any]] = {
        "timeout": lambda: 50.0,
        "retry": lambda: Retry(attempts=2, wait=0.001),
        "rate": lambda: 5000.0,
        "chunksize": lambda: random.choice((1, 7, "auto")),
        "buffersize": lambda: random.choice((1, 16, 1000)),
        "seed": lambda: 7,
        "key": lambda: str,
        "shared_context": lambda: True,
        "progress": lambda: _ignored,
        "max_failures": lambda: random.choice((1, 3, 1000)),
    }
    if streams:
        all_of_them["ordered"] = lambda: False
    if not verb.endswith("outcomes"):
        all_of_them["on_error"] = lambda: random.choice(("raise", "collect", "skip"))
    return {name: make() for name, make in all_of_them.items() if random.random() < 0.2}


def _ignored(_done: int, _total: int | None) -> None:
    """Take notice of a run's progress."""


def play(round_: Round) -> list[str]:
    """Run a round and return what is wrong."""
    strategy = MAKERS[round_.strategy](round_.workers)
    found: list[str] = []
    with strategy if round_.opened else contextlib.nullcontext():
        for _ in range(round_.runs):
            mischief = Mischief(round_.seed, round_.shares)
            results, ending = _run(round_, strategy, mischief.later if round_.awaited else mischief)
            found += _judge(round_, mischief, strategy.traits.isolated, results, ending)
    return found


def _run(round_: Round, strategy: Any, func: Any) -> tuple[list[Any], Exception | None]:
    """Return the results that came, and the error that ended them."""
    got: list[Any] = []
    try:
        if round_.verb.startswith("a"):
            anyio.run(_collect_async, round_, strategy, func, got)
        elif round_.verb == "map":
            got += strategy.map(func, _source(round_), **round_.options)
        else:
            with getattr(strategy, round_.verb)(func, _source(round_), **round_.options) as stream:
                for result in stream:
                    got.append(result)
                    if round_.slow and len(got) < 20:
                        anyio.run(anyio.sleep, 0.01)
                    if round_.take is not None and len(got) >= round_.take:
                        break
    except Exception as error:
        return got, error
    return got, None


async def _collect_async(round_: Round, strategy: Any, func: Any, got: list[Any]) -> None:
    if round_.verb == "amap":
        got += await strategy.amap(func, _source(round_), **round_.options)
        return
    async with getattr(strategy, round_.verb)(func, _source(round_), **round_.options) as stream:
        async for result in stream:
            got.append(result)
            if round_.slow and len(got) < 20:
                await anyio.sleep(0.01)
            if round_.take is not None and len(got) >= round_.take:
                break


def _source(round_: Round) -> Any:
    items = range(round_.items)
    kinds: dict[str, Callable[[], Any]] = {
        "list": lambda: list(items),
        "range": lambda: items,
        "generator": lambda: _generator(items),
        "async": lambda: _async_generator(items),
    }
    return kinds[round_.source]()


def _generator(items: range) -> Iterator[int]:
    yield from items


async def _async_generator(items: range) -> AsyncIterator[int]:
    for item in items:
        yield item
        if item % 16 == 0:
            await anyio.lowlevel.checkpoint()


def _judge(
    round_: Round, mischief: Mischief, isolated: bool, results: list[Any], ending: Exception | None
) -> Iterator[str]:
    """Yield what is wrong with the end of a run."""
    if round_.verb.endswith("outcomes"):
        yield from _judge_outcomes(round_, mischief, isolated, results, ending)
        return
    bad = [i for i in range(round_.items) if mischief.deed(i) in ("error", "exit", "stop", "cancel")]
    values = [mischief.value(index) for index in range(round_.items) if index not in bad]
    if round_.options.get("ordered", True):
        if results != values[: len(results)]:
            yield f"wrong values, or not in order: {results!r:.300}"
    elif any(result not in values for result in results):
        yield f"values that no item gives: {results!r:.300}"
    if ending is not None:
        yield from _judge_ending(round_, bad, ending)
    elif round_.take is None:
        on_error, bound = round_.options.get("on_error", "raise"), round_.options.get("max_failures", 1 << 30)
        if bad and (on_error != "skip" or len(bad) >= bound):
            yield f"no error, though items {bad} fail"
        if len(results) != len(values):
            yield f"{len(results)} values of {len(values)}"


def _judge_ending(round_: Round, bad: list[int], ending: Exception) -> Iterator[str]:
    """Yield what is wrong with the error that a run has ended by, of which some items fail."""
    on_error, bound = round_.options.get("on_error", "raise"), round_.options.get("max_failures", 1 << 30)
    if isinstance(ending, TooManyFailures):
        if len(bad) < bound:
            yield f"too many failures at {len(bad)} of {bound}"
    elif isinstance(ending, ExceptionGroup):
        if on_error != "collect" or len(ending.exceptions) != len(bad):
            yield f"a group of {len(ending.exceptions)} errors, where items {bad} fail"
    elif not bad or on_error != "raise":
        yield f"an error that should not be: {ending!r:.300}"
    else:
        named = bad[:1] if round_.options.get("ordered", True) else bad
        notes = " ".join(getattr(ending, "__notes__", ()))
        if not any(re.search(rf"\b{index}\b", notes) for index in named):
            yield f"not the error of item {named}: {ending!r:.300}, {notes}"


def _judge_outcomes(
    round_: Round, mischief: Mischief, isolated: bool, outcomes: list[Any], ending: Exception | None
) -> Iterator[str]:
    indexes = [outcome.index for outcome in outcomes]
    ordered = round_.options.get("ordered", True)
    if indexes != list(range(len(indexes))) if ordered else len(set(indexes)) != len(indexes):
        yield f"outcomes out of order, or doubled: {indexes}"
    if round_.take is None and ending is None and len(indexes) != round_.items:
        yield f"{len(indexes)} outcomes for {round_.items} items"
    if ending is not None and not (isinstance(ending, TooManyFailures) and "max_failures" in round_.options):
        yield f"an error that should not be: {ending!r:.300}"
    mortal = "death" in round_.shares or ("overdue" in round_.shares and "/" in round_.strategy)
    attempts = round_.options["retry"].attempts if "retry" in round_.options else 1
    for outcome in outcomes:
        if wrong := mischief.wrong(outcome, isolated=isolated, mortal=mortal, attempts=attempts):
            yield wrong
