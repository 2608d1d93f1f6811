"""`compare`: what is measured, how it is told, and that nothing outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.request import urlopen

import pytest

from concurrent_strategies import Failure, ThreadStrategy
from concurrent_strategies.cli import compare, contest, server
from concurrent_strategies.cli.contest import Workload, compete
from concurrent_strategies.cli.contestant import Job, Report
from concurrent_strategies.cli.standings import BAR, bar
from concurrent_strategies.http import HTTPStatusError, fetch

from .conftest import Project

TWO = ("--strategy", "sync", "--strategy", "thread:4", "--rounds", "1")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the classic workloads small."""
    monkeypatch.setattr(compare, "EXPONENT", 2000)
    monkeypatch.setattr(compare, "ROUNDS_OF_URLS", 2)


@pytest.mark.usefixtures("small")
def test_without_arguments_it_is_the_classic_comparison(project: Project) -> None:
    """Two workloads, five strategies, from nothing but this machine."""
    ended = project.run("compare", "--rounds", "1", "--latency", "0.01", "--json")
    assert ended.status == 0, ended.err
    cpu, downloads = json.loads(ended.out)["workloads"]
    assert (cpu["name"], cpu["items"], downloads["name"], downloads["items"]) == ("cpu", 10, "downloads", 8)
    for workload in (cpu, downloads):
        assert [each["strategy"].partition(":")[0] for each in workload["strategies"]] == [
            "sync",
            "thread",
            "process",
            "green",
            "asyncio",
        ]
        assert all(each["problem"] is None and each["median_seconds"] > 0 for each in workload["strategies"])
        assert workload["differences"] == []


@pytest.mark.usefixtures("small")
def test_the_matching_profiles_are_advised_upon(project: Project) -> None:
    """CPU work: processes; slow I/O over many connections: asyncio."""
    ended = project.run("compare", *TWO, "--latency", "0", "--json")
    advice = {each["name"]: each["advice"] for each in json.loads(ended.out)["workloads"]}
    assert (advice["downloads"]["strategy"], advice["downloads"]["profile"]["latency"]) == ("asyncio", "slow")
    assert advice["cpu"]["profile"] == {"kind": "cpu", "n_items": 10}


def test_numbers_of_a_strategy_belong_together(project: Project) -> None:
    """Median, spread, speed-up and rate are computed from the same measurements."""
    ended = project.run("compare", "work:double", *TWO, "--rounds", "3", "--items", "-", "--json", stdin="1\n2\n3\n4\n")
    assert ended.status == 0, ended.err
    (workload,) = json.loads(ended.out)["workloads"]
    sync, thread = workload["strategies"]
    for each in (sync, thread):
        assert len(each["seconds"]) == 3
        assert [each["min_seconds"], each["median_seconds"], each["max_seconds"]] == sorted(each["seconds"])
        assert each["items_per_second"] == pytest.approx(4 / each["median_seconds"])
        assert each["cpu_seconds"] >= 0
    assert sync["speedup"] == 1
    assert thread["speedup"] == pytest.approx(sync["median_seconds"] / thread["median_seconds"])
    assert workload["advice"]["strategy"] == "sync"  # from what the plain loop showed: there is next to nothing to do


def test_people_get_a_table_with_bars_and_the_advice(project: Project) -> None:
    """On standard output; progress goes to standard error."""
    ended = project.run("compare", "work:double", *TWO, "--items", "-", stdin="1\n")
    assert ended.status == 0
    assert "work:double, 1 items" in ended.out
    for word in ("median", "spread", "speed-up", "CPU", "items/s", "sync", "thread:4", "█", "advise says:"):
        assert word in ended.out
    assert ended.err == "yours, round 1 of 1\n"


def test_results_that_differ_are_named_with_item_and_strategy(project: Project) -> None:
    """The exit status says it too."""
    ended = project.run("compare", "work:whoami", *TWO, "--items", "-", "--json", stdin="a\nb\n")
    assert ended.status == 1
    found = json.loads(ended.out)["workloads"][0]["differences"]
    assert [(each["index"], each["item"], each["strategy"], each["reference"]) for each in found] == [
        (0, "'a'", "thread:4", "sync"),
        (1, "'b'", "thread:4", "sync"),
    ]
    assert f"yours: results differ: item 1 ('b'): thread:4 gave {found[1]['result']}, sync gave" in ended.err


def test_many_differences_are_told_in_a_few_lines(project: Project) -> None:
    """Five items, and how many more."""
    ended = project.run("compare", "work:whoami", *TWO, "--items", "-", stdin="x\n" * 20)
    assert ended.err.count("gave") == 2 * 5
    assert "... and 15 more items differ under thread:4" in ended.err


def test_results_that_cannot_be_compared_differ(project: Project) -> None:
    """Nobody is told that they are equal."""
    ended = project.run("compare", "work:Odd", *TWO, "--items", "-", stdin="1\n")
    assert ended.status == 1
    assert "results differ: item 0 ('1')" in ended.err


def test_an_item_that_fails_is_told_and_the_other_strategies_go_on(project: Project) -> None:
    """A strategy that cannot do the work is out after its first try."""
    ended = project.run("compare", "work:picky", *TWO, "--rounds", "2", "--items", "-", stdin="1\n3\n")
    assert ended.status == 1
    for strategy in ("sync", "thread:4"):
        assert f"yours: {strategy} failed: ValueError: no threes (item 1: '3')" in ended.err
    assert ended.out.count("failed") == 2


def test_failures_are_results_with_keep_going(project: Project) -> None:
    """Then they are compared like values."""
    ended = project.run("compare", "work:picky", *TWO, "--keep-going", "--items", "-", stdin="1\n3\n")
    assert (ended.status, "differ" in ended.err) == (0, False)


def test_a_function_that_prints_reads_or_dies_disturbs_nothing(project: Project) -> None:
    """Its output goes to standard error, its standard input is empty, its death is told."""
    ended = project.run("compare", "work:chatty", *TWO, "--items", "-", "--json", stdin="1\n")
    assert ended.status == 0
    assert json.loads(ended.out)["workloads"][0]["differences"] == []
    assert "noise 1" in ended.err
    (project.folder / "deadly.py").write_text("import os\ndef leave(item): os._exit(3)\n")
    ended = project.run("compare", "deadly:leave", "-s", "sync", "--items", "-", stdin="1\n")
    assert ended.status == 1
    assert "yours: sync failed: its process ended without a report (exit status 3)" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("work:double",), "say what work:double is to be called with: --items FILE"),
        (("--items", "-"), "--items needs a FUNCTION"),
        (("work:double", "--items", "-"), "there is nothing to do: standard input has no items"),
        (("work:nothing", "--items", "-"), "'work' has no 'nothing'"),
        (("--strategy", "tread"), "Did you mean 'thread'?"),
        (("--rounds", "0"), "0 is not in the range x>=1"),
        (("--latency", "-1"), "-1.0 is not in the range"),
    ],
)
def test_bad_input_gets_one_clear_line(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """No traceback, exit status 2, before anything is measured."""
    ended = project.run("compare", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_rounds_are_interleaved_and_begin_with_another_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that gets slower or faster meanwhile does so for all alike."""
    asked: list[tuple[str, bool]] = []

    def measure(job: Job) -> Report:
        asked.append((job.strategy, job.wants_results))
        return Report(seconds=1.0, problem="broken" if job.strategy == "c" else "")

    monkeypatch.setattr(contest, "measure", measure)
    standings = compete(Workload("x", "x", "m:f", [1]), ["a", "b", "c"], 3)
    assert [strategy for strategy, _ in asked] == ["a", "b", "c", "b", "a", "a", "b"]
    assert [wanted for _, wanted in asked] == [True] * 3 + [False] * 4  # results are compared once
    assert [len(standing.seconds) for standing in standings] == [3, 3, 0]


@pytest.mark.parametrize(("share", "drawn"), [(1.0, "█" * BAR), (0.5, "█" * (BAR // 2)), (0.0, "▏")])
def test_bars_are_as_long_as_their_share(share: float, drawn: str) -> None:
    """The longest fills the column, the shortest can still be seen."""
    assert bar(share) == drawn


def test_cpu_time_counts_processes_that_others_have_started() -> None:
    """A child of a child, waited for by somebody else, or by nobody yet."""
    code = """
        import subprocess, sys
        from concurrent_strategies.cli.cpu_time import CpuTimer

        BURN = "import time\\nwhile time.process_time() < 0.3: pass\\nprint('burnt', flush=True)\\ninput()"
        timer = CpuTimer()
        # A shell in between, as a forkserver would be: it waits for the first child, and lives on with the second.
        both = subprocess.Popen(
            ["sh", "-c", 'echo | "$0" -c "$1"; "$0" -c "$1"; exit 0', sys.executable, BURN],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert [both.stdout.readline() for _ in range(2)] == ["burnt\\n"] * 2
        print(timer.elapsed())
        both.communicate("\\n")
        print(timer.elapsed())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )
    assert done.stderr == ""
    running, ended = map(float, done.stdout.split())
    assert running >= 0.55  # 0.6, less what the clock's ticks of 10 ms may swallow
    assert ended >= running - 0.05


def test_the_server_answers_the_same_for_the_same_path() -> None:
    """So that results can be compared; another path has another page."""
    with server.serving(0.0) as address:
        first, again, other = (urlopen(f"{address}{path}", timeout=10).read() for path in ("/a", "/a", "/b"))
    assert first == again == server.body("/a")
    assert other != first
    assert len(first) == server.PAGE_BYTES


def test_the_server_works_on_as_many_pages_as_it_is_told() -> None:
    """Half as many more may queue; what comes beyond is refused with status 503. An address may say its own wait."""
    with server.serving(0.0, capacity=2) as address, ThreadStrategy(4) as strategy:
        outcomes = list(strategy.outcomes(fetch, [f"{address}/{number}?wait=1" for number in range(4)]))
    refused = [each.error for each in outcomes if isinstance(each, Failure)]
    assert [error.status for error in refused if isinstance(error, HTTPStatusError)] == [503]


@pytest.fixture
def fifo(project: Project) -> Path:
    """Give a named pipe: who reads it sees when the last process that holds it has gone."""
    path = project.folder / "fifo"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("strategy", ["sync", "thread:2", "process:2"])
def test_ctrl_c_ends_it_with_one_line_and_what_it_started(project: Project, fifo: Path, strategy: str) -> None:
    """Status 130, and no process of it goes on."""
    with project.start("compare", "work:hold", "-s", strategy, "--items", "-", "--json") as process:
        assert process.stdin
        process.stdin.write("fifo\n")
        process.stdin.close()
        process.stdin = None
        with fifo.open("rb") as held:
            assert held.read(1) == b"x"
            os.killpg(process.pid, signal.SIGINT)
            assert held.read() == b""
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.splitlines()) == (130, "", ["yours, round 1 of 3", "Interrupted."])


def test_what_it_started_ends_when_it_is_killed(project: Project, fifo: Path) -> None:
    """Nobody can catch SIGKILL; the kernel tells the measuring process."""
    with project.start("compare", "work:hold", "-s", "sync", "--items", "-") as process:
        assert process.stdin
        process.stdin.write("fifo\n")
        process.stdin.close()
        process.stdin = None
        with fifo.open("rb") as held:
            assert held.read(1) == b"x"
            process.kill()
            assert held.read() == b""
        process.communicate(timeout=30)


def test_the_server_ends_when_its_parent_is_killed(project: Project) -> None:
    """Its connections are closed, as its standard input was."""
    code = """
        import sys
        from concurrent_strategies.cli.server import serving

        with serving(60) as address:
            print(address, flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        port = int(parent.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            parent.kill()
            assert connection.recv(1) == b""
