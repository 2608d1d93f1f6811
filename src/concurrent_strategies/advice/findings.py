"""Puts a profile together: what was measured, under what was declared, which wins; and what to say about both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from .estimate import BUSY, Estimate
from .measurement import Measurement
from .profile import WorkloadProfile
from .words import say_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._machine import Machine
    from .constants import Constants
    from .crossing import Crossing
    from .crowd import Crowd
    from .observer import Observation
    from .sampler import Sampler

#: Bytes: by less than that a process grows by itself.
GROWTH: Final = 1 << 20
#: What was declared and what was measured may differ by this factor without a word.
DIFFERENCE: Final = 2.0
#: Sizes, and times of an item, whose errors are told as parts of its duration.
SIZES: Final = ("arg_bytes", "result_bytes", "memory_per_item")
TIMES: Final = ("gil_cpu", "free_cpu", "wait", "async_cpu", "async_wait", "async_block")


class Findings:
    """What is known about a piece of work so far.

    Args:
        declared: what the user has said.
        total: how many items there are, where the input tells.
    """

    def __init__(self, declared: WorkloadProfile, total: int | None) -> None:
        self.declared = declared
        self._total = total if declared.n_items is None else declared.n_items
        self._estimates: dict[str, Estimate] = {}
        self._facts: dict[str, Any] = {}
        self._notes: list[str] = []
        self._items = 0

    # ------------------------------------------------------------------------------------ what has been found

    def add(self, estimates: Mapping[str, Estimate], *, better: bool = False) -> None:
        """Take measured values; what is there already stays, unless these are better."""
        known = () if better else tuple(self._estimates)
        self._estimates |= {name: each for name, each in estimates.items() if name not in known}

    def seen(self, observation: Observation) -> None:
        """Take what was seen from outside."""
        samples = observation.samples
        self._items = samples.items
        if samples.flight is not None and not samples.items:
            so_far = say_seconds(samples.flight.wall)
            self._notes.append(f"the first item was still under way after {so_far}: its times are at least so long")
        if (observation.load or 0) > BUSY:
            beside = f"{observation.load:.1f} others wanted a core at the same time"
            self._notes.append(f"measured on a busy machine: {beside}, so the values are less sure")
        if observation.memory > GROWTH and samples.items:
            size = observation.memory
            self._estimates["memory_per_item"] = Estimate(size, size / 2, samples.items)
        longest = max((timing.duration for timing in samples.settled if timing.items == 1), default=0.0)
        if longest > self._likely_longest():
            self._facts["duration_max"] = longest

    def colour(self, *, exists: bool) -> None:
        """Take whether there is an async version. If there is none, nobody can run one."""
        self._facts["coroutine"] = exists

    def crossing(self, found: Crossing) -> None:
        """Take what it costs to cross a process border."""
        if found.obstacle:
            self._facts["picklable"] = False
            self._notes.append(found.obstacle)
            return
        self._facts["by_value"] = found.by_value
        for name, value in (
            ("arg_bytes", found.arg_bytes),
            ("result_bytes", found.result_bytes),
            ("pickle_seconds", found.seconds),
        ):
            if found.examples:
                self._estimates[name] = Estimate(value, 0.25 * value, found.examples)

    def imports(self, seconds: float | None) -> None:
        """Take what a fresh process needs to import the function's module."""
        if seconds is not None:
            self._estimates["import_seconds"] = Estimate(seconds, 0.25 * seconds, 1)

    def green(self, cooperates: bool | None) -> None:
        """Take whether the waiting is cooperative under gevent."""
        if cooperates is not None:
            self._facts["green_ok"] = cooperates

    # --------------------------------------------------------------------------------------- what follows of it

    @property
    def computing(self) -> float:
        """How much of an item is computing, from 0 to 1."""
        return 1 - self.waiting if self._duration > 0 else 0.0

    @property
    def waiting(self) -> float:
        """How much of an item is waiting, from 0 to 1."""
        return self._value("wait") / self._duration if self._duration > 0 else 0.0

    @property
    def wait(self) -> float:
        """Seconds of waiting of an item alone."""
        return self._value("wait")

    @property
    def total_cpu(self) -> float:
        """Seconds of computing of all items; infinite where nobody knows how many there are."""
        each = self._value("gil_cpu") + self._value("free_cpu")
        return math.inf if self._total is None else self._total * each

    @property
    def may_cross(self) -> bool:
        """Whether other processes come into question at all."""
        facts, declared = self._facts, self.declared
        return facts.get("picklable", True) and declared.picklable and not declared.shared_state

    @property
    def _duration(self) -> float:
        return self._value("gil_cpu") + self._value("free_cpu") + self._value("wait")

    def _value(self, name: str) -> float:
        found = self._estimates.get(name)
        return found.value if found else 0.0

    def _likely_longest(self) -> float:
        """Return what the model takes for the longest item, unless told."""
        spread = self._value("duration_cv") or 0.25
        return self._duration * (1 + spread * math.sqrt(2 * math.log(max(self._total or 10**6, 1))))

    def measurement(
        self, machine: Machine, constants: Constants, rest: Iterator[Any], samplers: tuple[Sampler | Crowd, ...]
    ) -> Measurement[Any]:
        """Make the measurement."""
        said = self.declared.declared()
        values: dict[str, Any] = {name: getattr(self.declared, name) for name in said}
        self._notes += self._contradictions(said)
        if not said & {"gil_cpu", "free_cpu", "wait", "duration", "kind", "cpu_fraction", "latency"}:
            measured = set(self._estimates)
        else:  # one part of a duration, declared, cannot stand beside another, measured
            measured = set(self._estimates) - set(TIMES)
        estimates = {name: each for name, each in self._estimates.items() if name in measured - said}
        for name, each in estimates.items():
            values[name] = int(each.value) if name in SIZES else each.value
        facts = {name: value for name, value in self._facts.items() if name not in said}
        if self._total is not None:
            values["n_items"] = self._total
        values |= {**facts, "measured_items": self._items, "confidence": self._confidence(estimates)}
        profile = WorkloadProfile(**values)
        return Measurement(profile, estimates, tuple(self._notes), rest, machine, constants, samplers)

    def _confidence(self, estimates: Mapping[str, Estimate]) -> dict[str, float]:
        errors = {}
        for name, each in estimates.items():
            whole = self._duration if name in TIMES else each.value
            if whole > 0:
                errors[name] = round(each.error / whole, 4)
        return errors

    def _contradictions(self, said: frozenset[str]) -> Iterator[str]:
        for name in sorted(said & set(self._estimates)):
            declared, measured = getattr(self.declared, name), self._estimates[name].value
            low, high = sorted((declared, measured))
            if high > DIFFERENCE * low and name not in SIZES:
                was = say_seconds(measured) if name in TIMES or name.endswith("seconds") else f"{measured:.2g}"
                yield f"{name} was declared as {declared:g} and measured as {was}; what is declared wins"
