"""Which strategy is advised for which work: the three rules, what lies between them, and what overrules them."""

from __future__ import annotations

from typing import Any

import pytest

from concurrent_strategies import Advice, advise
from concurrent_strategies._machine import Machine

TWO = Machine(cores=2)
SLOW_MANY = {"kind": "io", "latency": "slow", "connections": "many"}


def ask(machine: Machine = TWO, **declared: Any) -> Advice:
    """Advise on a machine of two cores."""
    return advise(declared, machine)


def family(advice: Advice) -> str:
    """Return the spec without the numbers."""
    return "/".join(part.partition(":")[0] for part in advice.spec.split("/"))


@pytest.mark.parametrize(
    ("declared", "strategy"),
    [
        ({"kind": "cpu"}, "process"),
        ({"kind": "io", "latency": "fast", "connections": "few"}, "thread"),
        (SLOW_MANY, "asyncio"),
        ({"kind": "native"}, "thread"),
    ],
)
def test_the_kind_alone_gives_the_rules(declared: dict[str, Any], strategy: str) -> None:
    """Computing: processes. Fast and few: threads. Slow and many: asyncio. And native computing: threads."""
    assert ask(**declared).strategy == strategy


@pytest.mark.parametrize(
    ("declared", "strategy"),
    [
        ({"kind": "cpu", "duration": 0.2, "n_items": 40}, "process"),
        ({"kind": "cpu", "n_items": 40}, "process"),
        ({"gil_cpu": 0.05}, "process"),
        ({"wait": 0.002, "gil_cpu": 0.0006, "max_connections": 8, "n_items": 250}, "thread"),
        ({"kind": "io", "latency": "fast", "connections": "few", "n_items": 100_000}, "thread"),
        (SLOW_MANY | {"n_items": 10_000}, "asyncio"),
        ({"wait": 0.3, "gil_cpu": 0.0005, "n_items": 5000}, "asyncio"),
        ({"kind": "io", "duration": 0.5, "n_items": 3000}, "asyncio"),
    ],
)
def test_the_rules_come_out_of_the_numbers(declared: dict[str, Any], strategy: str) -> None:
    """With durations and counts declared, the formulas lead to the same three rules."""
    assert ask(**declared).strategy == strategy


@pytest.mark.parametrize(
    ("latency", "connections", "spec"),
    [
        ({"latency": "fast"}, "few", "thread:22"),
        ({"latency": "fast"}, "many", "thread:22"),
        ({"latency": "slow"}, "few", "thread:64"),
        ({"latency": "slow"}, "many", "asyncio:424"),
        ({"wait": 0.02}, "few", "thread:64"),
        ({"wait": 0.02}, "many", "asyncio:86"),
        ({"wait": 0.05}, "few", "thread:64"),
        ({"wait": 0.05}, "many", "asyncio:213"),
        ({"wait": 0.1}, "few", "thread:64"),
        ({"wait": 0.1}, "many", "asyncio:424"),
    ],
)
def test_all_quadrants_and_the_middle_have_an_answer(latency: dict[str, Any], connections: str, spec: str) -> None:
    """As docs/choosing.md has it: what is between fast and slow depends on the connections."""
    assert ask(kind="io", connections=connections, **latency).spec == spec


@pytest.mark.parametrize(("wait", "strategy"), [(0.01, "thread"), (0.05, "thread"), (0.1, "asyncio"), (0.3, "asyncio")])
def test_without_a_word_on_connections_threads_go_as_far_as_they_keep_up(wait: float, strategy: str) -> None:
    """Between 20 and 100 ms threads still keep one core busy; beyond, 256 of them do not."""
    assert ask(wait=wait).strategy == strategy


@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "cpu", "n_items": 1},
        {"kind": "cpu", "duration": 60, "n_items": 1},
        {"kind": "io", "latency": "slow", "n_items": 1},
        {"n_items": 1},
        {"n_items": 0, "kind": "mixed"},
        {"kind": "cpu", "duration": 1e-4, "n_items": 100},
        {"kind": "io", "duration": 1e-4, "n_items": 50},
        {"duration": 1e-6, "n_items": 1000},
        {"gil_cpu": 15e-6, "n_items": 1000},
    ],
)
def test_one_item_or_tiny_work_stays_sync(declared: dict[str, Any]) -> None:
    """What cannot be shared out, or is done before anything else has started, stays where it is."""
    assert ask(**declared).spec == "sync"


def test_processes_pay_when_the_work_outweighs_their_start() -> None:
    """The same items: few of them stay, many go to processes; a slow import moves the border."""
    assert ask(kind="cpu", duration=0.01, n_items=10).strategy == "sync"
    assert ask(kind="cpu", duration=0.01, n_items=200).strategy == "process"
    assert ask(kind="cpu", duration=0.01, n_items=200, import_seconds=5).strategy == "sync"


def test_many_short_items_pay_in_chunks() -> None:
    """Fifteen microseconds an item are worth processes if there are enough of them."""
    assert ask(kind="cpu", duration=15e-6, n_items=100_000).strategy == "process"


@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "native", "duration": 0.01, "n_items": 300},
        {"kind": "native", "duration": 0.01, "n_items": 300, "arg_bytes": 2_000_000},
        {"free_cpu": 0.02, "gil_cpu": 0.001, "n_items": 300},
    ],
)
def test_native_code_goes_to_threads(declared: dict[str, Any]) -> None:
    """Code that releases the GIL uses all cores in threads, and nothing has to be pickled."""
    assert ask(**declared).spec == "thread:2"


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"kind": "mixed"}, "process/thread"),
        ({"kind": "mixed", "duration": 0.1, "n_items": 1000}, "process/thread"),
        ({"gil_cpu": 0.02, "wait": 0.02, "n_items": 1000}, "process/thread"),
        ({"gil_cpu": 0.02, "wait": 0.02, "n_items": 1000, "coroutine": True}, "process/asyncio"),
        ({"gil_cpu": 0.02, "wait": 0.02, "n_items": 1000, "thread_safe": False}, "process/asyncio"),
        ({"gil_cpu": 0.005, "wait": 0.2, "n_items": 10_000, "coroutine": True}, "process/asyncio"),
        ({"kind": "io", "gil_cpu": 0.0025, "wait": 0.02, "n_items": 1000}, "process/thread"),
    ],
)
def test_computing_mixed_with_waiting_nests(declared: dict[str, Any], expected: str) -> None:
    """Processes share out the computing, and what is inside each hides the waiting."""
    advice = ask(**declared)
    assert (advice.strategy, family(advice)) == ("process", expected)
    assert advice.options == {"max_workers": 2}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"gil_cpu": 0.09, "wait": 0.01, "n_items": 1000}, "process"),
        ({"gil_cpu": 0.0025, "wait": 0.04, "n_items": 30}, "thread"),
        ({"gil_cpu": 0.0005, "wait": 0.3, "n_items": 100_000}, "asyncio"),
        ({"kind": "io", "gil_cpu": 0.001, "wait": 0.4, "n_items": 10_000}, "asyncio"),
        ({"kind": "io", "gil_cpu": 0.0025, "wait": 0.02}, "thread"),
        ({"kind": "io", "wait": 0.002, "connections": "few", "n_items": 100_000}, "thread"),
        ({"kind": "io", "wait": 0.05, "n_items": 100_000}, "thread"),
        ({"gil_cpu": 0.02, "wait": 0.02, "n_items": 1000, "thread_safe": False, "coroutine": False}, "process"),
        ({"gil_cpu": 0.02, "wait": 0.02, "n_items": 1000, "picklable": False}, "thread"),
    ],
)
def test_nesting_has_to_pay(declared: dict[str, Any], expected: str) -> None:
    """Not for little waiting, short runs, computing that is only assumed, or where a border is in the way."""
    assert family(ask(**declared)) == expected


def test_waiting_is_hidden_by_processes_where_nothing_else_may() -> None:
    """Neither thread-safe nor a coroutine: more processes than cores."""
    advice = ask(kind="mixed", duration=0.2, n_items=1000, thread_safe=False, coroutine=False)
    assert advice.spec == "process:4"


def test_slow_blocking_code_goes_green_or_to_threads() -> None:
    """Without an async version: greenlets if they are known to cooperate, else threads, with the reason."""
    slow = {"kind": "io", "duration": 0.3, "n_items": 5000, "coroutine": False}
    threads = ask(**slow)
    assert threads.spec == "thread:256"
    assert "blocking call would stop the whole loop" in threads.rejected["asyncio"]
    assert "green_ok=True" in threads.rejected["green"]
    assert any(warning.startswith("green would be") for warning in threads.warnings)
    assert ask(green_ok=True, **slow).strategy == "green"
    assert ask(green_ok=False, **slow).strategy == "thread"


def test_an_async_version_is_used_for_slow_work_and_not_for_fast() -> None:
    """Where both are as fast: what is slow is awaited if it can be, what is fast has no need of it."""
    assert ask(kind="io", duration=0.1, n_items=40, coroutine=True).spec == "asyncio:40"
    assert ask(kind="io", duration=0.1, n_items=40).spec == "thread:40"
    assert ask(kind="io", duration=0.002, n_items=250, coroutine=True).strategy == "thread"


def test_a_coroutine_that_blocks_goes_to_threads() -> None:
    """A blocking call inside the async version stops its loop: that costs more than threads do."""
    advice = ask(kind="io", wait=0.02, n_items=200, coroutine=True, async_block=0.01)
    assert advice.strategy == "thread"
    assert any("the async version blocks its loop for 10 ms" in warning for warning in advice.warnings)


@pytest.mark.parametrize(
    ("declared", "calls", "why"),
    [
        ({"max_connections": 10}, 10, "max_connections"),
        ({"max_connections": 10, "connections": "many"}, 10, "max_connections"),
        ({"connections": "few"}, 64, "few connections"),
        ({"n_items": 7}, 7, "no more items"),
        ({"memory_per_item": 10**8, "memory_budget": 10**9}, 10, "memory"),
        ({"wait": 0.2, "rate_limit": 50, "n_items": 1000}, 11, "rate_limit"),
    ],
)
def test_limits_are_kept_and_named(declared: dict[str, Any], calls: int, why: str) -> None:
    """The tightest limit sets the size, and is the reason given for it."""
    advice = ask(**({"kind": "io", "latency": "slow"} | declared))
    assert advice.options["max_workers"] == calls
    assert any(reason.startswith(f"{calls} at once: ") and why in reason for reason in advice.reasons)


def test_half_the_memory_is_the_budget() -> None:
    """Where no budget is declared, half of what is available counts; one item may always run."""
    machine = Machine(cores=8, memory=8 * 10**9)
    advice = ask(machine, kind="cpu", duration=1, n_items=100, memory_per_item=10**9)
    assert advice.spec == "process:4"
    assert "no more than 4 at once: memory" in advice.warnings
    huge = ask(machine, kind="cpu", duration=1, n_items=100, memory_per_item=10**10)
    assert huge.spec == "sync"
    assert any("one item alone needs 10,000,000,000 bytes" in warning for warning in huge.warnings)


def test_a_rate_goes_along_and_sets_the_pace() -> None:
    """The rate is part of the advice; where one item at a time keeps up with it, nothing more is advised."""
    advice = ask(kind="io", wait=0.2, rate_limit=50, n_items=1000)
    assert (advice.options["rate"], advice.spec) == (50, "thread:11?rate=50.0")
    assert all("rate=50.0" in other.spec for other in advice.alternatives)
    slow = ask(kind="io", wait=0.2, rate_limit=2, n_items=1000)
    assert slow.spec == "sync?rate=2.0"
    assert "rate_limit sets the pace" in slow.reasons[0]


@pytest.mark.parametrize(
    ("fact", "word"),
    [
        ({"picklable": False}, "cannot be pickled"),
        ({"shared_state": True}, "changes objects of this process"),
    ],
)
def test_what_bars_processes_is_told(fact: dict[str, Any], word: str) -> None:
    """Computing that cannot leave this process stays, and the warning says what that costs."""
    advice = ask(kind="cpu", duration=0.1, n_items=100, **fact)
    assert advice.strategy == "sync"
    assert word in advice.rejected["process"]
    assert any("process would be 1.9 times as fast" in w and word in w for w in advice.warnings)


def test_heavy_payloads_stay() -> None:
    """When pickling takes longer than computing, processes do not pay, and the reason says so."""
    advice = ask(kind="cpu", duration=0.05, n_items=200, arg_bytes=50_000_000)
    assert advice.strategy == "sync"
    assert "to pickle an item" in advice.rejected["process"]
    worth = ask(kind="cpu", duration=0.5, n_items=200, arg_bytes=25_000_000)
    assert worth.strategy == "process"
    assert any("pickling takes 125 ms for an item of 500 ms" in warning for warning in worth.warnings)


def test_main_thread_and_thread_safety_are_respected() -> None:
    """What must not run in threads does not."""
    assert ask(kind="io", wait=0.05, n_items=500, thread_safe=False).strategy == "asyncio"
    assert ask(kind="native", duration=0.1, n_items=500, thread_safe=False).strategy == "process"
    assert ask(kind="native", duration=0.1, n_items=500, main_thread_only=True).strategy == "process"


def test_items_with_threads_of_their_own_need_no_more() -> None:
    """A product that keeps all cores busy by itself gains nothing from threads; fewer of its own leave room."""
    assert ask(kind="native", duration=0.1, n_items=100, inner_threads=2).strategy == "sync"
    advice = advise({"kind": "native", "duration": 0.1, "n_items": 100, "inner_threads": 2}, Machine(cores=8))
    assert advice.spec == "thread:4"
    assert any("OMP_NUM_THREADS=2" in warning for warning in advice.warnings)


def test_declared_things_that_contradict_each_other_are_told() -> None:
    """The exact value wins, with a warning."""
    said = ask(kind="io", latency="slow", wait=0.001, connections="few", max_connections=100, n_items=1000).warnings
    assert any("latency='slow' does not fit wait=1 ms" in warning for warning in said)
    assert any("connections='few' does not fit max_connections=100" in warning for warning in said)
    said = ask(gil_cpu=0.2, wait=0.2, duration=0.1, n_items=10).warnings
    assert any("add up to 400 ms, so duration was ignored" in warning for warning in said)


def test_uneven_items_and_deadlines_are_told() -> None:
    """The longest first; and a deadline that cannot be met is said to be missed."""
    uneven = ask(kind="cpu", duration=0.5, n_items=100, duration_cv=2, deadline=10).warnings
    assert any("put the longest items first" in warning for warning in uneven)
    assert any("ordered=False" in warning for warning in uneven)
    assert any(warning.startswith("the deadline is 10 s") for warning in uneven)
    assert not any("ordered=False" in w for w in ask(gil_cpu=1, n_items=99, duration_cv=2, ordered=False).warnings)
