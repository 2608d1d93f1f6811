"""`advise` with a function: measures it on the items, says what was found and what to do, and proves it if asked."""

from __future__ import annotations

import json
import tomllib

import pytest

from concurrent_strategies import get_strategy

from .conftest import Project

MORE = """
import asyncio, hashlib

DATA = bytes(30_000_000)

def native(item):
    return hashlib.sha256(DATA).hexdigest()

def fetch(item):
    time.sleep(0.01)
    return item

async def fetch_later(item):
    await asyncio.sleep(0.01)
    return item

def log(item):
    with open("log", "a") as file:
        file.write(item + "\\n")
"""


@pytest.fixture
def work(project: Project) -> Project:
    """Give a folder with more functions, and items."""
    with (project.folder / "work.py").open("a") as file:
        file.write(MORE)
    (project.folder / "items").write_text("".join(f"{number}\n" for number in range(60)))
    return project


def test_a_function_is_measured_and_advised_upon(work: Project) -> None:
    """Profile, advice, reasons, alternatives, warnings, and the lines to paste, in this order."""
    ended = work.run("advise", "work:native", "--items", "items", "--cores", "4")
    assert (ended.status, ended.err) == (0, "")
    parts = (
        "Measured ",
        "computing with the GIL released",
        "Use thread:4: 60 items in about ",
        "Why:",
        " of its duration",
    )
    parts += ("Why not:", "Take care:", "Also possible:", "paste this into pyproject.toml")
    places = [ended.out.index(part) for part in parts]
    assert places == sorted(places)
    pasted = tomllib.loads("\n".join(line.strip() for line in ended.lines[-2:]))
    assert pasted == {"tool": {"concurrent-strategies": {"strategy": "thread:4"}}}


def test_json_holds_everything(work: Project) -> None:
    """What was measured with its errors, the advice, and the configuration; and nothing else on standard output."""
    shown = json.loads(work.run("advise", "work:fetch", "--items", "items", "--json", "--max-connections", "7").out)
    assert shown["spec"] == "thread:7"
    assert shown["profile"]["max_connections"] == 7
    assert shown["profile"]["n_items"] == 60
    wait = shown["measured"]["values"]["wait"]
    assert wait["value"] > 0.009
    assert 0 < wait["error"] < wait["value"]
    assert 0 < wait["items"] <= shown["profile"]["measured_items"]
    assert shown["config"].endswith('strategy = "thread:7"')
    assert shown["alternatives"][0]["ratio"] > 1
    assert "verified" not in shown


def test_both_versions_are_measured(work: Project) -> None:
    """With an async version, asyncio comes into question."""
    without = json.loads(work.run("advise", "work:fetch", "--items", "items", "--json").out)
    assert "no async version" in without["rejected"]["asyncio"]
    both = work.run("advise", "work:fetch", "--async", "work:fetch_later", "--items", "items", "--json")
    shown = json.loads(both.out)
    wait = shown["measured"]["values"]["async_wait"]
    assert wait["value"] + 2 * wait["error"] > 0.009
    assert wait["value"] > wait["error"]
    assert "asyncio" in [shown["strategy"], *(other["spec"].partition(":")[0] for other in shown["alternatives"])]


def test_each_item_is_run_once_unless_proof_is_wanted(work: Project) -> None:
    """Measuring takes the first ones, in their order; `--verify` runs all of them under each of the best three."""
    assert work.run("advise", "work:log", "--items", "items", "--thread-safe", "false").status == 0
    log = work.folder / "log"
    lines = log.read_text().split()
    assert lines == [str(number) for number in range(len(lines))]
    log.unlink()
    ended = work.run("advise", "work:log", "--items", "items", "--verify", "--rounds", "2", "--json")
    assert ended.status == 0, ended.err
    verified = json.loads(ended.out)["verified"]
    runs = 2 * len(verified)
    assert len(verified) >= 2
    assert len(log.read_text().split()) == len(lines) + 60 * runs


def test_predictions_stand_beside_what_was_measured(work: Project) -> None:
    """The advised strategy first; each of them ran in a fresh process."""
    ended = work.run(
        "advise", "work:fetch", "--async", "work:fetch_later", "--items", "items", "--verify", "--rounds", "1"
    )
    assert ended.status == 0, ended.err
    told = ended.out.partition("Verified:\n")[2].splitlines()
    assert len(told) == 3
    assert told[0].split()[0] == ended.out.partition("Use ")[2].partition(": ")[0]
    assert all("predicted" in line and "measured" in line for line in told)


def test_failing_items_are_told_and_fail_the_command(work: Project) -> None:
    """The advice stands, the failures go to standard error, and the status says that there were some."""
    ended = work.run("advise", "work:picky", "--items", "items")
    assert ended.status == 1
    assert "Use " in ended.out
    assert "item 3: ValueError: no threes" in ended.err
    proof = work.run("advise", "work:picky", "--items", "items", "--verify", "--rounds", "1")
    assert proof.status == 1
    assert "ValueError: no threes" in proof.out.partition("Verified:")[2]


def test_items_may_come_from_a_pipe(work: Project) -> None:
    """They are read no further than needed: nobody knows how many there are, so rates are compared."""
    ended = work.run("advise", "work:fetch", "--items", "-", stdin="1\n" * 200)
    assert ended.status == 0, ended.err
    assert "an unknown number of items" in ended.out


def test_what_is_advised_can_be_had(work: Project) -> None:
    """The line to paste makes the strategy."""
    shown = json.loads(work.run("advise", "work:fetch", "--items", "items", "--json").out)
    assert get_strategy(shown["spec"]).name == shown["strategy"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("work:fetch",), "to measure work:fetch there have to be items: --items FILE"),
        (("--items", "items"), "--items needs a function to be measured"),
        (("--kind", "cpu", "--verify"), "--verify needs a function to be measured"),
        (("--kind", "cpu", "--async", "work:fetch_later"), "--async needs a function to be measured"),
        (("work:ftch", "--items", "items"), "Did you mean 'fetch'?"),
        (("work:fetch", "--items", "items", "--async", "work:fetch"), "must be declared 'async def'"),
        (("work:fetch", "--items", "items", "--budget", "0"), "budget=0.0 is not allowed"),
        (("work:fetch", "--items", "none"), "none"),
    ],
)
def test_what_does_not_go_together_gets_one_clear_line(work: Project, arguments: tuple[str, ...], said: str) -> None:
    """And exit status 2, before anything has run."""
    ended = work.run("advise", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
