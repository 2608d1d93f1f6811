"""Which processes belong to a test, however far from it they have come: by a mark in the environment they began with."""

from __future__ import annotations

import os
import time
from pathlib import Path

VARIABLE = "FAULTS_MARK"


def marked(mark: str) -> list[int]:
    """Return the processes that carry the mark, this one aside; one that has ended carries nothing."""
    needle = f"{VARIABLE}={mark}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if needle in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
            except OSError:
                continue  # it has ended meanwhile
    return found


def left_over(mark: str, patience: float) -> list[int]:
    """Return the processes that are still there when they had so many seconds to end."""
    deadline = time.monotonic() + patience
    while (pids := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return pids


def zombies() -> list[int]:
    """Return the children of this process that have ended and that nobody has asked how."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                after_name = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if after_name[0] == "Z" and int(after_name[1]) == os.getpid():
                found.append(int(entry))
    return found


def describe(pids: list[int]) -> str:
    """Say what these processes are."""
    lines = []
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = Path(f"/proc/{pid}/wchan").read_text()
        except OSError:
            continue
        lines.append(f"  {pid} in {where or '?'}: {command[:150]}")
    return "\n".join(lines)
