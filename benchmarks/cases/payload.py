"""Large items, large results, and a large function. Arrays are read on arrival, page by page, on either side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import concurrent_strategies as cs

from .. import work
from ..harness import BEST_TUNED, Case, Target
from ..peers import ours
from ..peers.processes import by_default, tuned
from . import Size

MIB = 1 << 20
ONE_BY_ONE = {"multiprocessing.Pool.map": 1, "joblib": 1, "mpire": 1}


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    large = MIB if not size.quick else 4096
    blocks = [bytes([n]) * large for n in range(64)]
    yield _bytes("64 x 1 MiB of bytes, in", work.take_bytes, blocks, [2 * n + large for n in range(64)], 0.8)
    yield _bytes("64 x 1 MiB of bytes, out", work.give_bytes, [large] * 64, [bytes(large)] * 64, 0.9)
    yield _bytes("64 x 1 MiB of bytes, in and out", work.pass_bytes, blocks, blocks, 0.8)
    try:
        import numpy as np
    except ImportError:
        return
    n = MIB if not size.quick else 4096
    arrays = [np.full(n, float(k)) for k in range(20)]
    sums = [k * n / 512 for k in range(20)]
    yield _arrays("20 x 8 MiB of floats, in", work.take_array, arrays, sums, 0.7, None)
    yield _arrays("20 x 8 MiB of floats, out", work.give_array, [n] * 20, [n / 512] * 20, 0.35, _touch)
    yield _arrays("20 x 8 MiB of floats, in and out", work.pass_array, arrays, sums, 0.35, _touch)
    captured = bytes(20 * MIB if not size.quick else 4096)
    yield _captured(partial(work.use_captured, captured), list(range(size(1000))))


def _touch(arrays: list[Any]) -> list[float]:
    return [work.touched(array) for array in arrays]


def _bytes(name: str, func: Callable[[Any], Any], items: list[Any], expected: list[Any], limit: float) -> Case:
    return Case(
        name,
        (
            ours(cs.ProcessStrategy(2), func, items),
            *by_default(2, func, items),
            *tuned(2, func, items, ONE_BY_ONE),
        ),
        expected,
        (Target(limit, BEST_TUNED),),
    )


def _arrays(
    name: str, func: Callable[[Any], Any], items: list[Any], expected: list[float], limit: float, after: Any
) -> Case:
    return Case(
        name,
        (
            ours(cs.ProcessStrategy(2), func, items, after=after),
            *by_default(2, func, items, after),
            *tuned(2, func, items, ONE_BY_ONE, after),
        ),
        expected,
        (Target(limit, BEST_TUNED),),
    )


def _captured(func: Callable[[int], int], items: list[int]) -> Case:
    return Case(
        "20 MiB captured by the function, 1000 items",
        (
            ours(cs.ProcessStrategy(2), func, items),
            *by_default(2, func, items),
            *tuned(2, func, items, {"ProcessPoolExecutor": 500, "loky": 500, "mpire": 500, "Pebble": 500}),
            *tuned(2, func, items, {"multiprocessing.Pool.map": 500, "joblib": 500}),
        ),
        items,
        (Target(0.8, "mpire"), Target(0.05, "multiprocessing.Pool.map")),
    )
