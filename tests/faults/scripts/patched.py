"""A program that gevent has patched before anything else."""

from gevent import monkey

monkey.patch_all()

import asyncio
import sys
import time

from tests.faults.specs import make

from concurrent_strategies import StrategyUnavailable

SPEC = sys.argv[1]


def work(item: int) -> int:
    """Take a moment."""
    time.sleep(0.002)
    return item + 1


async def coroutine(item: int) -> int:
    """Be of the other colour."""
    return item + 1


def fails(item: int) -> int:
    """Fail for item 3."""
    if item == 3:
        raise ValueError(item)
    return item


expected = list(range(1, 41))
if SPEC == "trio":
    try:
        make(SPEC, 2).map(coroutine, range(40))
    except StrategyUnavailable as error:
        assert "gevent" in str(error)
        print("all right")
    sys.exit()
with make(SPEC, 2) as strategy:
    assert strategy.map(work, range(40)) == expected
    assert list(strategy.stream(work, iter(range(40)), buffersize=5)) == expected
    assert strategy.map(coroutine, range(40)) == expected
    assert len(strategy.map(fails, range(8), on_error="skip")) == 7
    with strategy.stream(work, range(500)) as stream:
        next(stream)
        time.sleep(0.1)
    assert strategy.map(work, range(40)) == expected
assert make(SPEC, 2).map(work, range(40)) == expected
assert asyncio.run(make(SPEC, 2).amap(work, range(40))) == expected
print("all right")
