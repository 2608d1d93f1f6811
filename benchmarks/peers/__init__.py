"""Who is measured, by the world they live in. Each peer is one small function that opens it and yields its `map`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

from ..harness import Contender, Kind, Opens

#: Runs a function over items and returns the results as a list.
Map: TypeAlias = Callable[[Callable[..., Any], Any], list[Any]]
#: A peer that is not opened yet.
Peer: TypeAlias = Callable[[], AbstractContextManager[Map]]


def does(peer: Peer, func: Callable[..., Any], items: Any, after: Callable[[Any], Any] | None = None) -> Opens:
    """Return what opens a peer and has it do this work, and something with the results, which is timed too."""

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        with peer() as map_:
            yield (lambda: map_(func, items)) if after is None else (lambda: after(map_(func, items)))

    return opens


def bare(name: str, work: Callable[[], Any], kind: Kind = "bare") -> Contender:
    """Return a contender that needs nothing opened."""

    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        yield work

    return Contender(name, opens, kind)


@contextmanager
def loop() -> Iterator[Map]:
    """Do it in a plain loop."""
    yield lambda func, items: list(map(func, items))


def strategy(made: Any, verb: str = "map", **options: Any) -> Peer:
    """Do it with a strategy of ours, warm inside its `with`."""

    @contextmanager
    def peer() -> Iterator[Map]:
        with made:
            run = getattr(made, verb)
            yield lambda func, items: list(run(func, items, **options))

    return peer


def ours(
    made: Any,
    func: Callable[..., Any],
    items: Any,
    name: str = "",
    after: Callable[[Any], Any] | None = None,
    **options: Any,
) -> Contender:
    """Return ours as a contender: named "ours", and what sets this one apart."""
    return Contender(f"ours, {name}" if name else "ours", does(strategy(made, **options), func, items, after), "ours")
