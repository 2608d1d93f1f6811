"""What a profile comes to in numbers: shorthand, exact values, and what is assumed where nothing is said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from concurrent_strategies._machine import Machine
from concurrent_strategies.advice.demands import FAST, IO_CPU, MIDDLE, SLOW, demands
from concurrent_strategies.advice.profile import WorkloadProfile


def times(machine: Machine | None = None, **declared: Any) -> tuple[float, float, float]:
    """Return g, f, w of a profile."""
    it = demands(WorkloadProfile.of(declared), machine or Machine())
    return pytest.approx((it.gil, it.free, it.wait))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"kind": "cpu", "duration": 2}, (2, 0, 0)),
        ({"kind": "native", "duration": 2}, (0, 2, 0)),
        ({"kind": "mixed", "duration": 2}, (1, 0, 1)),
        ({"kind": "mixed", "duration": 2, "cpu_fraction": 0.25}, (0.5, 0, 1.5)),
        ({"duration": 2, "cpu_fraction": 0.25}, (0.5, 0, 1.5)),
        ({"kind": "native", "duration": 2, "cpu_fraction": 0.25}, (0, 0.5, 1.5)),
        ({"kind": "io", "duration": 2}, (IO_CPU, 0, 2 - IO_CPU)),
        ({"kind": "io", "duration": 0.001}, (0.0002, 0, 0.0008)),
        ({"kind": "io", "latency": "fast"}, (IO_CPU, 0, FAST)),
        ({"kind": "io", "latency": "slow"}, (IO_CPU, 0, SLOW)),
        ({"kind": "io"}, (IO_CPU, 0, MIDDLE)),
        ({"latency": "slow"}, (IO_CPU, 0, SLOW)),
        ({"wait": 0.2}, (IO_CPU, 0, 0.2)),
        ({"wait": 0.2, "gil_cpu": 0}, (0, 0, 0.2)),
        ({"gil_cpu": 0.1, "free_cpu": 0.2, "wait": 0.3}, (0.1, 0.2, 0.3)),
        ({"gil_cpu": 0.1}, (0.1, 0, 0)),
        ({"kind": "mixed", "gil_cpu": 0.1}, (0.1, 0, 0.1)),
        ({"kind": "mixed", "wait": 0.1, "cpu_fraction": 0.2}, (0.025, 0, 0.1)),
        ({"async_cpu": 0.1, "async_wait": 0.2}, (0.1, 0, 0.2)),
    ],
)
def test_shorthand_expands(declared: dict[str, Any], expected: tuple[float, ...]) -> None:
    """`kind`, `duration`, `cpu_fraction` and `latency` become g, f and w."""
    assert times(**declared) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"kind": "io", "latency": "slow", "wait": 0.001, "gil_cpu": 0.001}, (0.001, 0, 0.001)),
        ({"kind": "cpu", "duration": 1, "wait": 0.4}, (0.6, 0, 0.4)),
        ({"kind": "cpu", "duration": 1, "gil_cpu": 0.4}, (0.4, 0, 0.6)),
        ({"kind": "io", "duration": 1, "gil_cpu": 0.4}, (0.4, 0, 0.6)),
        ({"kind": "mixed", "duration": 1, "gil_cpu": 0.4}, (0.4, 0, 0.6)),
        ({"duration": 1, "gil_cpu": 0.4, "wait": 0.1}, (0.4, 0, 0.1)),
        ({"duration": 0.1, "gil_cpu": 0.4, "wait": 0.2}, (0.4, 0, 0.2)),
    ],
)
def test_exact_values_win_over_shorthand(declared: dict[str, Any], expected: tuple[float, ...]) -> None:
    """What was given in seconds is not changed by a word or by the duration; that fills up what is missing."""
    assert times(**declared) == expected


def test_less_than_a_core_computes_longer_and_waits_as_long() -> None:
    """On half a core, a second of computing takes two."""
    assert times(Machine(cores=0.5), gil_cpu=1, free_cpu=1, wait=1) == (2, 2, 1)


def test_the_async_version_is_as_the_plain_one_until_declared() -> None:
    """Its own numbers count for the loop, and blocking in it is not waiting."""
    it = demands(WorkloadProfile(gil_cpu=0.1, wait=0.3), Machine())
    assert (it.loop_cpu, it.loop_wait, it.loop_block) == (0.1, 0.3, 0)
    it = demands(WorkloadProfile(gil_cpu=0.1, wait=0.3, async_cpu=0.2, async_block=0.1), Machine())
    assert (it.loop_cpu, it.loop_wait, it.loop_block) == pytest.approx((0.2, 0.2, 0.1))


def test_the_longest_item_follows_from_the_spread() -> None:
    """Declared it is taken; else it is what n draws from a bell curve have as their largest."""
    assert demands(WorkloadProfile(gil_cpu=1, n_items=100, duration_max=7), Machine()).longest == 7
    likely = 1 + 0.25 * math.sqrt(2 * math.log(100))
    assert demands(WorkloadProfile(gil_cpu=1, n_items=100), Machine()).longest == pytest.approx(likely)
    assert demands(WorkloadProfile(gil_cpu=1, n_items=1), Machine()).longest == 1


@pytest.mark.parametrize(
    ("declared", "steady"),
    [
        ({"kind": "cpu"}, True),
        ({"kind": "cpu", "n_items": 5}, True),
        ({"kind": "cpu", "duration": 1}, True),
        ({"kind": "cpu", "duration": 1, "n_items": 5}, False),
        ({"kind": "io", "latency": "slow", "n_items": 5}, True),
        ({"kind": "io", "wait": 0.1, "n_items": 5}, False),
        ({"gil_cpu": 0.1, "n_items": 5}, False),
    ],
)
def test_only_counted_items_of_known_duration_have_a_total(declared: dict[str, Any], steady: bool) -> None:
    """Else only rates can be compared."""
    assert demands(WorkloadProfile.of(declared), Machine()).steady is steady
