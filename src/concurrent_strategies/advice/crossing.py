"""What it costs an item to cross a process border: size and time of pickling, and what a fresh process has to import.

Items and results are pickled here as the process strategies would, but sent nowhere. The import is made in a worker
process of the library's own, and only where processes come into question.
"""

from __future__ import annotations

import sys
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._errors import StrategyError
from .._worker.pickling import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Pickling that is shorter than this many seconds is done again, as the first time warms the caches.
AGAIN: Final = 0.001
#: The least part of its own pickling that an item adds to that of others.
LEAST: Final = 0.1
#: Seconds that a fresh process may take to import a module; it is ended then.
PATIENCE: Final = 20.0


class Crossing(NamedTuple):
    """What was found about one function and its items.

    Attributes:
        obstacle: what cannot be pickled and why; empty if all can.
        by_value: whether the function goes with its code, and not by its name.
        arg_bytes: of an item, on average.
        result_bytes: of a result, on average.
        seconds: to pickle an item and its result, among others.
        examples: how many were tried.
    """

    obstacle: str = ""
    by_value: bool = False
    arg_bytes: int = 0
    result_bytes: int = 0
    seconds: float = 0.0
    examples: int = 0


def crossing(func: Callable[..., Any], examples: Sequence[tuple[Any, Any]]) -> Crossing:
    """Pickle a function, and some of its items and results.

    Args:
        func: the function.
        examples: items with what they returned.
    """
    obstacle, code, _ = _pickled("the function", func)
    found = Crossing(obstacle, by_value=not obstacle and b"cloudpickle" in code)
    if obstacle or not examples:
        return found
    sizes, seconds = [0, 0], 0.0
    for pair in examples:
        for place, (name, value) in enumerate(zip(("an item", "a result"), pair, strict=True)):
            obstacle, body, took = _pickled(name, value)
            if obstacle:
                return found._replace(obstacle=obstacle)
            sizes[place] += len(body)
            seconds += took
    count = len(examples)
    # A chunk of items is pickled in one go: what it takes to begin is paid once for all of them.
    seconds = max(LEAST * seconds, seconds - 2 * count * _pickled("nothing", None)[2])
    return found._replace(
        arg_bytes=sizes[0] // count, result_bytes=sizes[1] // count, seconds=seconds / count, examples=count
    )


def _pickled(name: str, value: object) -> tuple[str, bytes, float]:
    """Return why a value cannot be pickled, or else its pickle and the seconds that took."""
    try:
        took = []
        while True:
            since = clock()
            body = joined(value)
            took.append(clock() - since)
            if took[0] > AGAIN or len(took) == 3:
                return "", body, min(took)
    except Exception as error:
        return f"{name} cannot be pickled ({type(error).__name__}: {_line(error)})", b"", 0.0


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 120 else text[:117] + "..."


def import_seconds(func: Callable[..., Any]) -> float | None:
    """Return the seconds that a fresh process takes to import a function's module; `None` if that cannot be told.

    About 0.1 s more than that: a worker process is started for it.
    """
    module = getattr(func, "__module__", None)
    if not isinstance(module, str) or module in ("__main__", "builtins") or module not in sys.modules:
        return None
    from .._strategies.process import ProcessStrategy

    try:
        with ProcessStrategy(1) as strategy:
            seconds: float = strategy.map(_import, [module], timeout=PATIENCE)[0]
    except (StrategyError, ImportError, OSError):
        return None
    except Exception:  # the user's own module may raise anything there
        return None
    return seconds


def _import(module: str) -> float:
    from importlib import import_module

    since = clock()
    import_module(module)
    return clock() - since
