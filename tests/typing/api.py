"""What editors and type checkers know of the public names. Never run: mypy and pyright read it.

A line that stops to hold is a promise broken to everyone who types their code.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from typing import assert_type

from concurrent_strategies import (
    Advice,
    AsyncioStrategy,
    AsyncStream,
    AutoLimit,
    Failure,
    GreenStrategy,
    Limit,
    Outcome,
    ProcessStrategy,
    Retry,
    Strategy,
    StrategyError,
    Stream,
    Success,
    SyncStrategy,
    ThreadStrategy,
    Traits,
    TrioStrategy,
    WorkerDied,
    WorkloadProfile,
    advise,
    dual,
    from_config,
    get_strategy,
    using,
)


def size(text: str) -> int:
    return len(text)


async def size_async(text: str) -> int:
    return len(text)


def join(left: str, right: int) -> bytes:
    return f"{left}{right}".encode()


async def texts() -> AsyncIterator[str]:
    yield "a"


thread = ThreadStrategy(max_workers=4, timeout=10.0, thread_name_prefix="worker")
asyncio_ = AsyncioStrategy(max_workers=Limit(3), loop="uvloop", on_error="skip")
finding = GreenStrategy(max_workers="auto")
assert_type(finding.map(size, ["a"], max_workers=AutoLimit(50, polite=True)), list[int])

# Every strategy is a Strategy.
strategies: list[Strategy] = [
    SyncStrategy(),
    thread,
    ProcessStrategy(2, start_method="spawn", inner=asyncio_, relay=("logging",)),
    GreenStrategy(isolate=False),
    asyncio_,
    TrioStrategy(),
]

# Plain functions.
assert_type(thread.map(size, ["a"]), list[int])
assert_type(thread.stream(size, ["a"]), Stream[int])
assert_type(thread.outcomes(size, ["a"]), Stream[Outcome[int]])
assert_type(thread.astream(size, ["a"]), AsyncStream[int])
assert_type(thread.aoutcomes(size, ["a"]), AsyncStream[Outcome[int]])
assert_type(thread.map(join, ["a"], [1]), list[bytes])
assert_type(thread.map(size, iter(["a"]), ordered=False, retry=Retry(attempts=2), buffersize=3), list[int])

# Coroutine functions give what awaiting them gives.
assert_type(asyncio_.map(size_async, ["a"]), list[int])
assert_type(asyncio_.stream(size_async, ["a"]), Stream[int])
assert_type(asyncio_.outcomes(size_async, ["a"]), Stream[Outcome[int]])
assert_type(asyncio_.astream(size_async, ["a"]), AsyncStream[int])
assert_type(asyncio_.aoutcomes(size_async, ["a"]), AsyncStream[Outcome[int]])

# Iterating and matching.
assert_type(next(thread.stream(size, ["a"])), int)
with thread.stream(size, ["a"]) as stream:
    assert_type(stream, Stream[int])
    as_iterator: Iterator[int] = stream
for outcome in thread.outcomes(size, ["a"]):
    match outcome:
        case Success(index=index, value=value):
            assert_type(index, int)
            assert_type(value, int)
        case Failure(error=error, duration=duration):
            assert_type(error, BaseException)
            assert_type(duration, float | None)


async def awaiting(strategy: Strategy) -> None:
    assert_type(await strategy.amap(size, ["a"]), list[int])
    assert_type(await strategy.amap(size_async, ["a"]), list[int])
    assert_type(await strategy.amap(size_async, texts(), timeout=3), list[int])
    async with strategy as opened, opened.astream(size_async, texts()) as results:
        assert_type(results, AsyncStream[int])
        async for result in results:
            assert_type(result, int)


# Through the protocol, by name, by configuration.
def anything(strategy: Strategy) -> list[int]:
    assert_type(strategy.name, str)
    assert_type(strategy.traits, Traits)
    assert_type(strategy.traits.parallel_cpu, bool)
    assert_type(strategy.executor(), Executor)
    with strategy as opened:
        return opened.map(size, ["a"])


with ThreadStrategy() as warm:
    assert_type(warm, ThreadStrategy)

assert_type(get_strategy(), Strategy)
assert_type(get_strategy("thread:4", timeout=3), Strategy)
assert_type(from_config({"strategy": "thread"}), Strategy)
with using("process:4"):
    pass
chosen: contextlib.AbstractContextManager[object] = using(thread)

# Advice.
advice = advise(WorkloadProfile(kind="io", latency="slow", connections="many"))
assert_type(advice, Advice)
assert_type(advice.strategy, str)
assert_type(advice.build(), Strategy)
assert_type(advise({"kind": "cpu"}), Advice)

# One function of two.
both = dual(sync=size, async_=size_async)
assert_type(thread.map(both, ["a"]), list[int])

# Errors are what they say.
root: type[StrategyError] = WorkerDied

# What a type checker must find: an option that does not exist, a value that cannot be.
thread.map(size, ["a"], orderd=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
thread.map(size, ["a"], on_error="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
ThreadStrategy(start_method="spawn")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
