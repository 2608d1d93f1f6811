"""What the figures were taken on, and whether it was quiet."""

from __future__ import annotations

import compileall
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import concurrent_strategies

PACKAGES = (
    "concurrent-strategies", "aiohttp", "aiometer", "anyio", "gevent", "joblib", "loky", "mpire", "Pebble", "numpy",
    "streamable", "trio", "trio-parallel", "uvloop",
)  # fmt: skip

#: Running or waiting programs for each core, from which on figures say little.
BUSY = 0.35


def load() -> float:
    """Return how many programs have wanted a processor in the last minute."""
    return os.getloadavg()[0]


def cores() -> int:
    """Return how many processors this program may use."""
    return len(os.sched_getaffinity(0))


def busy() -> bool:
    """Tell whether others want the machine too."""
    return load() > BUSY * cores()


def compile_ours() -> None:
    """Compile our own code, as an installer does: the other libraries come compiled, a checkout perhaps never is."""
    for file in (concurrent_strategies.__file__, __file__):
        compileall.compile_dir(Path(file).parent, quiet=2)


def describe() -> dict[str, Any]:
    """Return what belongs beside figures."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "load": round(load(), 2),
        "versions": versions,
    }


def sentence(machine: dict[str, Any], rounds: int) -> str:
    """Say it in one line."""
    python = f"{machine['implementation']} {machine['python']} on {machine['system']}"
    return f"{python}, {machine['cores']} cores, load {machine['load']:.2f} at the start; {rounds} rounds."
