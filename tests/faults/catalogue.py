"""The table: which fault is injected how, into which strategies, and what bounds it. The `cases_*` modules fill it.

A *case* is a function that gets a `Probe` and runs in a bench: a process that has only to do with one strategy. A
*program* is a script of its own in `scripts/`, for what concerns a whole program: its end, its signals, its streams.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from .harness import Program
    from .probe import Probe

Body: TypeAlias = "Callable[[Probe], None]"


class Case(NamedTuple):
    """One fault.

    Attributes:
        row: its id in the catalogue.
        name: what is done; unique within the row.
        body: does it and checks the outcome.
        kinds: letters of the strategies it is for, as in `specs`.
        bound: seconds it may take.
        alone: whether it needs a process of its own, because it harms the one it runs in.
        noise: what may be found on stderr; nothing, usually.
        environment: variables to set for the process; an own process then.
        shell: how the process is started, where that is the fault: a shell command with `"$@"` in it.
    """

    row: str
    name: str
    body: Body
    kinds: str
    bound: float
    alone: bool = False
    noise: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    shell: str = ""

    @property
    def own_process(self) -> bool:
        """Whether nothing else runs in its process."""
        return self.alone or bool(self.environment) or bool(self.shell)

    def quiet(self, stderr: str) -> bool:
        """Tell whether this is all that may be found on stderr."""
        return re.fullmatch(self.noise, stderr, re.DOTALL) is not None


class Script(NamedTuple):
    """One fault of a whole program.

    Attributes:
        row: its id in the catalogue.
        name: the file in `scripts/`.
        kinds: letters of the strategies it is for.
        bound: seconds from what `act` does, or from the start, to the end of the program.
        act: what is done to it from outside; returns when the clock starts.
        status: how it must end, as `subprocess` counts it.
        output: what it must print.
        noise: what may be found on stderr.
        arguments: after the name of the strategy.
        lingering: seconds that its processes may outlive it.
    """

    row: str
    name: str
    kinds: str
    bound: float
    act: Callable[[Program], None] | None = None
    status: tuple[int, ...] = (0,)
    output: str = ""
    noise: str = ""
    arguments: tuple[str, ...] = ()
    lingering: float = 6.0


CASES: dict[str, Case] = {}
SCRIPTS: dict[str, Script] = {}


def case(row: str, kinds: str, bound: float, **more: Any) -> Callable[[Body], Body]:
    """Enter a function into the table under its own name."""

    def enter(body: Body) -> Body:
        add(Case(row, body.__name__, body, kinds, bound, **more))
        return body

    return enter


def add(entry: Case | Script) -> None:
    """Enter a row into the table."""
    table: dict[str, Any] = SCRIPTS if isinstance(entry, Script) else CASES
    words = [entry.name.removesuffix(".py"), *(entry.arguments if isinstance(entry, Script) else ())]
    key = f"{entry.row}-{'-'.join(words)}"
    if key in table:
        raise ValueError(f"{key} is in the table already")
    table[key] = entry


def load() -> None:
    """Fill the table."""
    from . import (  # noqa: F401  (each enters its cases)
        cases_async,
        cases_death,
        cases_errors,
        cases_input,
        cases_nesting,
        cases_pickle,
        cases_start,
        cases_stop,
        cases_values,
        programs,
    )
