"""The command that runs many histories: `python -m tests.history --seeds 200 --workers 2 --start-method forkserver`.

It ends with status 0 if there was nothing wrong with any of them. What is wrong with one is printed with its seed, and
`--from SEED --seeds 1` runs that one again.
"""
# ruff: noqa: T201  (a command says what it finds)

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

from .trial import INNER, Plan, Verdict, run

STRATEGIES = ("process", *(f"process/{inner}" for inner in INNER if inner), "green")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = _parser().parse_args(arguments)
    plan = Plan(
        seed=asked.first,
        strategy=asked.strategy,
        workers=asked.workers,
        start_method=asked.start_method,
        items=asked.items,
        mixed=asked.mixed,
        every=tuple(asked.every),
        kills=asked.kills,
        everybody=asked.everybody,
    )
    began = time.monotonic()
    verdicts: list[Verdict] = []
    for seed in range(asked.first, asked.first + asked.seeds):
        # Every fourth history is awaited: the async verb has a driver of its own.
        verdict = run(replace(plan, seed=seed, awaited=asked.awaited or seed % 4 == 3))
        verdicts.append(verdict)
        if verdict.problems or asked.verbose:
            print(f"seed {seed}: {_deeds([verdict])}, {verdict.seconds:.1f} s")
            for problem in verdict.problems:
                print(f"  {problem}")
        if sys.stderr.isatty() or len(verdicts) % 10 == 0:
            end = "\r" if sys.stderr.isatty() else "\n"
            print(f"{len(verdicts)} of {asked.seeds}", end=end, file=sys.stderr, flush=True)
    good = sum(not verdict.problems for verdict in verdicts)
    what = f"{plan.strategy}, {plan.workers} workers, {plan.start_method}, {plan.items} items"
    print(f"{good} of {asked.seeds} seeds good ({what}): {_deeds(verdicts)}, {time.monotonic() - began:.0f} s")
    return 0 if good == asked.seeds else 1


def _deeds(verdicts: list[Verdict]) -> str:
    kills, freezes = sum(v.kills for v in verdicts), sum(v.freezes for v in verdicts)
    return f"{kills} kills, {freezes} freezes, {sum(v.failures for v in verdicts)} items failed"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.history", description="Run histories under a nemesis.")
    parser.add_argument("--seeds", type=int, default=20, help="how many histories (%(default)s)")
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="SEED", help="the first seed (0)")
    parser.add_argument("--strategy", choices=STRATEGIES, default="process")
    parser.add_argument("--workers", type=int, default=2, help="max_workers (%(default)s)")
    parser.add_argument("--start-method", choices=("forkserver", "spawn", "fork"), default="forkserver")
    parser.add_argument("--items", type=int, default=500, help="items of each history (%(default)s)")
    parser.add_argument("--mixed", action="store_true", help="with very short items among them")
    parser.add_argument("--awaited", action="store_true", help="all by the async verb, not every fourth")
    parser.add_argument(
        "--every", type=float, nargs=2, default=(0.1, 0.5), metavar="SECONDS", help="between two deeds, from and to"
    )
    parser.add_argument("--kills", type=float, default=0.6, help="share of kills among the deeds; the others freeze")
    parser.add_argument("--everybody", action="store_true", help="spare no process, nor those that are just started")
    parser.add_argument("--verbose", action="store_true", help="a line for each history")
    return parser


if __name__ == "__main__":
    sys.exit(main())
