"""A program without a `__main__` guard."""

import sys

from tests.faults.specs import make

print("main")


def plus_one(item: int) -> int:
    """Return one more."""
    return item + 1


strategy = make(sys.argv[1], 2)
print(strategy.map(plus_one, range(4)))
