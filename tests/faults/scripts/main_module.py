"""A program without a `__main__` guard that sends whatever its main module defines to its workers and back."""

from __future__ import annotations

import functools
import sys
import typing

from tests.faults.specs import make

SOURCE = """
import dataclasses
import enum
import typing

FACTOR = 3


def times(item):
    return item * FACTOR


inline = lambda item: [times(item), item * FACTOR][-1]


def recursive(item):
    return recursive(item - 1) + FACTOR if item else 0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Pair(typing.NamedTuple):
    left: int
    right: int


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    colour: Colour = Colour.RED

    def moved(self, by):
        return Point(self.x + by, Colour.BLUE)


class Unlucky(Exception):
    def __init__(self, number, why):
        super().__init__(number)
        self.why = why


def move(point):
    return point.moved(1)


def unlucky(item):
    if item == 3:
        raise Unlucky(item, "because")
    return item


def set_up(factor):
    global FACTOR
    FACTOR = factor


def main(item):
    return Pair(item, item)
"""


def check(strategy: typing.Any, names: typing.Any) -> None:
    """Send everything."""
    expected = [0, 3, 6, 9]
    assert strategy.map(names.times, range(4)) == expected
    assert strategy.map(names.recursive, range(4)) == expected
    assert strategy.map(names.inline, range(4)) == expected
    assert strategy.map(functools.partial(lambda by, item: by * item, 3), range(4)) == expected
    moved = strategy.map(names.move, [names.Point(x) for x in range(4)])
    assert moved == [names.Point(x + 1, names.Colour.BLUE) for x in range(4)], moved
    assert all(type(point) is names.Point and point.colour is names.Colour.BLUE for point in moved)
    assert strategy.map(names.Point(0).moved, range(1)) == [names.Point(0, names.Colour.BLUE)]
    assert all(type(pair) is names.Pair for pair in strategy.map(names.main, range(40)))
    assert strategy.map(names.Point, range(2)) == [names.Point(0), names.Point(1)]
    assert strategy.map(names.Colour, [1, 2]) == [names.Colour.RED, names.Colour.BLUE]
    try:
        strategy.map(names.unlucky, range(8))
    except names.Unlucky as error:
        assert error.why == "because"
    else:
        raise AssertionError("no error")
    names.FACTOR = 5
    assert strategy.map(names.times, range(4)) == [0, 5, 10, 15]
    names.FACTOR = 3


exec(compile(SOURCE, "<cell>" if "notebook" in sys.argv else __file__, "exec"), globals())
if "notebook" in sys.argv:
    del __file__
module = sys.modules["__main__"]
with make(sys.argv[1], 2) as strategy:
    check(strategy, module)
    check(strategy, module)
with make(sys.argv[1], 2, initializer=module.set_up, initargs=(4,)) as strategy:
    assert set(strategy.map(module.times, [1] * 8)) <= {3, 4}
print("all right")
