"""Every file of `examples/` runs as it stands, says what it says it says, and is short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

# A new example needs its output here.
OUTPUT = {
    "crunch_numbers": "9592 primes below 100000, 669 of them in the first range\n",
    "fetch_pages": "page 7\nstatus 404\n",
    "own_strategy": "[1, 5, 14, 338350]\n",
    "real_functions": "compress 60704\nparse 4498500\nmultiply 3386137.251\nquery 1787500\n",
    "stream_large_file": "line 50001: JSONDecodeError\ntotal 4999900000, 1 failed\n",
    "swap_by_config": (
        "hello Ada from a worker thread\nhello Ada from the main thread\nhello Ada from a worker thread\n"
    ),
    "web_handler": "[3234, 64627] [129252]\n",
}


def test_each_example_is_known() -> None:
    """None is forgotten here."""
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(OUTPUT)


@pytest.mark.parametrize("name", OUTPUT)
def test_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints what it should, and nothing else, whatever is configured outside."""
    monkeypatch.delenv("CONCURRENT_STRATEGY", raising=False)
    done = subprocess.run(
        [sys.executable, "-W", "always", EXAMPLES / f"{name}.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=100,
    )
    assert (done.stderr, done.returncode, done.stdout) == ("", 0, OUTPUT[name])


@pytest.mark.parametrize("name", OUTPUT)
def test_example_is_short(name: str) -> None:
    """Under 40 lines: it can be read at a glance."""
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 40
