"""The command that soaks the library: `python -m tests.history.soak --minutes 10`.

Random rounds - every strategy, verb, colour, kind of input and option, items that fail, hang, die or give too much -
one after the other, each judged by itself; and memory, descriptors, threads and children level from the first tenth to
the end. It prints its seed and ends with status 0 if nothing was wrong. `--seed SEED --from ROUND --rounds 1` repeats
a round.
"""
# ruff: noqa: T201  (a command says what it finds)

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom
from typing import NamedTuple

from tests import leaks
from tests.faults import marks

from concurrent_strategies.testing.bound import bounded

from .round import draw, play
from .trial import marked

PATIENCE = 60.0  # seconds after which a round hangs
GROWTH = 16 << 20  # bytes by which memory may grow after the first tenth: allocators and caches breathe


class Level(NamedTuple):
    """How much of everything there is.

    Attributes:
        memory: bytes of this process that are resident.
        descriptors: how many are open.
        threads: how many there are.
        children: how many, those that nobody has asked how they ended included.
    """

    memory: int
    descriptors: int
    threads: int
    children: int

    def __str__(self) -> str:
        rest = f"{self.descriptors} descriptors, {self.threads} threads, {self.children} children"
        return f"{self.memory / 1e6:.1f} MB, {rest}"


def level() -> Level:
    """Return what there is, once what was about to end has ended."""
    gc.collect()
    found = leaks.look()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Level(pages * os.sysconf("SC_PAGESIZE"), len(found.descriptors), len(found.threads), len(found.children))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = _parser().parse_args(arguments)
    seed = SystemRandom().randrange(1 << 30) if asked.seed is None else asked.seed
    print(f"seed {seed}")
    began, found = time.monotonic(), Counter[str]()
    base: Level | None = None
    done = bad = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, marked() as mark:
        before, tempfile.tempdir = tempfile.tempdir, folder
        number = asked.first
        while done < asked.rounds if asked.rounds else time.monotonic() - began < asked.minutes * 60:
            problems = _round(seed, number, found)
            done, bad, number = done + 1, bad + bool(problems), number + 1
            for problem in problems:
                print(f"round {number - 1}: {problem}", flush=True)
            if base is None and time.monotonic() - began > asked.minutes * 6:
                base = level()
            if done % 100 == 0:
                print(f"{done} rounds, {bad} bad, {level()}", file=sys.stderr, flush=True)
        tempfile.tempdir = before
        end = level()
        uneven = _unevenness(base or end, end)
        if left := marks.left_over(mark, 6.0):
            uneven.append(f"processes are left:\n{marks.describe(left)}")
    for problem in uneven:
        print(problem)
    print(", ".join(f"{name} {count}" for name, count in found.most_common()))
    print(f"from {base or end} to {end}")
    print(f"{done - bad} of {done} rounds good, seed {seed}, {time.monotonic() - began:.0f} s")
    return 0 if not (bad or uneven) else 1


def _round(seed: int, number: int, found: Counter[str]) -> list[str]:
    """Play one round and return what is wrong, and with what."""
    round_ = draw(Random(f"{seed}:{number}"))
    found[round_.strategy] += 1
    before = leaks.look()
    try:
        with bounded(PATIENCE), warnings.catch_warnings():
            warnings.simplefilter("error")
            problems = play(round_)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problems = ["it ended by an error:\n" + "".join(traceback.format_exception(error))]
    problems += [f"left behind: {each}" for each in leaks.since(before)]
    return [*problems, repr(round_)] if problems else []


def _unevenness(base: Level, end: Level) -> list[str]:
    """Return what has become more."""
    more = {name: getattr(end, name) - getattr(base, name) for name in ("descriptors", "threads", "children")}
    found = [f"there are {count} more {name}" for name, count in more.items() if count > 0]
    if end.memory > base.memory + GROWTH:
        found.append(f"memory has grown by {(end.memory - base.memory) / 1e6:.1f} MB")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.history.soak", description="Soak the library.")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, help="what everything is drawn from; default: drawn itself, and printed")
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="ROUND", help="the first round (0)")
    parser.add_argument("--rounds", type=int, help="so many rounds, whatever time they take")
    return parser


if __name__ == "__main__":
    sys.exit(main())
