"""The process of one cell: `python -m benchmarks.scoreboard.cell COLUMN ROW` leaves its verdict in its directory."""

from __future__ import annotations

import sys

if "--patched" in sys.argv:  # before anything else, as gevent demands
    from gevent import monkey

    monkey.patch_all()

import json
import warnings


def main(name: str, key: str) -> None:
    """Do what the row says, and write down what came of it; how the program ends is seen from outside."""
    from tests.faults.specs import scratch

    from .columns import COLUMNS
    from .rows import brief, load

    warnings.simplefilter("ignore")
    rows = load()
    verdict = {"verdict": "ok", "note": ""}
    try:
        verdict["note"] = rows[key].body(COLUMNS[name]) or ""
    except KeyboardInterrupt:
        if rows[key].act is not None:
            raise
        verdict = {"verdict": "wrong", "note": "the program itself is interrupted"}
    except AssertionError as error:
        verdict = {"verdict": "wrong", "note": str(error) or "a check fails"}
    except BaseException as error:
        verdict = {"verdict": "wrong", "note": brief(error)}
    temporary = scratch() / "verdict.part"
    temporary.write_text(json.dumps(verdict))
    temporary.replace(scratch() / "verdict.json")


if __name__ == "__main__":
    # By its full name, so that what is pickled here is found in worker processes.
    from benchmarks.scoreboard import cell

    cell.main(sys.argv[1], sys.argv[2])
