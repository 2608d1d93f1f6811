"""An author's package: that a strategy on Pykka's actors, installed as a package of its own, is as good as a built-in.

It is `examples/foreign`, which has to be installed beside this package: `pip install -e examples/foreign`. The strategy
that docs/writing-a-strategy.md shows has to pass the suite too.
"""

from __future__ import annotations

import inspect
import re
import sys
import threading
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pykka
import pytest
from examples.foreign.test_contract import TestPykkaStrategy as TestPykkaStrategy

from concurrent_strategies import authors, get_strategy
from concurrent_strategies._registry import available
from concurrent_strategies.authors import Call, Chunk, Died, Done, Failed, Port, Report, Started
from concurrent_strategies.testing import StrategyContract

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "writing-a-strategy.md").read_text()
EXAMPLE = PAGE.split("```python\n")[1].split("```")[0]


def _as_module(name: str, source: str) -> Any:
    """Make a module of a page's code: a strategy is pickled by the name of its class."""
    module = sys.modules[name] = ModuleType(name)
    exec(source, vars(module))
    return module


class TestExampleOfThePage(StrategyContract):
    """What the page shows as a whole strategy is one."""

    make = _as_module("example_of_the_page", EXAMPLE).QueueStrategy


def test_a_foreign_strategy_is_listed_with_its_package() -> None:
    """A name that an installed package registers is one of the available ones, and says where it is from."""
    listed = {entry.name: entry for entry in available()}
    assert (listed["pykka"].origin, listed["pykka"].reason) == ("concurrent-strategies-pykka", "")


def test_a_foreign_strategy_is_chosen_by_name_with_options() -> None:
    """A spec builds the class that the entry point names, with what else the spec says."""
    assert repr(get_strategy("pykka:3?task_timeout=2")) == "PykkaStrategy(max_workers=3, task_timeout=2)"


def test_the_package_registers_by_entry_point_alone() -> None:
    """Nothing but the installed package's metadata makes the name known."""
    points = distribution("concurrent-strategies-pykka").entry_points
    assert [(point.group, point.name) for point in points] == [("concurrent_strategies", "pykka")]


def test_a_foreign_strategy_runs_inside_processes() -> None:
    """`process/pykka` imports the author's package in each worker process."""
    with get_strategy("process:1/pykka:4") as strategy:
        assert strategy.map(abs, range(-9, 0)) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


@pytest.fixture
def pykka_2() -> Any:
    """Make a strategy of two actors."""
    return get_strategy("pykka:2")


def test_no_actor_is_left_after_a_run(pykka_2: Any) -> None:
    """The actors of a run outside `with` are stopped with it, those inside `with` with the block."""
    assert pykka_2.map(abs, range(-99, 0)) == list(range(99, 0, -1))
    assert pykka.ActorRegistry.get_all() == []
    with pykka_2:
        assert pykka_2.map(abs, [-1, -2]) == [1, 2]
        assert len(pykka.ActorRegistry.get_all()) > 0
    assert pykka.ActorRegistry.get_all() == []


def test_a_program_that_stops_all_actors_loses_no_item(pykka_2: Any) -> None:
    """Chunks that wait for an actor which somebody else stops go on with another; calls under way end well."""
    under_way, stopped = threading.Event(), threading.Event()

    def wait(n: int) -> int:
        under_way.set()
        assert stopped.wait(60)
        return n

    with pykka_2, pykka_2.stream(wait, range(40), chunksize=4) as results:
        stopper = threading.Thread(target=lambda: (under_way.wait(60), _stop_all(), stopped.set()))
        stopper.start()
        assert list(results) == list(range(40))
        stopper.join()


def _stop_all() -> None:
    pykka.ActorRegistry.stop_all(block=False)


def test_an_overdue_call_costs_its_actor_and_no_neighbour(pykka_2: Any) -> None:
    """The items that wait behind an overdue one in the same chunk run on another actor, and it is counted as stuck."""
    release = threading.Event()

    def maybe_wait(n: int) -> int:
        if n == 0:
            release.wait(60)
        return n

    with pykka_2:
        outcomes = list(pykka_2.outcomes(maybe_wait, range(8), task_timeout=0.2, chunksize=4))
        assert [type(outcome).__name__ for outcome in outcomes] == ["Failure"] + ["Success"] * 7
        assert len({outcome.worker for outcome in outcomes[1:]} & {outcomes[0].worker}) == 0
        assert pykka_2.stuck == 1
        release.set()


def _pykka_port(call: Call) -> Port:
    from concurrent_strategies_pykka import ActorCrew, ActorPort

    return ActorPort(call, ActorCrew())


@pytest.mark.parametrize("make", [_pykka_port, sys.modules["example_of_the_page"].QueuePort])
def test_stopping_a_call_that_has_ended_spares_the_next(make: Callable[[Call], Port]) -> None:
    """When a worker has gone on by itself before its overdue call is stopped, the item that it is at now is spared."""
    release = threading.Event()
    port = make(Call(lambda n: n == 0 or release.wait(60), task_timeout=60))
    chunk = Chunk(1, 0, 0, [0, 1])
    port.resize(1)
    port.start(chunk)
    seen: list[Report] = []

    def until(kind: type[Report], index: int) -> None:
        while not any(isinstance(report, kind) and report.first == index for report in seen):
            assert port.bell.wait(60)
            seen.extend(port.poll())

    until(Started, 1)
    port.stop(chunk, 0)
    release.set()
    until(Done, 1)
    port.close()
    _stop_all()
    assert [report for report in seen + port.poll() if isinstance(report, Died | Failed)] == []


def test_every_name_for_authors_is_documented() -> None:
    """`concurrent_strategies.authors` offers what the reference lists, and each of it says what it is."""
    reference = (ROOT / "docs" / "reference.md").read_text()
    listed = re.findall(r"^::: concurrent_strategies\.authors\.(\w+)$", reference, re.MULTILINE)
    assert sorted(listed) == sorted(authors.__all__)
    for name in authors.__all__:
        thing = getattr(authors, name)
        methods = [value for method, value in vars(thing).items() if inspect.isfunction(value) and method[0] != "_"]
        assert all(map(inspect.getdoc, [thing, *methods])), name


def test_the_page_for_authors_explains_every_name() -> None:
    """`writing-a-strategy.md` has a word for each name that an author may import."""
    assert [name for name in authors.__all__ if not re.search(rf"\b{name}\b", PAGE)] == []


def test_the_example_of_the_page_is_short() -> None:
    """A whole strategy is under 60 lines."""
    assert len(EXAMPLE.splitlines()) < 60
