"""Choosing a strategy: `get_strategy`, `using`, `from_config`, and `resolve`, which says where each part came from.

    argument  >  using()  >  environment  >  pyproject.toml  >  default

What a place says is a layer. Layers are laid over one another, down to the first that names a strategy.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from ._errors import InvalidOption, suggestion
from ._layers import blaming, expand, settle
from ._options import NAMES
from ._provenance import Layer, Origin, Resolution
from ._pyproject import find_file
from ._registry import load
from ._values import from_plain

if TYPE_CHECKING:
    from ._spec import Spec
    from ._strategy import Strategy

Source: TypeAlias = "str | Spec | Mapping[str, Any] | Strategy"

VARIABLE: Final = "CONCURRENT_STRATEGY"
#: Whoever calls `map` has said that calls may overlap. Threads then cost the least surprise: nothing has to be
#: picklable, `__main__` needs no guard, both colours of function run, and waiting, the usual reason, overlaps.
DEFAULT: Final = "thread"


@dataclass(frozen=True, slots=True)
class _InForce:
    """What `using` put in force: the object, and what it was made from."""

    strategy: Strategy
    layer: Layer


_IN_FORCE: ContextVar[_InForce | None] = ContextVar("concurrent_strategies.using", default=None)


def get_strategy(spec: Source | None = None, /, **options: Any) -> Strategy:
    """Make the strategy that is asked for, or give the one in force.

    What is not said here is taken from `using()`, then from the environment variable `CONCURRENT_STRATEGY`, then from
    the nearest `pyproject.toml` with a table `[tool.concurrent-strategies]`; if none of them names a strategy, it is
    `"thread"`. Whichever names the strategy is where the search ends: options meant for another one are not mixed in.

    Args:
        spec: a spec string (`"process:4"`, `"process:4/asyncio:250"`, `"@profile"`), a mapping as in `from_config`, or
            a strategy object, which is returned as it is. Default: the strategy in force.
        **options: options and settings of the strategy's constructor; they win over those in `spec`.

    Returns:
        A new strategy; inside `using()` and without arguments, the very one that `using()` made.

    Raises:
        UnknownStrategy: no strategy has this name.
        StrategyUnavailable: a package is missing; the message has the command that installs it.
        InvalidOption: a spec, a key or a value cannot be, or options were given beside a finished strategy object.

    Costs about a millisecond when environment and file are consulted, microseconds inside `using()`.
    """
    in_force = _IN_FORCE.get()
    if in_force is not None and spec is None and not options:
        return in_force.strategy
    return _build(resolve(spec, **options))


@contextmanager
def using(spec: Source | None = None, /, **options: Any) -> Iterator[Strategy]:
    """Put a strategy in force for the block: `get_strategy()` below gives this very object.

    It is kept in a context variable: it holds across `await`, in tasks and items started inside the block, and not in
    threads that somebody else starts. It nests, and restores what was in force before. Workers are not started: for
    warm ones, open what it yields, as in `with using("process:4") as strategy, strategy: ...`.

    Args:
        spec: as for `get_strategy`; without it, options are added to what is in force.
        **options: as for `get_strategy`.

    Yields:
        The strategy that is now in force.

    Raises:
        StrategyError: as for `get_strategy`, on entering the block and not later.
    """
    chosen = settle(_layers(spec, options, Origin("using")))
    strategy = _build(chosen)
    token = _IN_FORCE.set(_InForce(strategy, chosen.layer()))
    try:
        yield strategy
    finally:
        with suppress(ValueError):  # left in another context, as an async fixture is: nothing was set in that one
            _IN_FORCE.reset(token)


def from_config(mapping: Mapping[str, Any], /) -> Strategy:
    """Make a strategy from a table of a program's own configuration, and from nothing else.

    Args:
        mapping: `"strategy"` is a spec string; every other key is an option or setting of that strategy and wins over
            what the spec string says. `"inner"` may be a spec string or such a mapping again, and `"retry"` a table of
            the arguments of `Retry`, with errors by name.

    Raises:
        StrategyError: as for `get_strategy`; also if `"strategy"` is missing.
    """
    if not isinstance(mapping, Mapping):
        raise InvalidOption("mapping", mapping, "it must be a mapping such as {'strategy': 'process:4'}")
    return _build(settle(expand(mapping, Origin("argument"))))


def resolve(spec: Source | None = None, /, **options: Any) -> Resolution:
    """Find what `get_strategy` with these arguments would build, and where each part comes from; build nothing.

    Args:
        spec: as for `get_strategy`.
        **options: as for `get_strategy`.

    Returns:
        The strategy's name and options, each with its `Origin`; `settings()` goes through all of them.

    Raises:
        InvalidOption: a spec string, a file or a profile cannot be read. Names and values are checked on building.
    """
    return settle(_layers(spec, options, Origin("argument")))


def _layers(spec: Source | None, options: Mapping[str, Any], origin: Origin) -> Iterator[Layer]:
    """What all the places say, topmost first; a place is looked at only when it is asked for."""
    if spec is not None and "strategy" in options:
        raise InvalidOption("strategy", options["strategy"], f"the strategy is given already, as {spec!r}")
    yield from expand(options, origin)
    if spec is not None:
        yield from expand(spec, origin, "spec")
    in_force = _IN_FORCE.get()
    if in_force is not None:
        yield in_force.layer
    from_environment = os.environ.get(VARIABLE, "").strip()
    if from_environment:
        yield from expand(from_environment, Origin("environment", VARIABLE))
    file = find_file()
    if file is not None:
        yield from expand(file.table, Origin("file", file.where()))
    yield from expand(DEFAULT, Origin("default"))


def _build(chosen: Resolution) -> Strategy:
    """Load the class that is named, and construct it; what it refuses is said to come from where it stands."""
    name = chosen.strategy.value
    if not isinstance(name, str):
        return cast("Strategy", name)
    with blaming(chosen.strategy.origin):
        cls = load(name)
    arguments: dict[str, Any] = {}
    for setting in chosen.options:
        with blaming(setting.origin):
            arguments[setting.key] = from_plain(setting.key, setting.value)
    if chosen.inner is not None:
        arguments["inner"] = _build(chosen.inner)
    try:
        return cls(**arguments)
    except (InvalidOption, TypeError) as error:
        places = chosen.layer()
        refused = _unknown_key(cls, name, arguments) or error
        with blaming(places.get(getattr(refused, "option", ""), chosen.strategy).origin):
            raise refused from (error if refused is error else None)


def _unknown_key(cls: type[Strategy], name: str, arguments: Mapping[str, Any]) -> InvalidOption | None:
    """Explain a refusal that is due to a key which this class does not have: strangers' classes say it less well."""
    parameters = inspect.signature(cls).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    if len(known) < len(parameters):
        known += [option for option in NAMES if option not in known]
    for key in arguments:
        if key not in known:
            allowed = f"strategy {name!r} has no such option; it has {', '.join(known)}"
            return InvalidOption(key, arguments[key], allowed, suggestion(key, known))
    return None
