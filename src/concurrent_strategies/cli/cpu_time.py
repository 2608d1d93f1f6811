"""How much processor time everything that runs here uses: this process, its children, and theirs."""

from __future__ import annotations

import os
import resource
from pathlib import Path


class CpuTimer:
    """Counts the processor time of this process and all others of its session, from its making on.

    A process that has ended counts in whoever waited for it, which need not be this one: workers may be children of a
    forkserver. So the whole session is summed up, each process with the children it has waited for. Use it in a
    process that leads a session of its own.

    Where there is no `/proc`, this process and the children it has waited for are all that counts.
    """

    def __init__(self) -> None:
        self._others = _others()
        self._own = _own()  # last here and first below: looking at the others costs some milliseconds itself

    def elapsed(self) -> float:
        """Return the seconds used so far; those of others are exact to some ticks of 10 ms."""
        own = _own()
        return own - self._own + _others() - self._others


def _own() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _others() -> float:
    me, session = str(os.getpid()), os.getsid(0)
    return sum(_of(process, session) for process in Path("/proc").glob("[0-9]*") if process.name != me)


def _of(process: Path, session: int) -> float:
    try:
        stat = (process / "stat").read_text()
    except OSError:  # it is gone already; whoever waited for it has its time
        return 0.0
    fields = stat.rpartition(")")[2].split()  # the name before it may contain anything
    if int(fields[3]) != session:
        return 0.0
    ticks = sum(int(field) for field in fields[11:15])  # user and system time, its own and its waited-for children's
    return ticks / os.sysconf("SC_CLK_TCK")
