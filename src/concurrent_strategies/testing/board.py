"""A notice board of files, on which items and tests tell each other what has happened: it works across threads, event
loops and processes alike, and crosses every border with the function that carries it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

STEP = 0.003  # seconds between two looks
BOUND = 20.0  # seconds after which what has not happened will not happen


class Note(NamedTuple):
    """Something that happened: when, on a clock that all processes of the machine share, and where."""

    at: float
    pid: int
    thread: int


class Board:
    """Notes by name, in a directory.

    Args:
        folder: an existing directory, of this board alone.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder: Path = Path(folder)

    def put(self, name: object) -> None:
        """Note that something has happened; the second time counts as `name.2`, and so on."""
        # The system's own number of the thread: greenlets have that of theirs, and not one each as gevent gives them.
        text = f"{time.monotonic()} {os.getpid()} {threading.get_native_id()}"
        # Written aside and then linked: whoever sees the note sees the whole of it, and no two get the same number.
        draft = self.folder / f".{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}"
        draft.write_text(text)
        number = 1
        while True:
            try:
                os.link(draft, self.folder / (str(name) if number == 1 else f"{name}.{number}"))
            except FileExistsError:
                number += 1
            else:
                break
        draft.unlink()

    def has(self, name: object) -> bool:
        """Tell whether something has happened."""
        return (self.folder / str(name)).exists()

    def read(self, name: object) -> Note:
        """Return when and where it happened first."""
        at, pid, thread = (self.folder / str(name)).read_text().split()
        return Note(float(at), int(pid), int(thread))

    def names(self, prefix: str = "") -> set[str]:
        """Return what has happened, as far as its name begins so."""
        return {path.name for path in self.folder.iterdir() if path.name.startswith(prefix) and path.name[0] != "."}

    def count(self, prefix: str) -> int:
        """Return how much has happened under names that begin so."""
        return len(self.names(prefix))

    def wait(self, name: object, sleep: Callable[[float], object] = time.sleep, bound: float = BOUND) -> None:
        """Wait until something has happened.

        Raises:
            TimeoutError: after `bound` seconds.
        """
        deadline = time.monotonic() + bound
        while not self.has(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name!r} did not happen within {bound:g} s; there is {sorted(self.names())}")
            sleep(STEP)

    async def await_(self, name: object, bound: float = BOUND) -> None:
        """Wait until something has happened, in an event loop.

        Raises:
            TimeoutError: after `bound` seconds.
        """
        import anyio

        deadline = time.monotonic() + bound
        while not self.has(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name!r} did not happen within {bound:g} s; there is {sorted(self.names())}")
            await anyio.sleep(STEP)
