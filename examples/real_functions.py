"""Real functions of one item, for `concurrent-strategies advise real_functions:NAME --items FILE`."""

import json
import sqlite3
import zlib
from contextlib import closing

import numpy

from concurrent_strategies import AutoStrategy

LINES = [f'{{"id": {n}, "name": "item {n}"}}' for n in range(3000)]
MATRIX = numpy.arange(90_000.0).reshape(300, 300) / 90_000


def compress(level):
    """Return how small a text becomes."""
    return len(zlib.compress("".join(LINES).encode() * 4, 1 + int(level) % 9))


def parse(first):
    """Return the sum of a field of many lines of JSON."""
    return sum(json.loads(line)["id"] for line in LINES[int(first) :])


def multiply(power):
    """Return a number of a product of matrices."""
    return round(float(numpy.linalg.matrix_power(MATRIX, 2 + int(power) % 8).trace()), 3)


def query(remainder):
    """Return what a query of a database says."""
    with closing(sqlite3.connect(":memory:")) as rows:
        rows.execute("create table numbers as select value from json_each(?)", [json.dumps(list(range(5000)))])
        return rows.execute("select sum(value) from numbers where value % 7 = ?", [int(remainder) % 7]).fetchone()[0]


for func in (compress, parse, multiply, query) if __name__ == "__main__" else ():
    print(func.__name__, AutoStrategy().map(func, range(1, 60))[0])  # finds out by itself what the advice would be
