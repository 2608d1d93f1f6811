"""What is measured: a file for each section, whose `cases(size)` yields its cases in the order of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from ..harness import Case

#: Section -> its file here.
SECTIONS = {
    "sync": "sync",
    "thread": "thread",
    "process": "process",
    "skew": "skew",
    "payload": "payload",
    "startup": "startup",
    "asyncio": "aio",
    "trio": "trio",
    "green": "green",
    "http": "web",
    "streaming": "streaming",
    "imports": "imports",
    "options": "options",
    "scaling": "scaling",
    "crash": "crash",
}


@dataclass(frozen=True)
class Size:
    """How large the cases are: as they are told, or so small that all of them take seconds."""

    quick: bool = False

    def __call__(self, n: int, least: int = 20) -> int:
        """Return how many items stand for so many."""
        return max(least, n // 2000) if self.quick else n


def cases_of(section: str, size: Size) -> Iterator[Case]:
    """Yield the cases of a section; its file is imported now, and not before."""
    module = import_module(f".{SECTIONS[section]}", __name__)
    yield from module.cases(size)
