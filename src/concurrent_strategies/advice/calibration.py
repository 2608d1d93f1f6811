"""`calibrate`: what the strategies cost on this machine, measured once and kept in a file for the user's programs.

The file belongs to one version of the library, one interpreter and one start of one machine: another key, another
calibration. A machine that is busy with something else is not calibrated, as its figures would be wrong for as long as
the file is kept: then what was known before goes on to count, or the built-in defaults.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, final

from .._machine import Machine, runnable
from .constants import DEFAULTS, Constants, Start

#: Other programs that want a core at the same time, on average, from which on nothing is measured.
BUSY: Final = 0.5
#: How often, and how many seconds apart, the machine is looked at before and after.
LOOKS, APART = 40, 0.002
_FOLDER: Final = "concurrent-strategies"

Folder = str | os.PathLike[str]
Gauge = Callable[[Machine], Constants]
Load = Callable[[], float]


@final
@dataclass(frozen=True, slots=True)
class Calibration:
    """What `calibrate` came to.

    Attributes:
        constants: what the strategies cost, in seconds: measured now, measured before, or the defaults.
        accepted: whether they were measured on this machine, now or before.
        fresh: whether they were measured now.
        reason: in one sentence, why they are what they are.
        file: in which they are kept; empty if they are not.
    """

    constants: Constants
    accepted: bool
    fresh: bool
    reason: str
    file: str = ""

    def __str__(self) -> str:
        rows = [(each.name, getattr(self.constants, each.name)) for each in fields(Constants)]
        lines = [f"{self.reason}" + (f" ({self.file})" if self.file else "")]
        for name, value in rows:
            if name == "starts":
                for method, start in value.items():
                    lines.append(f"  start by {method:10} {start.pool:.4g} + {start.launch:.4g} + {start.boot:.4g} s")
            else:
                lines.append(f"  {name:19} {value:.4g}")
        return "\n".join(lines)


def calibrate(*, fresh: bool = False, folder: Folder | None = None) -> Calibration:
    """Measure what the strategies themselves cost on this machine, once; `advise` and `measure` use it from then on.

    Threads, tasks, greenlets and processes of the library's own are started and timed: thread and process start by
    every method, round trips, pickling, what a further core adds, how threads disturb each other at the GIL.

    Args:
        fresh: measure even if that was done before.
        folder: where the file is kept; default: the user's cache, `XDG_CACHE_HOME` or what the platform has for it.

    Returns:
        the constants, whether they were measured, and why not if not: on a machine that is busy, in a program that
        gevent has patched, and in a worker process, nothing is measured and the defaults stand.

    One to three seconds the first time, and below a millisecond afterwards.
    """
    from .gauges import gauge

    return settle(Machine.detect(), gauge, load_now, folder=folder, fresh=fresh)


def settle(machine: Machine, gauge: Gauge, load: Load, *, folder: Folder | None, fresh: bool) -> Calibration:
    """Return what is kept, or measure and keep it; what is measured, and how, is an argument."""
    file = place(folder)
    kept = _read(file, key(machine))
    if kept is not None and not fresh:
        return Calibration(kept, accepted=True, fresh=False, reason="measured on this machine before", file=file)
    why = _hindrance(machine)
    before = load()
    if not why and before > BUSY:
        why = _busy(before)
    if not why:
        found = gauge(machine)
        after = load()
        if after <= BUSY:
            written = _write(file, key(machine), found)
            reason = "measured on this machine now" + ("" if written else ", but it cannot be kept: no file")
            return Calibration(found, accepted=True, fresh=True, reason=reason, file=file if written else "")
        why = _busy(after)
    if kept is not None:
        reason = f"{why}; what was measured before is kept"
        return Calibration(kept, accepted=True, fresh=False, reason=reason, file=file)
    return Calibration(DEFAULTS, accepted=False, fresh=False, reason=f"{why}; these are the defaults")


def cached(machine: Machine | None = None, folder: Folder | None = None) -> Constants:
    """Return what was measured on this machine, or the defaults; nothing is measured."""
    kept = _read(place(folder), key(Machine.detect() if machine is None else machine))
    return DEFAULTS if kept is None else kept


def place(
    folder: Folder | None = None, platform_name: str = sys.platform, environ: Mapping[str, str] = os.environ
) -> str:
    """Return the file in which this interpreter's calibration is kept."""
    if folder is None:
        home = os.path.expanduser("~")  # noqa: PTH111 - pathlib is heavy for what may be asked at each start
        if platform_name == "win32":
            base = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")  # noqa: PTH118
        elif platform_name == "darwin":
            base = os.path.join(home, "Library", "Caches")  # noqa: PTH118
        else:
            base = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")  # noqa: PTH118
        folder = os.path.join(base, _FOLDER)  # noqa: PTH118
    tag = sys.implementation.cache_tag or sys.implementation.name
    return os.path.join(os.fspath(folder), f"calibration-{tag}.json")  # noqa: PTH118


def key(machine: Machine) -> dict[str, Any]:
    """Return what a calibration is good for: it counts only where all of this is the same."""
    return {
        "version": sys.modules[__name__.partition(".")[0]].__version__,
        "interpreter": sys.version,
        "host": os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", ""),
        "boot": _text("/proc/sys/kernel/random/boot_id").strip(),
        "cores": machine.cores,
        "gil": machine.gil,
    }


def load_now() -> float:
    """Return how many other programs want a core, on average over some 80 ms; 0 where the system does not tell."""
    seen = []
    for _ in range(LOOKS):
        time.sleep(APART)
        running = runnable()
        if running is None:
            return 0.0
        seen.append(max(0, running - 1))
    return sum(seen) / len(seen)


def _busy(load: float) -> str:
    return f"the machine is busy: {load:.1f} other programs want a core at the same time"


def _hindrance(machine: Machine) -> str:
    if machine.gevent_patched:
        return "gevent has patched this program, so that its threads are none"
    if machine.daemon or machine.nested:
        return "this is a worker process"
    return ""


def _read(file: str, wanted: Mapping[str, Any]) -> Constants | None:
    """Return what a file holds if it is ours, whole and for this machine; whatever else it is counts as no file."""
    try:
        kept = json.loads(_text(file))
        if kept["key"] != wanted:
            return None
        values: dict[str, Any] = {name: float(kept["constants"][name]) for name in _NUMBERS}
        starts = {method: _start(*parts) for method, parts in kept["starts"].items()}
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    if set(starts) != set(DEFAULTS.starts) or not all(0 < value < 1e12 for value in values.values()):
        return None
    return Constants(**values, starts=MappingProxyType(starts))


def _start(pool: float, launch: float, boot: float, imports: bool) -> Start:
    return Start(float(pool), float(launch), float(boot), bool(imports))


def _write(file: str, wanted: Mapping[str, Any], found: Constants) -> bool:
    """Write a file as a whole or not at all; return whether that was possible."""
    values = {name: getattr(found, name) for name in _NUMBERS}
    starts = {method: list(start) for method, start in found.starts.items()}
    text = json.dumps({"key": wanted, "constants": values, "starts": starts}, indent=1)
    folder = os.path.dirname(file)
    temporary = ""
    try:
        import tempfile

        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        descriptor, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(temporary, file)  # noqa: PTH105
    except OSError:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        return False
    return True


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except (OSError, ValueError):
        return ""


_NUMBERS: Final = tuple(each.name for each in fields(Constants) if each.name != "starts")
