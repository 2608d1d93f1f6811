"""A program whose function floods both streams, and reads stdin."""

import os
import sys

from tests.faults.specs import make

LINE = b"x" * 1023 + b"\n"


def flood(item: int) -> int:
    """Write a megabyte to each, past Python's own streams and through them; read what there is."""
    if item < 2:
        for fd in (1, 2):
            for _ in range(1024):
                os.write(fd, LINE)
    print("y" * 1000, flush=True)
    print("z" * 1000, file=sys.stderr, flush=True)
    assert os.read(0, 10) == b""
    return item


with make(sys.argv[1], 2) as strategy:
    for _ in range(2):
        assert strategy.map(flood, range(8)) == list(range(8))
print("all right", flush=True)
