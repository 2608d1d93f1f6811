"""`list`, `config`, `advise`, `doctor`, and what all commands share."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

import concurrent_strategies
from concurrent_strategies import Machine, WorkloadProfile
from concurrent_strategies.cli import commands, doctor

from .conftest import Project


def test_without_a_command_the_help_is_shown(project: Project) -> None:
    """It names each command with a sentence."""
    ended = project.run()
    assert ended.status == 0
    for name in commands.COMMANDS:
        assert f"  {name} " in ended.out


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_each_command_has_help(project: Project, name: str) -> None:
    """Every option is explained."""
    ended = project.run(name, "--help")
    assert ended.status == 0
    command = commands.cli.get_command(commands.cli.make_context("x", ["list"]), name)
    assert command is not None
    assert command.help
    assert [each.name for each in command.params if each.param_type_name == "option" and not each.help] == []  # type: ignore[attr-defined]


def test_the_version_is_told(project: Project) -> None:
    """The package's own."""
    ended = project.run("--version")
    assert concurrent_strategies.__version__ in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lst",), "No such command 'lst'. Did you mean 'list'?"),
        (("list", "--jsno"), "--json"),
        (("config", "thraed"), "Did you mean 'thread'?"),
        (("advise", "--kind", "cpuu"), "Did you mean 'cpu'?"),
        (("advise", "--n-items", "many"), "n_items='many' is not allowed"),
        (("advise", "--cores", "0"), "cores=0.0 is not allowed"),
        (("advise",), "say what an item does"),
    ],
)
def test_bad_input_gets_one_clear_line(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """No traceback, exit status 2, and what was meant."""
    ended = project.run(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") == 1


def test_an_interrupt_anywhere_is_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 130, whatever was under way."""

    def interrupted() -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("concurrent_strategies.cli.listing.available", interrupted)
    ended = project.run("list")
    assert (ended.status, ended.out, ended.err) == (130, "", "Interrupted.\n")


def test_list_shows_every_strategy(project: Project) -> None:
    """Where it comes from, and what to install if it is missing."""
    rows = json.loads(project.run("list", "--json").out)
    assert [row["name"] for row in rows][:5] == ["sync", "thread", "process", "green", "asyncio"]
    assert {row["origin"] for row in rows[:5]} == {"built in"}
    shown = project.run("list").out
    assert all(row["name"] in shown for row in rows)


def test_list_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is the command to type."""
    monkeypatch.setattr("concurrent_strategies._registry._is_installed", lambda package: package != "trio")
    row = next(row for row in json.loads(project.run("list", "--json").out) if row["name"] == "trio")
    assert "pip install 'concurrent-strategies[trio]'" in row["reason"]


def test_config_names_the_place_of_each_part(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, environment, file, default."""
    assert json.loads(project.run("config", "--json").out)["settings"] == [
        {"key": "strategy", "value": "thread", "origin": "default"}
    ]
    (project.folder / "pyproject.toml").write_text('[tool.concurrent-strategies]\nstrategy = "sync"\n')
    origin = json.loads(project.run("config", "--json").out)["settings"][0]["origin"]
    assert "pyproject.toml" in origin
    monkeypatch.setenv("CONCURRENT_STRATEGY", "thread:7")
    shown = json.loads(project.run("config", "--json").out)
    assert shown["spec"] == "thread:7"
    assert {each["origin"] for each in shown["settings"]} == {"environment variable CONCURRENT_STRATEGY"}
    table = project.run("config", "sync").out
    assert "argument" in table
    assert "gives SyncStrategy(" in table


def test_advise_takes_every_field_of_a_profile(project: Project) -> None:
    """Numbers, words and truth values; the answer is that of `advise()`."""
    ended = project.run(
        "advise",
        "--kind",
        "io",
        "--latency",
        "slow",
        "--n-items",
        "1e4",
        "--coroutine",
        "true",
        "--cores",
        "8",
        "--json",
    )
    assert ended.status == 0, ended.err
    shown = json.loads(ended.out)
    profile = WorkloadProfile(kind="io", latency="slow", n_items=10_000, coroutine=True)
    expected = concurrent_strategies.advise(profile, Machine.detect())
    assert (shown["strategy"], shown["profile"]["n_items"]) == (expected.strategy, 10_000)
    assert shown["reasons"] == list(expected.reasons)
    plain = project.run("advise", "--kind", "cpu", "--n-items", "1000", "--cores", "4")
    assert "Use process:4" in plain.out
    assert all(f"--{name.replace('_', '-')}" in project.run("advise", "--help").out for name in ("n_items", "deadline"))


def test_doctor_shows_the_machine_and_what_is_installed(project: Project) -> None:
    """As JSON and for people."""
    shown = json.loads(project.run("doctor", "--json").out)
    assert shown["machine"]["cores"] == Machine.detect().cores
    assert shown["packages"]["gevent"] == metadata.version("gevent")
    assert shown["strategies"]["thread"] == "available"
    table = project.run("doctor").out
    for word in ("usable cores", "GIL", "open files", "gevent", "asyncio"):
        assert word in table


def test_doctor_says_what_stands_in_the_way(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few cores, too few descriptors, missing packages: each with what to do."""
    monkeypatch.setattr(doctor.Machine, "detect", lambda: Machine(cores=1, descriptors=256, platform="plan9"))
    monkeypatch.setattr("concurrent_strategies._registry._is_installed", lambda package: package != "gevent")
    monkeypatch.setattr(doctor, "_version", lambda package: None)
    ended = project.run("doctor")
    for word in ("processes cannot speed up computing", "ulimit -n", "untested", "pip install gevent", "missing"):
        assert word in ended.out
