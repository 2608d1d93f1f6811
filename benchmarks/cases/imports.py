"""What it costs to import the package, and to make each strategy's first use of it, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..harness import ITSELF, Case, Contender, Kind, Reading, Target
from . import Size

# In the interpreter itself, so that its own start does not count.
TIMED = "import time; since = time.perf_counter(); {}; print(time.perf_counter() - since)"
OURS = "import concurrent_strategies as c; c.{}Strategy(2).map(abs, range(10))"
EXECUTOR = "from concurrent.futures import *; list(ThreadPoolExecutor(2).map(abs, range(10)))"
POOL = "import multiprocessing as m; p = m.Pool(2); p.map(abs, range(10)); p.terminate(); p.join()"


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    peers = (
        ("multiprocessing.pool", "import multiprocessing.pool", ""),
        ("concurrent.futures.process", "import concurrent.futures.process", ""),
        ("asyncio", "import asyncio", ""),
        ("anyio", "import anyio", "anyio"),
        ("gevent.pool", "import gevent.pool", "gevent"),
        ("joblib", "import joblib", "joblib"),
        ("loky", "import loky", "loky"),
        ("mpire", "import mpire", "mpire"),
        ("Pebble", "import pebble", "pebble"),
        ("streamable", "import streamable", "streamable"),
        ("aiometer", "import aiometer", "aiometer"),
        ("trio", "import trio", "trio"),
        ("trio-parallel", "import trio_parallel", "trio_parallel"),
    )
    yield Case(
        "import",
        (_import("ours", "import concurrent_strategies", kind="ours"), *(_import(*peer) for peer in peers)),
        None,
        (Target(20, ITSELF),),
    )
    ours = (("thread", "Thread"), ("process", "Process"), ("asyncio", "Asyncio"), ("green", "Green"))
    yield Case(
        "import, and a first map of 10",
        (
            *(_import(f"ours, {name}", OURS.format(kind), kind="ours") for name, kind in ours),
            _import("ThreadPoolExecutor", EXECUTOR),
            _import("multiprocessing.Pool.map", POOL),
        ),
    )


def _import(name: str, statement: str, needs: str = "", kind: Kind = "peer") -> Contender:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        yield run

    def run() -> Reading:
        command = [sys.executable, "-c", TIMED.format(statement)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return Reading(float(printed) * 1000)

    return Contender(name, opens, kind, needs)
