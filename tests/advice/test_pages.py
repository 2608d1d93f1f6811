"""That the tables of the pages about advice say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from concurrent_strategies import advise
from concurrent_strategies._machine import Machine
from concurrent_strategies.advice.constants import DEFAULTS
from concurrent_strategies.advice.demands import FAST, FEW, IO_CPU, MIDDLE, SLOW

DOCS = Path(__file__).parents[2] / "docs"
CHOOSING = (DOCS / "choosing.md").read_text()
ADVICE = (DOCS / "advice.md").read_text()


def test_the_table_of_all_kinds_of_io_is_what_is_advised() -> None:
    """All four quadrants, and what lies between fast and slow."""
    rows = re.findall(r"^\| (fast|slow|\d+ ms) \| `(.+)` \| `(.+)` \|$", CHOOSING, re.MULTILINE)
    assert len(rows) == 5
    for wait, few, many in rows:
        said = {"wait": float(wait[:-3]) / 1000} if wait.endswith("ms") else {"latency": wait}
        io = {"kind": "io"} | said
        assert advise(io | {"connections": "few"}, Machine()).spec == few
        assert advise(io | {"connections": "many"}, Machine()).spec == many


def test_the_words_stand_for_what_the_page_says() -> None:
    """The numbers behind `latency` and `connections`."""
    assert f"reckoned with {FAST * 1000:g} ms" in CHOOSING
    assert f"reckoned with {SLOW * 1000:g} ms, the least it can be" in CHOOSING
    assert f"no `wait` | reckoned with {MIDDLE * 1000:g} ms" in CHOOSING
    assert f"but for {IO_CPU * 1000:g} ms of computing" in CHOOSING
    assert f"at most {FEW} calls at once" in CHOOSING


def test_the_printed_answers_are_those_of_the_code() -> None:
    """The two outputs that the pages show are what is printed."""
    mixed = advise({"kind": "mixed", "duration": 0.1, "n_items": 1000}, Machine(cores=2))
    assert f"```text\n{mixed}\n```" in CHOOSING
    assert f"```text\n{advise({'gil_cpu': 0.1, 'n_items': 1000}, Machine(cores=2)).explain()}\n```" in ADVICE


def test_the_constants_are_those_of_the_code() -> None:
    """Each value of the table, in the unit it is given in."""
    table = dict(re.findall(r"^\| (\w+|κ) \| ([\d.]+)(?: .?s| GB/s)? \|", ADVICE, re.MULTILINE))
    micro, milli = 1e6, 1e3
    of = DEFAULTS
    assert {name: float(value) for name, value in table.items()} == {
        "t_t": of.thread_start * micro,
        "d_t": of.thread_item * micro,
        "κ": of.thrash,
        "s_l": of.loop_start * milli,
        "d_a": of.task_item * micro,
        "d_g": of.greenlet_item * micro,
        "d_b": of.chunk_trip * micro,
        "x_0": of.pickle_item * micro,
        "BW": of.pickle_rate / 1e9,
        "e": of.efficiency,
    }
    for start in of.starts.values():
        assert f"| {start.pool * milli:g}, {start.launch * milli:g}, {start.boot * milli:g} ms |" in ADVICE
