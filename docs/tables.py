"""Writes the tables of the pages that follow from the code: run `python docs/tables.py` after a trait has changed."""

from __future__ import annotations

import re
from pathlib import Path

import concurrent_strategies
from concurrent_strategies import Traits

STRATEGIES = ("Sync", "Thread", "Process", "Green", "Asyncio", "Trio", "Auto")


def traits_table() -> str:
    """Return the table of what each strategy can do, one row for each."""
    head = ["", "CPU in parallel", "isolated", "native async", "stops", "owns workers"]
    rows = [head, ["---"] * len(head)]
    for prefix in STRATEGIES:
        cls = getattr(concurrent_strategies, f"{prefix}Strategy")
        rows.append([f"`{cls.__name__}`", *_cells(cls().traits)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(traits: Traits) -> list[str]:
    flags = [traits.parallel_cpu, traits.isolated, traits.native_async]
    return [*map(_yes, flags), ", ".join(sorted(traits.interrupts)) or "nothing", _yes(traits.owns_workers)]


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def with_traits(page: str) -> str:
    """Return the text of a page with its table of traits made anew."""
    return re.sub(r"(<!-- traits: .*-->\n)[\s\S]*(<!-- /traits -->)", rf"\1{traits_table()}\2", page)


if __name__ == "__main__":
    path = Path(__file__).with_name("strategies.md")
    path.write_text(with_traits(path.read_text()))
