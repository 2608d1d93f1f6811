"""Other people's libraries as users of ours: what takes a `map`, a pool or an executor takes a strategy."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, as_completed, wait
from typing import Any

import dask
import joblib
import pytest
from scipy.integrate import quad_vec
from scipy.optimize import brute, differential_evolution, rosen
from tqdm import tqdm

from concurrent_strategies import (
    AsyncioStrategy,
    GreenStrategy,
    ProcessStrategy,
    SyncStrategy,
    ThreadStrategy,
    TrioStrategy,
)

STRATEGIES = {
    "sync": SyncStrategy,
    "thread": lambda: ThreadStrategy(2),
    "process": lambda: ProcessStrategy(2),
    "green": lambda: GreenStrategy(4),
    "asyncio": lambda: AsyncioStrategy(4),
    "trio": lambda: TrioStrategy(4),
}


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each strategy, open."""
    with STRATEGIES[request.param]() as opened:
        yield opened


@pytest.fixture
def executor(strategy: Any) -> Iterator[Executor]:
    """The executor of each."""
    with strategy.executor() as opened:
        yield opened


def square(item: int) -> int:
    """Return the square."""
    return item * item


def test_scipy_maps_over_it(strategy: Any) -> None:
    """`workers=strategy.map`, wherever scipy takes a map-like callable."""
    bounds = [(0.0, 2.0)] * 2
    settings: Any = {"updating": "deferred", "maxiter": 8, "seed": 1, "polish": False}
    alone = differential_evolution(rosen, bounds, **settings)
    assert differential_evolution(rosen, bounds, workers=strategy.map, **settings).fun == alone.fun
    assert list(brute(rosen, bounds, Ns=3, finish=None, workers=strategy.map)) == [1.0, 1.0]
    integral, _ = quad_vec(square, 0.0, 3.0, workers=strategy.map)
    assert integral == pytest.approx(9.0)


def test_joblib_works_inside_an_item(strategy: Any) -> None:
    """A function that uses joblib's threads is a function like others."""

    def total(count: int) -> int:
        return sum(joblib.Parallel(n_jobs=2, prefer="threads")(joblib.delayed(square)(k) for k in range(count)))

    assert strategy.map(total, [2, 3, 4]) == [1, 5, 14]


def test_futures_work_as_those_of_the_standard_library(executor: Executor) -> None:
    """`wait`, `as_completed`, and tqdm around it."""
    futures = [executor.submit(square, k) for k in range(20)]
    assert wait(futures, timeout=30, return_when=FIRST_COMPLETED).done
    counted = tqdm(as_completed(futures, timeout=30), total=20, disable=True)
    assert sorted(future.result() for future in counted) == [k * k for k in range(20)]
    assert list(executor.map(operator.mul, range(5), range(5), timeout=30)) == [0, 1, 4, 9, 16]


def test_asyncio_awaits_it(executor: Executor) -> None:
    """`loop.run_in_executor`, many at once."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*[loop.run_in_executor(executor, square, k) for k in range(10)])

    assert asyncio.run(main()) == [k * k for k in range(10)]


def test_dask_computes_on_it(executor: Executor) -> None:
    """As the pool of dask's own schedulers."""
    graph: Any = dask.delayed(sum)([dask.delayed(square)(k) for k in range(10)])
    assert dask.compute(graph, scheduler="threads", pool=executor) == (285,)
