"""What the promises run where something has to be seen from outside: functions that put notes on a board."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from .board import STEP, Board
from .functions import Boom


def note(board: Board, x: Any) -> Any:
    """Note the start and the end of an item."""
    board.put(f"start-{x}")
    board.put(f"end-{x}")
    return x


async def anote(board: Board, x: Any) -> Any:
    """Note the start and the end of an item, with a turn of the loop between."""
    board.put(f"start-{x}")
    await checkpoint()
    board.put(f"end-{x}")
    return x


def busy(board: Board, seconds: float, x: Any) -> Any:
    """Note the start and the end of an item that takes so long."""
    board.put(f"start-{x}")
    time.sleep(seconds)
    board.put(f"end-{x}")
    return x


async def abusy(board: Board, seconds: float, x: Any) -> Any:
    """Note the start and the end of an item that waits so long in its loop."""
    board.put(f"start-{x}")
    await anyio.sleep(seconds)
    board.put(f"end-{x}")
    return x


def wait_for(board: Board, name: str, x: Any) -> Any:
    """Note the start, wait until something has happened, note the end."""
    board.put(f"start-{x}")
    board.wait(name)
    board.put(f"end-{x}")
    return x


def first_waits(board: Board, name: str, x: int) -> int:
    """Wait only for item 0."""
    return wait_for(board, name, x) if x == 0 else int(note(board, x))


def meet(board: Board, seconds: float, x: int) -> bool:
    """Return whether the other of two items was under way at the same time."""
    board.put(f"here-{x}")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if board.has(f"here-{1 - x}"):
            met = not board.has(f"gone-{1 - x}")
            board.put(f"seen-{x}")
            while not board.has(f"seen-{1 - x}") and time.monotonic() < deadline:
                time.sleep(STEP)
            return met
        time.sleep(STEP)
    board.put(f"gone-{x}")
    return False


def meet_if_two(board: Board, seconds: float, x: int) -> bool:
    """The same for items 0 and 1; others take no time."""
    return meet(board, seconds, x) if x < 2 else False


def later_fails_first(board: Board, x: int) -> int:
    """Let item 1 fail before item 0 does."""
    if x == 0:
        board.wait("failed-1")
        raise Boom(0)
    if x == 1:
        board.put("failed-1")
        raise Boom(1)
    return x


def late_first(board: Board, x: int) -> int:
    """End item 0 only after the consumer has had item 1."""
    if x == 0:
        board.wait("had-1")
    return x


def late_last(board: Board, x: int) -> int:
    """End item 9 only after the consumer has had item 8; none of them is short."""
    if x == 9:
        board.wait("had-8")
    time.sleep(0.001)
    return x


def fail_times(board: Board, times: int, x: int) -> int:
    """Fail so many times for 1, and return others."""
    board.put(f"start-{x}")
    if x == 1 and board.count("start-1") <= times:
        board.put("failure")
        raise Boom(x)
    board.put(f"end-{x}")
    return x


async def afail_times(board: Board, times: int, x: int) -> int:
    """Fail so many times for 1, one turn of the loop later, and return others."""
    await checkpoint()
    return fail_times(board, times, x)


def count_in(board: Board, seconds: float, x: int) -> int:
    """Return how many items were under way while this one was, itself included."""
    mine = board.folder / f"in-{os.getpid()}-{threading.get_ident()}-{x}"
    mine.write_text("")
    deadline = time.monotonic() + seconds
    most = 0
    while time.monotonic() < deadline:
        most = max(most, board.count("in-"))
        time.sleep(STEP)
    mine.unlink()
    return most


async def acount_in(board: Board, seconds: float, x: int) -> int:
    """Return how many items were under way while this one was, itself included; in a loop."""
    mine = board.folder / f"in-{os.getpid()}-{id(object())}-{x}"
    mine.write_text("")
    deadline = time.monotonic() + seconds
    most = 0
    while time.monotonic() < deadline:
        most = max(most, board.count("in-"))
        await anyio.sleep(STEP)
    mine.unlink()
    return most


def die(board: Board, how: str, x: int) -> int:
    """Kill the process at item 3."""
    if x == 3:
        board.put("dying")
        if how == "exit":
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL)
    return x


async def ping(board: Board, times: int, name: str) -> int:
    """Turn the loop so many times, then note it."""
    for _ in range(times):
        await anyio.sleep(STEP)
    board.put(name)
    return times
