"""Names of strategies: which exist, where each comes from, and what to install when one cannot be loaded.

A name stands for "module:Class", and nothing is imported before that name is asked for. Other packages add names with
the entry-point group `concurrent_strategies`; it is looked up only for a name that is not built in, and for listings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast, final

from ._errors import StrategyUnavailable, UnknownStrategy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from ._strategy import Strategy

GROUP: Final = "concurrent_strategies"


@final
@dataclass(frozen=True, slots=True)
class Registration:
    """What is known about a name before anything is imported.

    Attributes:
        name: what stands in a spec.
        target: `"module:Class"`.
        needs: packages that have to be there, by import name.
        remedy: what to do when one of them is missing; one line, with the command.
        origin: `"built in"`, or the distribution that registers it.
        conflict: why the name cannot be used although it is registered; empty when it can.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    remedy: str
    origin: str = "built in"
    conflict: str = ""


@final
@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `available()`.

    Attributes:
        name: what stands in a spec.
        origin: `"built in"`, or the distribution that registers it.
        reason: why it cannot be used here and what to install; empty when it can be.
    """

    name: str
    origin: str
    reason: str = ""

    @property
    def available(self) -> bool:
        """Whether the strategy can be used here, as far as that can be told without importing it."""
        return not self.reason


def _built_in(name: str, class_name: str, module: str, needs: str = "", extra: str = "") -> Registration:
    package = f"'concurrent-strategies[{extra}]'" if extra else needs
    target = f"{__package__}._strategies.{module}:{class_name}"
    return Registration(name, target, (needs,) if needs else (), f"pip install {package}" if needs else "")


BUILT_IN: Final = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            _built_in("sync", "SyncStrategy", "sync"),
            _built_in("thread", "ThreadStrategy", "thread"),
            _built_in("process", "ProcessStrategy", "process"),
            _built_in("green", "GreenStrategy", "green", needs="gevent"),
            _built_in("asyncio", "AsyncioStrategy", "anyio", needs="anyio"),
            _built_in("trio", "TrioStrategy", "anyio", needs="trio", extra="trio"),
            Registration("auto", f"{__package__}.advice.auto:AutoStrategy", (), ""),
        )
    }
)


def load(name: str) -> type[Strategy]:
    """Import the class that is registered under a name, and nothing else.

    Args:
        name: of a built-in strategy, or of one that an installed package registers.

    Raises:
        UnknownStrategy: nothing is registered under this name.
        StrategyUnavailable: it is registered, but a package is missing or broken; the message says what to install.
    """
    entry = BUILT_IN.get(name)
    if entry is None:
        foreign = _foreign()
        entry = foreign.get(name)
        if entry is None:
            raise UnknownStrategy(name, list(BUILT_IN | foreign))
    reason = _why_not(entry)
    if reason:
        raise StrategyUnavailable(name, reason)
    return _import(entry)


def available() -> tuple[Listed, ...]:
    """List every registered name, built-in ones first; nothing is imported for it.

    A foreign strategy counts as available when its module's top-level package is there: what that package needs in its
    turn shows only when it is loaded.

    Returns:
        One value per name and origin, with the reason for each that cannot be used here.
    """
    foreign = sorted(_foreign().items())
    entries = [*BUILT_IN.values(), *(entry for _, entry in foreign)]
    return tuple(Listed(entry.name, entry.origin, _why_not(entry)) for entry in entries)


def _why_not(entry: Registration) -> str:
    missing = [package for package in entry.needs if not _is_installed(package)]
    if entry.conflict or not missing:
        return entry.conflict
    return f"package {missing[0]!r} is missing; install it with: {entry.remedy}"


def _is_installed(package: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except ValueError:  # loaded, but by hand and without a __spec__: it is there
        return True


def _import(entry: Registration) -> type[Strategy]:
    from importlib import import_module

    module, _, attribute = entry.target.partition(":")
    try:
        loaded: object = getattr(import_module(module), attribute)
    except Exception as error:
        if entry.name in BUILT_IN and getattr(error, "name", None) not in entry.needs:
            raise  # our own mistake, which a sentence about packages would hide
        reason = f"loading {entry.target!r} failed ({type(error).__name__}: {error}); try: {entry.remedy}"
        raise StrategyUnavailable(entry.name, reason) from error
    if not isinstance(loaded, type) or not hasattr(loaded, "outcomes"):
        reason = f"{entry.target!r} of {entry.origin} is no strategy class; tell its authors"
        raise StrategyUnavailable(entry.name, reason)
    return cast("type[Strategy]", loaded)


def _foreign() -> dict[str, Registration]:
    """Collect what installed packages register; a name that is claimed twice is kept, with the conflict."""
    found: dict[str, Registration] = {}
    for point in entry_points():
        entry = _registration(point)
        known = found.get(entry.name, entry)
        if entry.name in BUILT_IN:
            conflict = f"{entry.name!r} is a built-in strategy; {entry.origin} has to choose another name"
            found[entry.name] = replace(entry, conflict=conflict)
        elif known.target == entry.target:  # one package may be found at two places of sys.path
            found[entry.name] = known
        else:
            conflict = f"{known.origin} and {entry.origin} both register {entry.name!r}; uninstall one of them"
            found[entry.name] = replace(known, conflict=conflict)
    return found


def _registration(point: EntryPoint) -> Registration:
    target, _, extras = point.value.replace(" ", "").partition("[")
    package = target.partition(":")[0].partition(".")[0]
    origin = package if point.dist is None else point.dist.name
    requirement = f"{origin}[{extras}" if extras else origin
    return Registration(point.name, target, (package,), f"pip install --force-reinstall '{requirement}'", origin)


def entry_points() -> Iterable[EntryPoint]:
    """Look up what installed packages register; costs some milliseconds, as it reads every package's metadata."""
    from importlib.metadata import entry_points as find

    return find(group=GROUP)
