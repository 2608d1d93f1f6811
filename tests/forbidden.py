"""What reading text must never do, whatever the text: evaluate, unpickle, start a program."""

from __future__ import annotations

import builtins
import os
import pickle
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest import mock

FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (builtins, "eval"),
    (builtins, "exec"),
    (pickle, "load"),
    (pickle, "loads"),
    (pickle, "Unpickler"),
    (os, "system"),
    (os, "fork"),
    (subprocess, "Popen"),
)


class Forbidden(BaseException):
    """Something was run that a text has asked for; no `except Exception` may hide it."""


@contextmanager
def nothing_is_run() -> Iterator[None]:
    """Raise `Forbidden` where the block evaluates, unpickles or starts something."""
    with ExitStack() as patches:
        for owner, name in FORBIDDEN:
            patches.enter_context(mock.patch.object(owner, name, _forbid(name)))
        yield


def _forbid(name: str) -> Any:
    def forbidden(*args: object, **_named: object) -> NoReturn:
        raise Forbidden(f"{name} was called with {args!r}")

    return forbidden
