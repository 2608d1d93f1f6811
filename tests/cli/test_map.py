"""`map`: what it writes where, and how it ends."""

from __future__ import annotations

import json
import os
import signal

import pytest

from .conftest import Project


def test_results_come_as_json_lines_in_the_order_of_the_items(project: Project) -> None:
    """From standard input, on the strategy that is asked for."""
    ended = project.run("map", "work:double", "--strategy", "thread:4", "--items", "-", stdin="1\n2\n3\n")
    assert (ended.status, ended.out, ended.err) == (0, "2\n4\n6\n", "")


def test_the_number_of_workers_may_be_left_to_be_found(project: Project) -> None:
    """`thread:auto` is a strategy like any other."""
    ended = project.run("map", "work:double", "-s", "thread:auto", "-i", "-", stdin="1\n2\n3\n")
    assert (ended.status, ended.out, ended.err) == (0, "2\n4\n6\n", "")


def test_items_may_come_from_a_file_and_results_go_to_one(project: Project) -> None:
    """`--items FILE`, `--output FILE`; a file of JSON lines is told by its name."""
    (project.folder / "in.jsonl").write_text('"1"\n2\n')
    ended = project.run("map", "work:double", "-s", "sync", "-i", "in.jsonl", "-o", "out.jsonl")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert (project.folder / "out.jsonl").read_text() == "2\n4\n"


def test_functions_of_both_colours_are_taken(project: Project) -> None:
    """An `async def` needs no other command."""
    ended = project.run("map", "work:double_later", "-s", "thread", "-i", "-", stdin="1\n2\n")
    assert (ended.status, ended.lines) == (0, ["2", "4"])


def test_the_strategy_in_force_is_the_default(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--strategy`, environment and file decide, as for `get_strategy()`."""
    monkeypatch.setenv("CONCURRENT_STRATEGY", "sync")
    ended = project.run("map", "work:whoami", "-i", "-", stdin="1\n")
    assert ended.lines == [str(os.getpid())]
    monkeypatch.setenv("CONCURRENT_STRATEGY", "no-such")
    ended = project.run("map", "work:whoami", "-i", "-", stdin="1\n")
    assert ended.status == 2
    assert "there is no strategy named 'no-such'" in ended.err


def test_unordered_results_come_as_they_are_completed(project: Project) -> None:
    """The first item ends only after the second's result is written; `--index` says which is which."""
    options = ("--unordered", "--index", "-i", "-", "-o", "out.jsonl")
    ended = project.run("map", "work:after", "-s", "thread:2", *options, stdin="first\nsecond\n")
    assert ended.status == 0
    written = (project.folder / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["index"] for line in written] == [1, 0]


def test_a_failed_item_is_named_on_standard_error_and_in_the_status(project: Project) -> None:
    """The others are not affected."""
    ended = project.run("map", "work:picky", "-s", "thread", "-i", "-", stdin="1\n2\n3\n4\n")
    assert (ended.status, ended.lines) == (1, ['"1"', '"2"', '"4"'])
    assert ended.err == "item 2 ('3'): ValueError: no threes\n"


def test_a_result_that_json_cannot_hold_is_a_failed_item(project: Project) -> None:
    """It is named like any other."""
    ended = project.run("map", "work:Odd", "-s", "sync", "-i", "-", stdin="1\n")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "item 0 ('1'): its result cannot be written: JSON has no place for Odd\n"


def test_options_of_the_run_are_handed_on(project: Project) -> None:
    """`--retry`, `--task-timeout` and the others mean what they mean everywhere."""
    # In a process of its own, with which the abandoned thread ends.
    ended = project.run_apart("map", "work:wait", "-s", "thread", "--task-timeout", "0.1", "-i", "-", stdin="1\n")
    assert ended.status == 1
    assert "item 0 ('1'): TaskTimeout: item 0 took longer than task_timeout=0.1 s" in ended.err
    ended = project.run("map", "work:picky", "-s", "sync", "--max-failures", "1", "-i", "-", stdin="3\n4\n")
    assert ended.status == 1
    assert ended.err.splitlines()[-1] == "Error: max_failures=1 was reached after 1 items"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("work:double",), "Missing option '--items'"),
        (("work:double", "-i", "none.txt"), "none.txt"),
        (("work:nothing", "-i", "-"), "'work' has no 'nothing'"),
        (("work:double", "-i", "-", "--format", "csv"), "'csv' is not one of 'auto', 'lines', 'jsonl'"),
        (("work:double", "-i", "-", "--strategy", "tread"), "Did you mean 'thread'?"),
        (("work:double", "-i", "-", "--strategy", "thread:0"), "has to be a whole number from 1"),
        (("work:double", "-i", "-", "--max-workers", "0"), "max_workers must be greater than 0"),
        (("work:double", "-i", "-", "--task-timeout", "-1"), "task_timeout=-1.0 is not allowed"),
        (("work:double", "-i", "-", "--format", "jsonl"), "standard input, line 1: this is not valid JSON"),
    ],
)
def test_bad_input_gets_one_clear_line(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """No traceback, no usage page, exit status 2."""
    ended = project.run("map", *arguments, stdin="{\n")
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") == 1


def test_results_before_a_bad_line_are_written(project: Project) -> None:
    """The line is named, and what came before it is not lost."""
    ended = project.run("map", "work:double", "-s", "sync", "--format", "jsonl", "-i", "-", stdin="1\n2\nx\n")
    assert ended.status == 2
    assert ended.lines == ["2", "4"]
    assert "line 3" in ended.err


def test_a_pipe_closed_early_ends_it_quietly(project: Project) -> None:
    """As in `... | head -1`: no traceback, no word."""
    with project.start("map", "work:double", "-s", "thread:2", "-i", "-") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write("1\n" * 50_000)
        process.stdin.close()
        assert process.stdout.readline() == "2\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 128 + signal.SIGPIPE


def test_results_come_before_the_input_ends(project: Project) -> None:
    """An input that stays open is worked on as it comes, with no more items ahead than `buffersize` allows."""
    with project.start("map", "work:double", "-s", "thread:2", "-i", "-") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("".join(f"{item}\n" for item in range(100)))
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(30)] == [f"{item * 2}\n" for item in range(30)]
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize("strategy", ["sync", "thread:2", "process:2"])
def test_ctrl_c_ends_it_with_one_line(project: Project, strategy: str) -> None:
    """Results that came before stay; the exit status is 130."""
    os.mkfifo(project.folder / "fifo")
    with project.start("map", "work:hold", "-s", strategy, "-i", "-") as process:
        assert process.stdin
        process.stdin.write("fifo\n" * 3)
        process.stdin.close()
        process.stdin = None
        with (project.folder / "fifo").open("rb") as fifo:
            assert fifo.read(1) == b"x"  # it is in the middle of an item
            os.killpg(process.pid, signal.SIGINT)  # as the terminal does it
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")


def test_on_a_terminal_progress_is_shown_beside_results_that_go_elsewhere(project: Project) -> None:
    """Standard error is the terminal, standard output is not: counts go to the former, results to the latter."""
    import pty

    ours, theirs = pty.openpty()
    with project.start("map", "work:picky", "-s", "sync", "-i", "-", stderr=theirs) as process:
        os.close(theirs)
        out, _ = process.communicate("1\n3\n", timeout=60)
        shown = b""
        try:
            while piece := os.read(ours, 1000):
                shown += piece
        except OSError:  # Linux says so when the other side of a terminal is gone
            pass
    os.close(ours)
    assert out == '"1"\n'
    assert b"items, 1 failed" in shown
    assert b"item 1 ('3'): ValueError: no threes" in shown


def test_without_click_one_line_says_what_to_install(project: Project) -> None:
    """A plain install has the command, not its libraries."""
    (project.folder / "click.py").write_text("raise ModuleNotFoundError(\"No module named 'click'\", name='click')")
    ended = project.run_apart("list", env={"PYTHONPATH": f"{project.folder}:{os.environ.get('PYTHONPATH', '')}"})
    assert ended.status == 1
    assert ended.err == "The command line needs click: pip install 'concurrent-strategies[cli]'\n"


def test_the_console_script_is_the_same_as_python_m() -> None:
    """Both lead to `__main__:main`."""
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"concurrent-strategies": "concurrent_strategies.__main__:main"}
