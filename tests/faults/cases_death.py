"""Rows D and K: workers die, and the consumer is away; what was under way is lost, and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import concurrent_strategies as cs

from . import specs
from .catalogue import case
from .probe import Probe, children, failures, is_a, plus_one, same, values


def killed_at(index: int, item: int) -> int:
    """Be killed."""
    if item == index:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def exits_at_3(item: int) -> int:
    """Leave without a word."""
    if item == 3:
        os._exit(3)
    return item


def crashes_at_3(item: int) -> int:
    """Read where nothing is."""
    if item == 3:
        ctypes.string_at(0)
    return item


def _died(exitcode: int, text: str) -> Callable[[BaseException], None]:
    def check(error: BaseException) -> None:
        is_a(cs.WorkerDied, text)(error)
        assert isinstance(error, cs.WorkerDied)
        assert error.exitcode == exitcode, error.exitcode
        assert error.index == 3
        assert error.pid

    return check


@case("D1", "PWF", bound=2)
def killed(probe: Probe) -> None:
    """SIGKILL costs the item under way, and the error says what happened."""
    probe.item_error(partial(killed_at, 3), _died(-9, "SIGKILL"))


@case("D2", "P", bound=2)
def exits(probe: Probe) -> None:
    """So does `os._exit`."""
    probe.item_error(exits_at_3, _died(3, "exit code 3"))


@case("D3", "P", bound=2)
def crashes(probe: Probe) -> None:
    """So does a segmentation fault."""
    probe.item_error(crashes_at_3, _died(-11, "SIGSEGV"))


@case("D3", "P", bound=2, alone=True, noise=r"(.*Segmentation fault.*crashes_at_3.*)+")
def crash_is_shown(probe: Probe) -> None:
    """What faulthandler says of it is not lost."""
    outcomes = list(probe.make(2, initializer=faulthandler.enable).outcomes(crashes_at_3, range(8)))
    assert list(failures(outcomes)) == [3]


@case("D1", "HI", bound=2)
def killed_in_company(probe: Probe) -> None:
    """In a process that runs several calls at once, a death costs those that were under way in it."""
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(partial(killed_at, 3), range(40)))
        lost = failures(outcomes)
        assert 3 in lost
        assert len(lost) <= 4, lost
        assert all(isinstance(error, cs.WorkerDied) for error in lost.values())
        assert all(value == index for index, value in values(outcomes).items())
        probe.usable(strategy)


@case("D1", "PH", bound=3)
def all_workers_at_once(probe: Probe) -> None:
    """Every worker dies, again and again: each death costs its item only."""
    with probe.make(3) as strategy:
        outcomes = list(strategy.outcomes(partial(killed_every, 4), range(24)))
        lost = failures(outcomes)
        assert set(range(0, 24, 4)) <= set(lost), lost
        if probe.kind != "H":
            assert len(lost) == 6
        probe.usable(strategy)


def killed_every(step: int, item: int) -> int:
    """Be killed at every so manieth item."""
    return killed_at(item if item % step == 0 else -1, item)


@case("D1", "PI", bound=2)
def retried(probe: Probe) -> None:
    """With `retry` the item that killed its worker is run again, in another one."""
    with probe.make(2) as strategy:
        retry = cs.Retry(attempts=3, on=(cs.WorkerDied,), wait=0.01)
        assert strategy.map(killed_the_first_time, range(8), retry=retry) == list(range(8))
        assert specs.logged("killed") == ["3"]
        probe.usable(strategy)


def killed_the_first_time(item: int) -> int:
    """Be killed, once."""
    if item == 3 and not specs.logged("killed"):
        specs.log("killed", item)
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@case("D4", "PWFHI", bound=2)
def idle_workers_killed(probe: Probe) -> None:
    """Between two runs every child is killed: the next run misses nothing."""
    for pause in (0.0, 0.05) if probe.kind in "PFH" else (0.0,):
        with probe.make(2) as strategy:
            for _ in range(2):
                assert strategy.map(nap, range(20)) == list(range(20))
                for pid in probe.workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(pause)
            probe.usable(strategy)


def nap(item: int) -> int:
    """Take a millisecond."""
    time.sleep(0.001)
    return item


@case("D4", "PWF", bound=2)
def idle_workers_killed_before_the_first_word(probe: Probe) -> None:
    """Workers that are killed while they start are replaced; their items are not lost."""
    with probe.make(2) as strategy:
        killer = threading.Thread(target=_kill_when_there, args=(probe,))
        killer.start()
        outcomes = list(strategy.outcomes(nap, range(20)))
        killer.join()
        assert len(values(outcomes)) >= 18, failures(outcomes)
        assert all(isinstance(error, cs.WorkerDied) for error in failures(outcomes).values())
        probe.usable(strategy)


def _kill_when_there(probe: Probe) -> None:
    while not (pids := probe.workers()):
        time.sleep(0.001)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@case("D4", "P", bound=3)
def helper_killed(probe: Probe) -> None:
    """Whatever process stands between the program and its workers may be killed in the midst of a run."""
    with probe.make(2) as strategy:
        outcomes = []
        with strategy.outcomes(slow_log, range(40)) as stream:
            for outcome in stream:
                outcomes.append(outcome)
                if outcome.index == 5:
                    direct = set(children())
                    for pid in direct:
                        os.kill(pid, signal.SIGKILL)
        lost = failures(outcomes)
        assert len(lost) <= 2, lost
        assert len(outcomes) == 40
        assert all(count == 1 for count in Counter(specs.logged("runs")).values())
        probe.usable(strategy)


def slow_log(item: int) -> int:
    """Take 10 ms, and leave a trace."""
    specs.log("runs", item)
    time.sleep(0.01)
    return item


def storm_item(item: int) -> int:
    """Take 2 ms and more, and leave a trace of the start and the end."""
    specs.log("starts", f"{item} {os.getpid()}")
    time.sleep(0.002 + item % 5 * 0.002)
    specs.log("ends", item)
    return item * 3


@contextlib.contextmanager
def nemesis(probe: Probe, seed: int, freeze: bool = False) -> Iterator[list[int]]:
    """Kill a random process of ours, the program itself aside, every 0.1-0.5 s."""
    chance, stop, victims = random.Random(seed), threading.Event(), list[int]()

    def rage() -> None:
        while not stop.wait(chance.uniform(0.1, 0.5)):
            busy = {int(line.split()[1]) for line in specs.logged("starts")} & set(probe.workers())
            if busy:
                victim = chance.choice(sorted(busy))
                with contextlib.suppress(ProcessLookupError):
                    if freeze:
                        os.kill(victim, signal.SIGSTOP)
                        stop.wait(0.2)
                        os.kill(victim, signal.SIGCONT)
                    else:
                        os.kill(victim, signal.SIGKILL)
                        victims.append(victim)

    thread = threading.Thread(target=rage)
    thread.start()
    try:
        yield victims
    finally:
        stop.set()
        thread.join()


@case("D5", "PH", bound=6)
def kill_storm(probe: Probe) -> None:
    """Random workers are killed over 400 items: at most one error for each kill, nothing run twice or dropped."""
    with probe.make(2) as strategy:
        with nemesis(probe, seed=5) as victims:
            outcomes = list(strategy.outcomes(storm_item, range(400)))
        lost, good = failures(outcomes), values(outcomes)
        width = 2 if probe.kind == "H" else 1
        assert [outcome.index for outcome in outcomes] == list(range(400))
        assert all(isinstance(error, cs.WorkerDied) for error in lost.values()), lost
        assert len(lost) <= width * len(victims), (lost, victims)
        assert {error.pid for error in lost.values()} <= set(victims)
        assert all(value == index * 3 for index, value in good.items())
        started = Counter(int(line.split()[0]) for line in specs.logged("starts"))
        assert set(started.values()) <= {1}, [item for item, count in started.items() if count > 1]
        assert set(good) <= set(map(int, specs.logged("ends")))
        probe.usable(strategy)


@case("D5", "P", bound=8)
def freeze_storm(probe: Probe) -> None:
    """Random workers stand still for a while: nothing is lost, and nothing run twice."""
    with probe.make(2) as strategy:
        with nemesis(probe, seed=6, freeze=True):
            assert strategy.map(storm_item, range(400)) == [item * 3 for item in range(400)]
        assert set(Counter(line.split()[0] for line in specs.logged("starts")).values()) == {1}
        probe.usable(strategy)


def empty_but_deadly(item: int) -> int:
    """Do nothing; but not for this one."""
    if item == 70_000:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@case("D8", "PH", bound=3)
def among_very_short_items(probe: Probe) -> None:
    """A death among 200 000 empty items costs those of the last 2 ms, and says that their fate is unknown."""
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(empty_but_deadly, range(200_000)))
        assert [outcome.index for outcome in outcomes] == list(range(200_000))
        lost = failures(outcomes)
        assert 70_000 in lost
        assert all(isinstance(error, cs.WorkerDied) for error in lost.values())
        if len(lost) > 1:
            assert all(error.indeterminate for error in lost.values())  # type: ignore[attr-defined]
        assert len(lost) * _least_seconds() <= 0.002, len(lost)
        assert all(value == index for index, value in values(outcomes).items())
        probe.usable(strategy)


def _least_seconds() -> float:
    """Return what an empty item takes at the very least, in a bare loop."""
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        list(map(empty_but_deadly, range(1000)))
        best = min(best, (time.perf_counter() - start) / 1000)
    return best


@case("D8", "P", bound=3)
def on_the_way_to_be_short(probe: Probe) -> None:
    """A death among a few short items costs one."""
    for at in (0, 1, 5, 11, 30):
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(partial(killed_at, at), range(32)))
            assert list(failures(outcomes)) == [at], failures(outcomes)


def closes_its_descriptors(item: int) -> int:
    """Close what the worker needs."""
    if item == 3:
        os.closerange(3, 100)
    return item


@case("D6", "PF", bound=2, noise=r".{0,3000}")
def closes_everything(probe: Probe) -> None:
    """A function that closes all descriptors loses its worker, and costs its item only."""
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(closes_its_descriptors, range(8)))
        assert set(failures(outcomes)) <= {3}, failures(outcomes)
        probe.usable(strategy)


def leaves_a_child(item: int) -> int:
    """Fork a child that outlives its parent, which is killed."""
    if item == 3:
        if not os.fork():
            time.sleep(3.0)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@case("D7", "PWF", bound=2)
def with_a_child_of_its_own(probe: Probe) -> None:
    """A worker that dies is missed, although a child that the function has forked lives on."""
    probe_start = time.monotonic()
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(leaves_a_child, range(8)))
        assert list(failures(outcomes)) == [3]
        assert time.monotonic() - probe_start < 3.0, "it was missed only when the child had ended"
        probe.usable(strategy)


def raises_in_the_child(item: int) -> int:
    """Fork a child that comes back from the function, as naive code does."""
    if item == 3:
        pid = os.fork()
        if not pid:
            raise SystemExit(0)
        os.waitpid(pid, 0)
    return item


@case("D7", "PF", bound=2, noise=r".{0,3000}")
def child_that_returns(probe: Probe) -> None:
    """A forked child that comes back from the function does not speak for the worker."""
    with probe.make(2) as strategy:
        assert strategy.map(raises_in_the_child, range(8)) == list(range(8))
        probe.usable(strategy)


@case("D9", "P", bound=2)
def stopped_for_good(probe: Probe) -> None:
    """A worker that is stopped and never goes on is overdue like any other."""
    with probe.make(2) as strategy:
        outcomes = list(strategy.outcomes(stops_at_3, range(8), task_timeout=0.5))
        assert list(failures(outcomes)) == [3], failures(outcomes)
        is_a(cs.TaskTimeout)(outcomes[3].error)
        probe.usable(strategy)


def stops_at_3(item: int) -> int:
    """Stop this process."""
    if item == 3:
        os.kill(os.getpid(), signal.SIGSTOP)
    return item


@case("D9", "PI", bound=3)
def stopped_while_closing(probe: Probe) -> None:
    """Workers that are stopped do not keep anybody from closing."""
    strategy = probe.make(2)
    with strategy:
        strategy.map(nap, range(20))
        for pid in probe.workers():
            os.kill(pid, signal.SIGSTOP)
        strategy.close(timeout=0.3)


@case("D10", "PWFI", bound=3, alone=True)
def children_ignored(probe: Probe) -> None:
    """In a program that does not want to hear of its children, or reaps all of them itself, deaths are seen."""
    for ignore in (True, False):
        signal.signal(signal.SIGCHLD, signal.SIG_IGN if ignore else _reap)
        with probe.make(2) as strategy:
            outcomes = list(strategy.outcomes(partial(killed_at, 3), range(8)))
            assert 3 in failures(outcomes)
            assert len(failures(outcomes)) == 1 or probe.kind == "I", outcomes
            is_a(cs.WorkerDied)(failures(outcomes)[3])
            probe.usable(strategy)


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


# --------------------------------------------------------------------------------------------- a consumer that is away


def busy_item(item: int) -> Any:
    """Do what needs somebody's care: hang, fail the first time, kill the worker, return 2 MB."""
    if item == 2:
        time.sleep(60.0)
    if item == 4 and "4" not in specs.logged("tried"):
        specs.log("tried", item)
        raise ValueError("the first time")
    if item == 6 and os.environ.get("FAULTS_MAIN") != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    specs.log("done", item)
    return bytes(2 << 20) if item == 8 else item


@case("K1", "TPA", bound=4)
def consumer_away(probe: Probe) -> None:
    """While the consumer is busy for 3 s, time-outs, retries, replacements and large results go on."""
    os.environ["FAULTS_MAIN"] = str(os.getpid())
    retry = cs.Retry(attempts=2, on=(ValueError,), wait=0.05)
    with probe.make(2) as strategy:
        stream = strategy.outcomes(busy_item, range(60), task_timeout=0.5, retry=retry)
        assert next(stream).value == 0
        time.sleep(3.0)
        done = set(map(int, specs.logged("done")))
        outcomes = list(stream)
        assert len(outcomes) == 59
        lost = failures(outcomes)
        is_a(cs.TaskTimeout)(lost[2])
        if probe.remote:
            is_a(cs.WorkerDied)(lost[6])
        assert len(lost) <= (4 if probe.kind == "H" else 2), lost
        assert set(values(outcomes)) - done == set(), f"not done while the consumer was away: {set(range(60)) - done}"
        probe.usable(strategy)


@case("K1", "TPHGIA", bound=4)
def consumer_away_among_many(probe: Probe) -> None:
    """While the consumer is busy what has been read is done, and nothing more is read; afterwards everything comes."""
    with probe.make(2) as strategy:
        stream = strategy.stream(logs_itself, iter(range(2000)), buffersize=100)
        assert list(itertools.islice(stream, 500)) == list(range(500))
        time.sleep(0.5)
        done = len(specs.logged("done"))
        time.sleep(0.5)
        assert len(specs.logged("done")) == done
        assert 500 <= done <= 602, done
        assert list(stream) == list(range(500, 2000))
        probe.usable(strategy)


def logs_itself(item: int) -> int:
    """Leave a trace."""
    specs.log("done", item)
    return item


@case("K1", "TPHIA", bound=4)
def large_results_wait(probe: Probe) -> None:
    """Results larger than any pipe do not hold up the workers while the consumer is away."""
    with probe.make(2) as strategy:
        stream = strategy.stream(two_megabytes, range(12))
        next(stream)
        time.sleep(1.5)
        assert len(specs.logged("done")) == 12
        assert [len(value) for value in stream] == [2 << 20] * 11
        assert strategy.map(plus_one, range(3)) == [1, 2, 3]
        assert strategy.map(same, [None]) == [None]


def two_megabytes(item: int) -> bytes:
    """Return 2 MB."""
    specs.log("done", item)
    return bytes(2 << 20)
