"""Greenlets: in a child process that is patched before anything else, and, in programs made for gevent, in place.

What happens in place is tested in `green_in_place.py`, `green_contract.py` and `green_unpatched.py`, each in a process
of its own: patching cannot be undone, and this one stays as it is.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from tests.ports.green_work import (
    Connection,
    Folder,
    ameet,
    aslow_third,
    busy_third,
    die_at,
    download,
    meet,
    meet_in_shells,
    meeting_server,
    slow_third,
    until,
    use_connection,
)

from concurrent_strategies import Failure, GreenStrategy, InvalidOption, NotPicklable, Success, TaskTimeout, WorkerDied
from concurrent_strategies.testing import StrategyContract

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder for notes."""
    return Folder(tmp_path / "notes")


def run(script: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=ROOT, env=environment, check=False)


# ------------------------------------------------------------------------------------------------------ isolated


def test_blocking_downloads_wait_together() -> None:
    """Thirty requests of `urlopen` are at the server at once."""
    with meeting_server(30) as url:
        pages = GreenStrategy(30).map(download, [f"{url}/{x}" for x in range(30)])
    assert pages == [f"/{x}" for x in range(30)]


def test_sleeping_items_wait_together(folder: Folder) -> None:
    """A hundred items in `time.sleep` are under way at once, by default, in one process that is not this one."""
    assert GreenStrategy().map(partial(meet, folder, 100), range(100)) == list(range(100))
    assert len(folder.pids()) == 1
    assert os.getpid() not in folder.pids()


def test_programs_run_together(folder: Folder) -> None:
    """Twelve items in `subprocess.run` are under way at once."""
    found = GreenStrategy(12).map(partial(meet_in_shells, folder, 12), range(12))
    assert found == [f"{x}\n" for x in range(12)]


def test_coroutines_wait_together(folder: Folder) -> None:
    """An `async def` runs on an event loop beside the greenlets, as many at once as `max_workers`."""
    assert GreenStrategy(50).map(partial(ameet, folder, 50), range(50)) == list(range(50))


def test_the_callers_program_is_not_patched() -> None:
    """Nor has it even imported gevent; a closure of a script goes to the child by value."""
    script = """
        import sys
        import socket, threading, time
        from concurrent_strategies import GreenStrategy
        before = socket.socket, threading.Thread, time.sleep
        factor = int(sys.argv[1])
        with GreenStrategy() as strategy:
            assert strategy.map(lambda x: x * factor, range(5)) == [0, 3, 6, 9, 12]
        assert "gevent" not in sys.modules
        assert before == (socket.socket, threading.Thread, time.sleep)
        print("as it was")
    """
    done = run(script, 3)
    assert (done.stdout, done.stderr) == ("as it was\n", "")


def test_the_child_is_patched_before_anything_else(folder: Folder) -> None:
    """Also for modules that keep what they have imported by name."""
    script = """
        def check(x):
            import concurrent.futures.thread, logging, queue, selectors, socket, ssl, subprocess, threading, time
            from gevent import monkey
            assert monkey.is_module_patched("threading") and monkey.is_module_patched("ssl")
            begin = getattr(threading, "_start_joinable_thread", None) or threading._start_new_thread  # 3.13
            names = socket.socket, subprocess.Popen, begin, time.sleep, selectors.DefaultSelector
            return [getattr(thing, "__module__", "").split(".")[0] for thing in names]
        from concurrent_strategies import GreenStrategy
        print(*GreenStrategy().map(check, [1])[0])
    """
    done = run(script)
    assert (done.stdout.split(), done.stderr) == (["gevent"] * 5, "")


def test_an_overdue_call_is_ended_and_costs_nobody_else(folder: Folder) -> None:
    """Plain or coroutine: its own clean-up runs, which may outlast all others, and the process lives on."""
    with GreenStrategy(1) as strategy:
        for number, func in enumerate((slow_third, aslow_third), 1):
            outcomes = list(strategy.outcomes(partial(func, folder), range(8), task_timeout=0.3))
            assert [type(outcome) for outcome in outcomes] == [Failure if x == 2 else Success for x in range(8)]
            assert type(outcomes[2].error) is TaskTimeout
            until(lambda number=number: folder.count("ended") == number)
            pids = {outcome.value for outcome in outcomes if isinstance(outcome, Success)}
            assert pids == set(strategy.map(partial(slow_third, folder), [0]))


def test_a_call_that_keeps_the_processor_is_ended_with_its_process() -> None:
    """Nothing else could end it; the strategy goes on with another process."""
    with GreenStrategy(2) as strategy:
        outcomes = list(strategy.outcomes(busy_third, [0, 2], task_timeout=0.3))
        assert type(outcomes[1].error) is TaskTimeout
        assert strategy.map(busy_third, range(2)) == [0, 1]


def test_a_death_costs_what_was_under_way_and_no_more(folder: Folder) -> None:
    """Of 40 items with four at once at most four are lost, none runs twice, and all others have their results."""
    outcomes = list(GreenStrategy(4).outcomes(partial(die_at, 9, folder), range(40)))
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert 9 in [failure.index for failure in failed]
    assert len(failed) <= 4
    assert all(type(failure.error) is WorkerDied for failure in failed)
    assert [outcome.value for outcome in outcomes if isinstance(outcome, Success)] == [
        x for x in range(40) if x not in [failure.index for failure in failed]
    ]
    assert [folder.count(f"begun-{x}-") for x in range(40)] == [1] * 40


def test_a_death_among_very_short_items_costs_little() -> None:
    """All but a stretch around it have their results."""
    outcomes = list(GreenStrategy().outcomes(lambda x: os._exit(3) if x == 50_000 else x, range(100_000)))
    failed = [outcome.index for outcome in outcomes if isinstance(outcome, Failure)]
    assert 50_000 in failed
    assert failed == list(range(failed[0], failed[-1] + 1))
    assert len(failed) < 20_000
    assert all(outcome.value == outcome.index for outcome in outcomes if isinstance(outcome, Success))


def test_closing_early_ends_the_items_and_keeps_the_process(folder: Folder) -> None:
    """What ran is ended, nothing more starts, and the next run has the same process."""
    with GreenStrategy(4) as strategy:
        with strategy.stream(partial(slow_third, folder), [0, *[2] * 50]) as stream:
            pid = next(stream)
        until(lambda: folder.count("ended") == 3 or folder.count("ended") == 4)
        assert strategy.map(partial(slow_third, folder), [0, 1]) == [pid, pid]
        assert folder.count("ended") <= 4


def test_max_workers_bounds_two_runs_of_one_strategy_together(folder: Folder) -> None:
    """Each run has a process of its own; both come down to half when they go on together."""
    script = """
        import sys, threading, time
        from functools import partial
        from pathlib import Path
        from concurrent_strategies import GreenStrategy
        folder = Path(sys.argv[1])

        def count_in(x):
            mine = folder / f"in-{x}"
            mine.touch()
            seen = sum(1 for _ in folder.iterdir())
            time.sleep(0.02)
            mine.unlink()
            return seen

        found = []
        with GreenStrategy(6) as strategy:
            def caller(number):
                found.extend(strategy.map(count_in, [f"{number}-{x}" for x in range(60)]))
            threads = [threading.Thread(target=caller, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(len(found), max(found) <= 6, max(found) > 2)
    """
    done = run(script, folder.path)
    assert (done.stdout, done.stderr) == ("120 True True\n", "")


def test_each_greenlet_has_a_resource_of_its_own(folder: Folder) -> None:
    """Made for at most `max_workers`, used by one item at a time, kept between runs, given back at the end."""
    with GreenStrategy(5, worker_resource=partial(Connection, folder)) as strategy:
        assert strategy.map(use_connection, range(40)) == list(range(40))
        assert strategy.map(use_connection, range(40)) == list(range(40))
        assert 1 <= folder.count("made") <= 5
    until(lambda: folder.count("closed") == folder.count("made"))


def test_no_process_is_left_when_the_program_is_killed(folder: Folder) -> None:
    """The kernel ends the child together with its parent."""
    script = """
        import os, signal, sys, threading, time
        from functools import partial
        from pathlib import Path
        from concurrent_strategies import GreenStrategy
        from tests.ports.green_work import Folder, slow_third, until
        folder = Folder(Path(sys.argv[1]))

        def item(x):
            folder.put("child")
            time.sleep(60)

        def killer():
            until(lambda: folder.count("child"))
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=killer).start()
        GreenStrategy().map(item, range(10))
    """
    done = run(script, folder.path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (pid,) = folder.pids("child")
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_what_cannot_travel_is_named() -> None:
    """The function is refused before anything is started; an item fails alone."""
    lock = __import__("threading").Lock()
    with pytest.raises(NotPicklable, match="lock"):
        GreenStrategy().map(lambda x: lock, [1])
    outcomes = list(GreenStrategy(2).outcomes(str, [1, lock, 3]))
    assert [type(outcome) for outcome in outcomes] == [Success, Failure, Success]


# ------------------------------------------------------------------------------------------------- configuration


def test_traits_say_where_the_greenlets_live() -> None:
    """In a program that is not patched: in a child, unless asked otherwise. An overdue call is ended in either case."""
    assert GreenStrategy().traits.isolated
    assert GreenStrategy(isolate=True).traits.isolated
    assert not GreenStrategy(isolate=False).traits.isolated
    for isolate in (None, True, False):
        assert GreenStrategy(isolate=isolate).traits.interrupts == {"plain", "async"}
        assert not GreenStrategy(isolate=isolate).traits.native_async


def test_a_strategy_shows_and_keeps_what_it_was_given() -> None:
    """In its repr, and when it is pickled."""
    strategy = GreenStrategy(7, isolate=False)
    assert repr(strategy) == "GreenStrategy(max_workers=7, isolate=False)"
    assert repr(pickle.loads(pickle.dumps(strategy))) == repr(strategy)
    assert repr(GreenStrategy()) == "GreenStrategy()"
    with pytest.raises(InvalidOption, match="isolate"):
        GreenStrategy(isolat=False)


# ------------------------------------------------------------------------------------------------------ in place


def passed_in_a_process_of_its_own(name: str, tmp_path: Path, *, patched: bool) -> int:
    """Run the tests of another file here, and return how many there were; all must have passed."""
    script = f"""
        import sys
        if {patched}:
            from gevent import monkey
            monkey.patch_all()
        import pytest
        sys.exit(pytest.main(sys.argv[1:]))
    """
    path = Path(__file__).with_name(name)
    done = run(script, "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'in'}", path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed in", done.stdout)
    assert found is not None
    print(f"{name}: {found[0]}")  # noqa: T201
    return int(found[1])


@pytest.mark.timeout(300)
def test_greenlets_in_place_keep_their_promises(tmp_path: Path) -> None:
    """In a program that is patched first."""
    assert passed_in_a_process_of_its_own("green_in_place.py", tmp_path, patched=True) >= 40


@pytest.mark.timeout(300)
def test_greenlets_in_an_unpatched_program_keep_their_promises(tmp_path: Path) -> None:
    """In a program that is made for gevent, with `isolate=False`."""
    assert passed_in_a_process_of_its_own("green_unpatched.py", tmp_path, patched=False) >= 11


@pytest.mark.timeout(600)
def test_greenlets_in_place_keep_the_contract(tmp_path: Path) -> None:
    """Every promise of the suite that all strategies pass."""
    promises = sum(name.startswith("test_") for name in dir(StrategyContract))
    assert passed_in_a_process_of_its_own("green_contract.py", tmp_path, patched=True) == promises
