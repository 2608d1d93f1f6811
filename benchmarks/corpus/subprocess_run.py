"""Running another program that takes 20 ms, and waiting for it."""

from __future__ import annotations

import subprocess
from typing import Any

from . import scaled

EXPECTED = {"thread"}


def func(number: int) -> int:
    """Run it."""
    return subprocess.run(["sleep", "0.02"], check=True).returncode + number


def items(size: float) -> list[int]:
    """Return numbers."""
    return list(range(scaled(30, size)))


def truth(cpu: float, wait: float) -> dict[str, Any]:
    """Waiting; starting a program is computing that holds the GIL only in part."""
    return {"gil_cpu": 0.3 * cpu, "free_cpu": 0.7 * cpu, "wait": wait}
