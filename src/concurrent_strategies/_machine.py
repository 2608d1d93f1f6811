"""What this machine and this process offer: the only place that asks the system.

Nothing is decided here and nothing is cached: affinity and quotas may change while a program runs. What the kernel
tells in files is read below a root that can be replaced, so that a test brings a machine of its own as a folder.
What a library would tell is asked only if that library is loaded already: whoever has not imported gevent has not
been patched by it, and looking must not cost an import.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, final

from ._errors import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StartMethod = Literal["forkserver", "spawn", "fork"]

#: A number of cores, fractions allowed, that the user grants this program; it can lower what there is, not raise it.
CORES_VARIABLE: Final = "CONCURRENT_STRATEGIES_CORES"
#: How many process workers of this library stand above this process; set in the environment of each of them.
DEPTH_VARIABLE: Final = "CONCURRENT_STRATEGIES_DEPTH"

Root = str | os.PathLike[str]


def usable_cores(root: Root = "/", environ: Mapping[str, str] | None = None) -> float:
    """Return how many cores this process may use: the least of affinity, quota, interpreter and the user's override.

    Args:
        root: below which `proc` and `sys` are read.
        environ: in which `CONCURRENT_STRATEGIES_CORES` is looked up; default: the environment.

    Returns:
        Cores above 0; a quota of one and a half cores stays 1.5.

    Raises:
        InvalidOption: if the override is no number above 0.

    Some 0.1 ms: a few small files are read each time.
    """
    return min(core_limits(root, environ).values())


def depth(environ: Mapping[str, str] | None = None) -> int:
    """Return how many of our worker processes this one is nested in; 0 in a program of its own."""
    text = (os.environ if environ is None else environ).get(DEPTH_VARIABLE, "")
    return int(text) if text.isdecimal() else 0


def free_descriptors(root: Root = "/") -> int | None:
    """Return how many more file descriptors this process may open; `None`: not known."""
    base = os.fspath(root)
    most = dict(_limits(base)).get("Max open files")
    try:
        open_now = len(os.listdir(os.path.join(base, "proc/self/fd")))  # noqa: PTH118, PTH208 - as in `_read`
    except OSError:
        return most
    return None if most is None else max(0, most - open_now)


def runnable(root: Root = "/") -> int | None:
    """Return how many threads of the whole system run or want to, the asking one among them; `None`: not known."""
    words = _read(os.fspath(root), "proc/loadavg").split()
    running = words[3].partition("/")[0] if len(words) > 3 else ""
    return int(running) if running.isdigit() else None


def core_limits(root: Root = "/", environ: Mapping[str, str] | None = None) -> dict[str, float]:
    """Return every bound on the usable cores by its origin: `affinity`, `interpreter`, `quota`, `override`.

    Raises:
        InvalidOption: if the override is no number above 0.
    """
    base = os.fspath(root)
    limits = {"affinity": float(_affinity(base))}
    if (count := getattr(os, "process_cpu_count", None)) is not None:  # 3.13: knows -X cpu_count, but no quota
        limits["interpreter"] = float(count() or math.inf)
    if (quota := _cpu_quota(base)) is not None:
        limits["quota"] = quota
    if override := (os.environ if environ is None else environ).get(CORES_VARIABLE, "").strip():
        limits["override"] = _override(override)
    return limits


def default_start_method(platform: str = sys.platform) -> StartMethod:
    """Return how this library starts processes unless told: never by forking a process that may have threads."""
    return "forkserver" if platform.startswith("linux") else "spawn"


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """What advice depends on besides the work; `Machine.detect()` reads it, and every fact can be given instead.

    The defaults describe an ordinary machine of four cores, not this one.

    Args:
        cores: that this process may use, fractions included, as a quota may grant them.
        gil: whether one lock lets one thread at a time run Python code.
        start_method: how processes are started here.
        running_loop: whether the caller is inside a running asyncio loop, as in a notebook.
        gevent_patched: whether gevent has replaced the standard library's threads by greenlets.
        daemon: whether this is a daemonic process, which may have no children.
        nested: whether this is a process worker of this library, whose siblings use the other cores.
        threads: alive in this process.
        descriptors: files and sockets this process may have open; `None`: no limit known.
        processes: and threads this user may have; `None`: no limit known.
        memory: bytes available; `None`: not known.
        load: other programs that want a core at the same time, on average; `measure` finds it, `detect` does not look.
        python: major and minor version of the interpreter.
        platform: as in `sys.platform`.

    Raises:
        InvalidOption: naming the fact that cannot be.
    """

    cores: float = 4.0
    gil: bool = True
    start_method: StartMethod = "forkserver"
    running_loop: bool = False
    gevent_patched: bool = False
    daemon: bool = False
    nested: bool = False
    threads: int = 1
    descriptors: int | None = None
    processes: int | None = None
    memory: int | None = None
    load: float = 0.0
    python: tuple[int, int] = sys.version_info[:2]
    platform: str = sys.platform

    def __post_init__(self) -> None:
        """Check what a formula would stumble over."""
        cores: object = self.cores
        if not isinstance(cores, int | float) or isinstance(cores, bool) or not 0 < cores <= 1e6:
            raise InvalidOption("cores", self.cores, "it must be a number above 0 and at most a million")
        load: object = self.load
        if not isinstance(load, int | float) or isinstance(load, bool) or not 0 <= load <= 1e6:
            raise InvalidOption("load", self.load, "it must be a number from 0 to a million")
        if self.start_method not in ("forkserver", "spawn", "fork"):
            raise InvalidOption("start_method", self.start_method, "it must be 'forkserver', 'spawn' or 'fork'")
        for name in ("threads", "descriptors", "processes", "memory"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            if not whole and not (value is None and name != "threads"):
                raise InvalidOption(name, value, "it must be a whole number of 0 or more")

    @property
    def workers(self) -> int:
        """Processes that these cores can keep busy: the cores rounded down, and at least 1."""
        return max(1, math.floor(self.cores))

    @classmethod
    def detect(cls, root: Root = "/", environ: Mapping[str, str] | None = None) -> Machine:
        """Read all facts; some 0.3 ms.

        Args:
            root: below which `proc` and `sys` are read.
            environ: in which this library's variables are looked up; default: the environment.

        Raises:
            InvalidOption: if `CONCURRENT_STRATEGIES_CORES` is no number above 0.
        """
        base = os.fspath(root)
        variables = os.environ if environ is None else environ
        limits = dict(_limits(base))
        return cls(
            cores=usable_cores(base, variables),
            gil=getattr(sys, "_is_gil_enabled", lambda: True)(),
            start_method=default_start_method(),
            running_loop=_has_running_loop(),
            gevent_patched=_is_gevent_patched(),
            daemon=_is_daemon(),
            nested=depth(variables) > 0,
            threads=_threads_alive(),
            descriptors=limits.get("Max open files"),
            processes=_least(limits.get("Max processes"), *_controlled(base, "pids", "pids.max", "pids.max")),
            memory=_available_memory(base),
        )


def _override(text: str) -> float:
    try:
        cores = float(text)
    except ValueError:
        cores = math.nan
    if not 0 < cores < math.inf:
        raise InvalidOption(CORES_VARIABLE, text, "it must be a number of cores above 0, such as 2 or 1.5")
    return cores


def _affinity(base: str) -> int:
    # The file and not os.sched_getaffinity, so that a test can bring its own; elsewhere than on Linux there is neither.
    for line in _read(base, "proc/self/status").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            return sum(_span(part) for part in line.partition(":")[2].split(","))
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _span(part: str) -> int:
    first, _, last = part.strip().partition("-")
    return int(last or first) - int(first) + 1


def _cpu_quota(base: str) -> float | None:
    """Return the least quota, in cores, of this process's control groups."""
    quotas = []
    for folder in _control_groups(base, "cpu"):
        # Version 2 has "quota period" or "max period" in one file; version 1 has two files, and -1 for no quota.
        words = _read(folder, "cpu.max").split() or [
            _read(folder, "cpu.cfs_quota_us").strip(),
            _read(folder, "cpu.cfs_period_us").strip(),
        ]
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[0]) and int(words[1]):
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def _available_memory(base: str) -> int | None:
    lines = _read(base, "proc/meminfo").splitlines()
    free = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    limits = _controlled(base, "memory", "memory.max", "memory.limit_in_bytes")
    used = _controlled(base, "memory", "memory.current", "memory.usage_in_bytes")
    pairs = zip(limits, used, strict=True)
    free += [max(0, limit - use) for limit, use in pairs if limit is not None and use is not None]
    return min(free, default=None)


def _controlled(base: str, controller: str, version_2: str, version_1: str) -> list[int | None]:
    """Return a number of each of this process's control groups, or None where there is none, or no limit."""
    texts = [(_read(f, version_2) or _read(f, version_1)).strip() for f in _control_groups(base, controller)]
    return [int(text) if text.isdigit() else None for text in texts]


def _control_groups(base: str, controller: str) -> Iterator[str]:
    """Yield the folders of this process's control groups for a controller, inner ones first.

    A limit of any group above counts as well. In a container the group's path may be that of the host, and only the
    mount point itself be there: so a folder that does not exist is not an end.
    """
    for line in _read(base, "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        mounts = (controllers, controller) if controllers else ("", "unified")
        for mount in dict.fromkeys(mounts):
            group = path.strip("/")
            while True:
                yield os.path.join(base, "sys/fs/cgroup", mount, group)  # noqa: PTH118 - pathlib costs 11 ms to import
                if not group:
                    break
                group = group.rpartition("/")[0]


def _limits(base: str) -> Iterator[tuple[str, int]]:
    """Yield the soft limits of this process that are numbers, by their names in the kernel's table."""
    for line in _read(base, "proc/self/limits").splitlines():
        name, soft = line[:25].strip(), line[26:].split()[:1]
        if soft and soft[0].isdigit():
            yield name, int(soft[0])


def _least(*values: int | None) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123
            return file.read()
    except OSError:
        return ""


def _loaded(module: str) -> Any:
    return sys.modules.get(module)


def _has_running_loop() -> bool:
    events = _loaded("asyncio.events")
    return events is not None and events._get_running_loop() is not None


def _is_gevent_patched() -> bool:
    monkey = _loaded("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _is_daemon() -> bool:
    process = _loaded("multiprocessing.process")
    return process is not None and bool(process.current_process().daemon)


def _threads_alive() -> int:
    threading = _loaded("threading")
    return 1 if threading is None else int(threading.active_count())
