"""What holds for every profile and every machine, whatever the advice is."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from concurrent_strategies import Advice, WorkloadProfile, advise
from concurrent_strategies._errors import InvalidOption
from concurrent_strategies._machine import Machine
from concurrent_strategies._spec import parse_spec

SECONDS = st.sampled_from([0.0, 1e-9, 1e-6, 1e-4, 0.002, 0.05, 0.3, 2.0, 1e9]) | st.floats(0, 1e9)
COUNTS = st.sampled_from([0, 1, 2, 3, 10, 1000, 10**6, 10**15]) | st.integers(0, 10**15)
BYTES = st.sampled_from([0, 1, 10**3, 10**6, 10**9, 10**15])
SOME: dict[str, st.SearchStrategy[Any]] = {
    "n_items": COUNTS,
    "kind": st.sampled_from(["cpu", "native", "io", "mixed"]),
    "duration": SECONDS,
    "cpu_fraction": st.floats(0, 1),
    "gil_cpu": SECONDS,
    "free_cpu": SECONDS,
    "wait": SECONDS,
    "duration_cv": st.floats(0, 1000),
    "latency": st.sampled_from(["fast", "slow"]),
    "connections": st.sampled_from(["few", "many"]),
    "max_connections": COUNTS.map(lambda n: max(1, n)),
    "rate_limit": st.floats(1e-6, 1e9),
    "coroutine": st.sampled_from([True, False, "auto"]),
    "async_cpu": SECONDS,
    "async_wait": SECONDS,
    "async_block": SECONDS,
    "green_ok": st.booleans(),
    "arg_bytes": BYTES,
    "result_bytes": BYTES,
    "pickle_seconds": SECONDS,
    "picklable": st.booleans(),
    "by_value": st.booleans(),
    "import_seconds": SECONDS,
    "inner_threads": st.floats(1, 1024),
    "memory_per_item": BYTES,
    "memory_budget": BYTES,
    "thread_safe": st.booleans(),
    "fork_safe": st.booleans(),
    "side_effects": st.booleans(),
    "idempotent": st.booleans(),
    "shared_state": st.booleans(),
    "main_thread_only": st.booleans(),
    "ordered": st.booleans(),
    "deadline": SECONDS,
    "measured_items": st.sampled_from([0, 1, 2, 5, 1000]),
    "confidence": st.dictionaries(st.sampled_from(["wait", "gil_cpu", "free_cpu", "async_cpu"]), st.floats(0, 2)),
}
DECLARED = st.fixed_dictionaries({}, optional=SOME)
LIMITS = st.none() | st.integers(0, 10**6)
MACHINES = st.builds(
    Machine,
    cores=st.sampled_from([0.1, 0.5, 1.0, 1.5, 2.0, 3.9, 64.0]) | st.floats(0.01, 1000),
    gil=st.booleans(),
    start_method=st.sampled_from(["forkserver", "spawn", "fork"]),
    running_loop=st.booleans(),
    gevent_patched=st.booleans(),
    daemon=st.booleans(),
    nested=st.booleans(),
    threads=st.integers(1, 50),
    descriptors=LIMITS,
    processes=LIMITS,
    memory=st.none() | st.integers(0, 10**12),
    load=st.sampled_from([0.0, 0.5, 3.0]) | st.floats(0, 1000),
    platform=st.sampled_from(["linux", "darwin", "win32"]),
)


def told(declared: dict[str, Any], machine: Machine) -> Advice:
    """Advise on a profile that says enough."""
    try:
        return advise(declared, machine)
    except InvalidOption as error:
        assume(error.option != "kind")
        raise


def calls(spec: str) -> int:
    """Count the calls at once that a spec allows."""
    outer = parse_spec(spec)
    parts = [outer] if outer.inner is None else [outer, outer.inner]
    return math.prod(int(dict(part.options).get("max_workers") or 1) for part in parts)


def test_every_field_is_tried() -> None:
    """A field that is added to the profile is added here."""
    assert {field.name for field in fields(WorkloadProfile)} - {"duration_max"} == set(SOME)


@given(DECLARED, MACHINES, st.floats(1, 100))
@example({}, Machine(), 1.0)
@example({"n_items": 0, "kind": "cpu"}, Machine(), 1.0)
def test_advice_or_one_clear_error(declared: dict[str, Any], machine: Machine, longest: float) -> None:
    """Whatever is declared, there is advice that can be printed, or an InvalidOption that asks for the kind."""
    if "duration" in declared:
        declared = declared | {"duration_max": min(1e9, declared["duration"] * longest)}
    try:
        advice = advise(declared, machine)
    except InvalidOption as error:
        assert error.option == "kind"
        return
    assert str(advice).startswith(f"Use {advice.spec}")
    assert advice.spec in advice.explain()


@given(st.dictionaries(st.text(max_size=5) | st.sampled_from(sorted(SOME)), st.none() | st.text(max_size=5) | SECONDS))
def test_rubbish_is_an_invalid_option(rubbish: dict[str, Any]) -> None:
    """Nothing but InvalidOption comes of unknown fields and wrong values."""
    try:
        advise(rubbish, Machine())
    except InvalidOption as error:
        assert error.option in str(error)


@given(DECLARED, MACHINES)
def test_the_same_question_has_the_same_answer(declared: dict[str, Any], machine: Machine) -> None:
    """A mapping and a profile of the same content, asked twice, get equal advice."""
    assert told(declared, machine) == advise(WorkloadProfile(**declared), machine)


@given(DECLARED, MACHINES)
def test_no_limit_is_passed(declared: dict[str, Any], machine: Machine) -> None:
    """However many workers are advised: items, connections, descriptors and memory are enough for them."""
    advice = told(declared, machine)
    at_once, profile = calls(advice.spec), advice.profile
    assert advice.options.get("max_workers", 1) <= at_once
    most: list[int | None] = [profile.n_items, profile.max_connections]
    most.append(None if machine.descriptors is None else machine.descriptors // 2)
    if profile.memory_per_item:
        memory = None if machine.memory is None else machine.memory // 2
        budget = memory if profile.memory_budget is None else profile.memory_budget
        most.append(None if budget is None else budget // profile.memory_per_item)
    assert all(at_once <= max(1, limit) for limit in most if limit is not None)


@given(DECLARED, MACHINES)
def test_the_answer_is_complete(declared: dict[str, Any], machine: Machine) -> None:
    """One of five strategies, a reason for it, one against each other one, and seconds only where they are known."""
    advice = told(declared, machine)
    assert set(advice.rejected) | {advice.strategy} == {"sync", "thread", "process", "green", "asyncio"}
    assert advice.strategy not in advice.rejected
    assert all([advice.reasons, *advice.reasons, *advice.rejected.values(), *advice.warnings])
    assert advice.profile.n_items is not None or advice.expected_seconds is None
    assert advice.spec not in {other.spec for other in advice.alternatives}
    assert parse_spec(advice.spec).name == advice.strategy


@given(DECLARED, MACHINES)
def test_what_must_not_be_is_not_advised(declared: dict[str, Any], machine: Machine) -> None:
    """A declared obstacle outweighs any speed."""
    advice = told(declared | {"side_effects": False}, machine)  # so that it says more than the kind
    profile, inner = advice.profile, parse_spec(advice.spec).inner
    uses = {advice.strategy, inner.name if inner else advice.strategy}
    assert not (profile.thread_safe is False and "thread" in uses)
    assert not (profile.coroutine is False and "asyncio" in uses)
    assert not (profile.green_ok is False and "green" in uses)
    if not profile.picklable or profile.shared_state or machine.daemon:
        assert "process" not in uses
        assert "green" not in uses or machine.gevent_patched
    assert uses <= {"sync", "process"} or not profile.main_thread_only


@given(MACHINES)
def test_the_kind_alone_gives_the_three_rules(machine: Machine) -> None:
    """On every machine, what says no more than the kind of work is answered by the rule for that kind."""
    assert advise({"kind": "cpu"}, machine).strategy == "process"
    assert advise({"kind": "io", "latency": "fast", "connections": "few"}, machine).strategy == "thread"
    assert advise({"kind": "io", "latency": "slow", "connections": "many"}, machine).strategy == "asyncio"
