"""A booth: the process that one contender has to itself, forked from the harness, which has no threads and few imports.

The contender is opened, timed and checked in there; only figures come out. What takes too long is killed with all it
has started.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, Self

from .harness import Case, Contender, Reading, Timing


class Booth:
    """One contender's process, and its figures so far.

    Args:
        case: what it is to do.
        timing: whose booth it is, and where the figures go.
        patience: seconds that it gets for all rounds.
        earlier: the booths that exist already, whose lines this one must not keep open.
    """

    def __init__(self, case: Case, timing: Timing, patience: float, earlier: tuple[Booth, ...]) -> None:
        self._timing = timing
        self._left = self._patience = patience
        self._last = 0.0
        self._line, theirs = socket.socketpair()
        self._pid = os.fork()
        if not self._pid:
            for line in (self._line, *(booth._line for booth in earlier)):
                line.close()
            _serve(case, timing.contender, theirs)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:  # nobody waits for it on the way out of an error, or of Ctrl-C
            with contextlib.suppress(OSError):
                self._line.sendall(b"end\n")
                self._line.settimeout(10.0)
                self._line.recv(1)  # comes with the end
        self._kill()
        self._line.close()

    def _kill(self) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0

    def run(self, *, warm: bool) -> None:
        """Do the work once more, if there is time left for that; only warm figures count.

        A contender that needs half of its time to warm up is not warmed up: that one figure counts.
        """
        timing = self._timing
        if timing.note or (timing.figures and self._left < 1.2 * self._last):
            return
        since = time.monotonic()
        answer = self._ask()
        self._last = time.monotonic() - since
        self._left -= self._last
        timing.note = answer.get("note", "")
        if timing.note:
            self._kill()
        elif warm or self._left < self._patience / 2:
            timing.figures.append(answer["figure"])
            timing.told = answer.get("told")

    def _ask(self) -> dict[str, Any]:
        self._line.settimeout(self._patience)
        data = b""
        try:
            self._line.sendall(b"run\n")
            while not data.endswith(b"\n"):
                part = self._line.recv(65536)
                if not part:
                    return {"note": "failed: its process ended"}
                data += part
        except TimeoutError:
            return {"note": f"takes more than {self._patience:.0f} s"}
        except OSError:
            return {"note": "failed: its process ended"}
        answer: dict[str, Any] = json.loads(data)
        return answer


def _serve(case: Case, contender: Contender, line: socket.socket) -> NoReturn:
    """Be the contender's process: answer requests until there are none, and end without the harness's own clean-up."""
    try:
        os.setsid()  # so that all it starts can be ended with it
        _answer(case, contender, line)
    except BaseException:
        note = traceback.format_exc().strip()
        with contextlib.suppress(OSError):
            line.sendall(json.dumps({"note": f"failed: {note.splitlines()[-1]}", "trace": note}).encode() + b"\n")
    finally:
        os._exit(0)


def _answer(case: Case, contender: Contender, line: socket.socket) -> None:
    with line.makefile("r") as requests:
        if next(requests) != "run\n":
            return
        with contender.opens() as work:
            request = "run\n"
            while request == "run\n":
                line.sendall(json.dumps(_once(case, work)).encode() + b"\n")
                request = next(requests)


def _once(case: Case, work: Callable[[], Any]) -> dict[str, Any]:
    gc.collect()
    since = time.perf_counter()
    result = work()
    took = time.perf_counter() - since
    figure, result, told = result if isinstance(result, Reading) else Reading(case.figure(took), result)
    return {"figure": figure, "told": told} if case.right(result) else {"note": f"wrong: {str(result)[:100]}"}
