"""Stream a large file through workers: results come while it is read, and never more than a window is in memory."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from concurrent_strategies import ProcessStrategy


def amount(line: str) -> int:
    """Take one line apart; a broken one costs itself only."""
    return json.loads(line)["amount"]


def lines(path: str) -> Iterator[str]:
    """Read a file line by line; the caller's own thread does it, as it takes results."""
    with Path(path).open() as file:
        yield from file


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for n in range(100_000):
            file.write("not json\n" if n == 50_000 else f'{{"amount": {n}}}\n')
        file.flush()
        total = failed = 0
        with ProcessStrategy().outcomes(amount, lines(file.name), buffersize=10_000) as outcomes:
            for outcome in outcomes:
                if hasattr(outcome, "value"):
                    total += outcome.value
                else:
                    failed += 1
                    print(f"line {outcome.index + 1}: {type(outcome.error).__name__}")
    print(f"total {total}, {failed} failed")
