"""From what a place says to layers, and from layers to what is in force.

    "@nightly?max_workers=2"              ->   { max_workers }   over   the layers of the profile
    {"strategy": "process:4", "retry": 3} ->   { retry }         over   { strategy: process, max_workers: 4 }

No place is asked here, and nothing is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ._errors import InvalidOption, StrategyError
from ._provenance import Layer, Origin, Resolution, Setting, is_strategy
from ._pyproject import find_profile
from ._spec import MAX_LEVELS, Spec, parse_spec


@contextmanager
def blaming(origin: Origin) -> Iterator[None]:
    """Add to an error of the block where the faulty part stands, if it does not stand in the caller's own line."""
    try:
        yield
    except StrategyError as error:
        note = f"this comes from {origin}"
        if origin.kind in ("environment", "file") and note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        raise


def expand(source: object, origin: Origin, key: str = "strategy", seen: tuple[str, ...] = ()) -> Iterator[Layer]:
    """The layers that one place stands for: what is beside a spec lies over what is in it, and a profile below.

    Args:
        source: a spec string, a mapping, a strategy object or a resolution; what else it may be is an error.
        origin: the place.
        key: what the source is called there.
        seen: the profiles that led here.
    """
    if isinstance(source, str):
        with blaming(origin):
            source = parse_spec(source)
    if isinstance(source, Resolution):
        yield source.layer()
    elif isinstance(source, Spec):
        yield from _expand_spec(source, origin, seen)
    elif isinstance(source, Mapping):
        yield _layer({key: value for key, value in source.items() if key != "strategy"}, origin)
        if "strategy" in source:
            yield from expand(_no_mapping(source["strategy"], origin), origin, seen=seen)
    elif is_strategy(source):
        yield _layer({"strategy": source}, origin)
    else:
        with blaming(origin):
            allowed = "it must be a spec string such as 'process:4', a mapping with 'strategy', or a strategy object"
            raise InvalidOption(key, source, allowed)


def _expand_spec(spec: Spec, origin: Origin, seen: tuple[str, ...]) -> Iterator[Layer]:
    parts: dict[str, object] = dict(spec.options)
    if spec.inner is not None:
        parts["inner"] = spec.inner
    if spec.name.startswith("@"):
        yield _layer(parts, origin)
        yield from _expand_profile(spec.name[1:], origin, seen)
    else:
        yield _layer({**parts, "strategy": spec.name}, origin)


def _no_mapping(named: object, origin: Origin) -> object:
    if isinstance(named, Mapping):
        with blaming(origin):
            raise InvalidOption("strategy", named, "inside a mapping it must be a spec string")
    return named


def _expand_profile(name: str, origin: Origin, seen: tuple[str, ...]) -> Iterator[Layer]:
    with blaming(origin):
        if name in seen:
            raise InvalidOption("profile", name, f"it asks for itself: {' -> '.join([*seen, name])}")
        table, where = find_profile(name)
    yield from expand(table, Origin("file", where, chosen_by=origin), seen=(*seen, name))


def _layer(parts: Mapping[Any, object], origin: Origin) -> Layer:
    for key in parts:
        if not isinstance(key, str):
            raise InvalidOption("key", key, "the keys of a configuration are texts")
    return {key: Setting(key, value, origin) for key, value in parts.items()}


def settle(layers: Iterable[Layer], depth: int = 1) -> Resolution:
    """Lay the layers over one another, down to the first that names a strategy."""
    found: dict[str, Setting] = {}
    for layer in layers:
        found = {**layer, **found}
        if "strategy" in found:
            break
    else:
        raise InvalidOption("strategy", None, "a configuration has to name one, such as 'strategy': 'process:4'")
    strategy = found.pop("strategy")
    inner = found.pop("inner", None)
    if not isinstance(strategy.value, str):
        for extra in (*found.values(), *filter(None, [inner])):
            allowed = f"{strategy.value!r} is finished, and takes no further options; give them to its constructor"
            raise InvalidOption(extra.key, extra.value, allowed)
    if depth > MAX_LEVELS:
        raise InvalidOption("inner", strategy.value, f"strategies are nested at most {MAX_LEVELS} deep")
    inside = None
    if inner is not None and inner.value is not None:
        inside = settle(expand(inner.value, inner.origin, "inner"), depth + 1)
    return Resolution(strategy, tuple(found[key] for key in sorted(found)), inside)
