"""Reading 1 MB that the system has in memory already: copying, and next to no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from . import native, scaled

EXPECTED = {"sync", "thread"}
truth = native(held=0.1)


def func(path: str) -> int:
    """Read, and count."""
    return len(Path(path).read_bytes())


@contextmanager
def items(size: float) -> Iterator[list[str]]:
    """Make the file; the items are its path."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "block"
        path.write_bytes(bytes(1 << 20))
        yield [str(path)] * scaled(500, size)
