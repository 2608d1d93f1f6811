"""Every descriptor of ours that keeps a worker process alive, so that a forked child can close its copies: else it
would keep alive what its parent has given up.

Process-wide, because a fork copies all of them, whichever strategy they belong to.
"""

from __future__ import annotations

import os
import socket
import weakref
from functools import cache
from typing import Protocol

from .._core.bell import above_two


class End(Protocol):
    """The parent's end of a worker."""

    def disown(self) -> None:
        """Close the descriptors, without a word to whoever is at the other end."""


_ends: weakref.WeakSet[End] = weakref.WeakSet()


def pair() -> tuple[socket.socket, socket.socket]:
    """Make a socketpair that uses none of the three standard descriptors, which the program may have closed."""
    ours, theirs = (
        end if end.fileno() > 2 else socket.socket(fileno=above_two(end.detach())) for end in socket.socketpair()
    )
    return ours, theirs


def watch(end: End) -> None:
    """Have an end forgotten in every child that this process forks from now on."""
    _watch_forks()
    _ends.add(end)


@cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=forget_ends)


def forget_ends() -> None:
    """Close the copies that a forked child has of its parent's ends."""
    for end in list(_ends):
        end.disown()
