"""What importing the package, and using the plain strategies, may load: asked of a fresh interpreter each time.

The seconds it takes are a benchmark's matter; they follow from the modules.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import concurrent_strategies

OPTIONAL = {"aiohttp", "anyio", "click", "cloudpickle", "dask", "gevent", "numpy", "ray", "rich", "trio", "uvloop"}
HEAVY = {"asyncio", "concurrent.futures", "ctypes", "email", "logging", "multiprocessing", "ssl", "subprocess"}

# The package itself, its errors and what they need: anything more is a name that ceased to be lazy.
MOST_MODULES_OF_THE_BARE_IMPORT = 12


def _loaded_by(code: str) -> set[str]:
    """Return the modules that running `code` adds to an interpreter without site-packages' start-up hooks."""
    places = [str(Path(concurrent_strategies.__file__).parents[1]), sysconfig.get_path("purelib")]
    script = f"import json, sys\nsys.path[:0] = {places!r}\nbefore = set(sys.modules)\n{code}\n"
    script += "print(json.dumps(sorted(set(sys.modules) - before)))"
    command = [sys.executable, "-I", "-S", "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_importing_loads_nothing_heavy_or_optional() -> None:
    """`import concurrent_strategies` loads no event loop, no pool, no logging and no third-party library."""
    loaded = _loaded_by("import concurrent_strategies")
    assert loaded & (OPTIONAL | HEAVY | {"dataclasses", "inspect", "typing_extensions"}) == set()


def test_importing_loads_few_modules() -> None:
    """`import concurrent_strategies` stays a matter of a few small files."""
    assert len(_loaded_by("import concurrent_strategies")) <= MOST_MODULES_OF_THE_BARE_IMPORT


def test_plain_calls_and_threads_load_nothing_of_the_other_worlds() -> None:
    """A program that maps with Sync and Thread pays for no event loop, no process pool and no third-party library."""
    loaded = _loaded_by(
        "from concurrent_strategies import SyncStrategy, ThreadStrategy\n"
        "assert SyncStrategy().map(abs, [-1]) == [1]\n"
        "assert ThreadStrategy(max_workers=2).map(abs, [-1, -2]) == [1, 2]\n"
    )
    assert loaded & (OPTIONAL | HEAVY) == set()


def test_listing_the_names_loads_nothing() -> None:
    """`dir()` shows every public name to an editor without importing what is behind it."""
    bare = _loaded_by("import concurrent_strategies")
    shown = _loaded_by(
        "import concurrent_strategies\nassert set(concurrent_strategies.__all__) <= set(dir(concurrent_strategies))"
    )
    assert shown == bare
