"""Workloads of many shapes, with the demands they were seen to have: the formulas have to find what suits each."""

from __future__ import annotations

from typing import Any

import pytest

from concurrent_strategies import advise
from concurrent_strategies._machine import Machine

MB = 1 << 20
WORKLOADS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "power of a number": ({"gil_cpu": 0.03, "n_items": 40}, {"process"}),
    "few tiny sums": ({"gil_cpu": 15e-6, "n_items": 1000}, {"sync"}),
    "many tiny sums": ({"gil_cpu": 15e-6, "n_items": 100_000}, {"process"}),
    "three items": ({"gil_cpu": 15e-6, "n_items": 3}, {"sync"}),
    "one big item": ({"gil_cpu": 1.2, "n_items": 1}, {"sync"}),
    "hashing a shared buffer": ({"free_cpu": 0.0025, "n_items": 150}, {"thread"}),
    "hashing large items": ({"free_cpu": 0.0013, "n_items": 200, "arg_bytes": 2 * MB}, {"thread"}),
    "matrix products": ({"free_cpu": 0.004, "n_items": 120}, {"thread"}),
    "small arrays": ({"gil_cpu": 0.009, "n_items": 100}, {"process"}),
    "compressing": ({"free_cpu": 0.008, "gil_cpu": 0.0005, "n_items": 120}, {"thread"}),
    "parsing texts": ({"gil_cpu": 0.0007, "n_items": 300, "arg_bytes": 70_000}, {"process", "sync"}),
    "regular expressions": ({"gil_cpu": 0.006, "n_items": 120}, {"process"}),
    "large results": ({"free_cpu": 0.001, "n_items": 300, "result_bytes": 2 * MB}, {"thread", "sync"}),
    "uneven sums": ({"gil_cpu": 0.004, "n_items": 250, "duration_cv": 2, "duration_max": 0.2}, {"process"}),
    "queries on a file": ({"free_cpu": 0.005, "n_items": 150}, {"thread"}),
    "short sleeps": ({"wait": 0.02, "gil_cpu": 2e-5, "n_items": 50, "coroutine": True}, {"thread", "asyncio"}),
    "sleeps in C": ({"wait": 0.02, "gil_cpu": 2e-5, "n_items": 50, "coroutine": False, "green_ok": False}, {"thread"}),
    "few slow pages": ({"wait": 0.1, "gil_cpu": 0.0007, "n_items": 20, "coroutine": True}, {"thread", "asyncio"}),
    "many slow pages": ({"wait": 0.3, "gil_cpu": 0.0007, "n_items": 1000, "coroutine": True}, {"asyncio"}),
    "fast pages": ({"wait": 0.002, "gil_cpu": 0.0006, "n_items": 250, "coroutine": True}, {"thread"}),
    "pages and computing": ({"wait": 0.02, "gil_cpu": 0.003, "n_items": 200, "coroutine": False}, {"process"}),
    "half and half": ({"gil_cpu": 0.007, "wait": 0.005, "n_items": 80}, {"process"}),
    "mostly waiting": ({"gil_cpu": 0.003, "wait": 0.04, "n_items": 30}, {"thread"}),
    "a coroutine that blocks": ({"wait": 0.002, "gil_cpu": 2e-5, "n_items": 200, "async_block": 0.002}, {"thread"}),
    "child programs": ({"wait": 0.022, "gil_cpu": 0.001, "n_items": 30, "coroutine": False}, {"thread"}),
    "cached files": ({"free_cpu": 0.0002, "gil_cpu": 3e-5, "n_items": 500}, {"thread", "sync"}),
}


@pytest.mark.parametrize("cores", [2, 4, 8])
@pytest.mark.parametrize("name", WORKLOADS)
def test_each_shape_gets_what_suits_it(name: str, cores: int) -> None:
    """From two cores to eight, without a word on the kind of work."""
    declared, suitable = WORKLOADS[name]
    assert advise(declared, Machine(cores=cores)).strategy in suitable
