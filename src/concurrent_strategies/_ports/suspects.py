"""Items that workers die of when they merely read them: found out by reading them alone, and then handed out no more.

Nothing is known of what was never announced, so it goes to another worker. An item whose unpickling ends the process
would end one worker after the other in that way, and its neighbours would never be run.
"""

from __future__ import annotations

from collections import Counter

READINGS = 3  # deaths under the reading of one item alone: then it is no accident


class Suspects:
    """What workers of one run have died of reading."""

    def __init__(self) -> None:
        self._to_be_read_alone: set[int] = set()
        self._deaths: Counter[int] = Counter()

    def among(self, first: int, count: int) -> bool:
        """Tell whether these items are to be sent one by one."""
        if not self._to_be_read_alone:
            return False
        return not self._to_be_read_alone.isdisjoint(range(first, first + count))

    def read(self, first: int, count: int) -> bool:
        """Note that a worker has died while it read these; return whether it is known now which one it dies of."""
        self._to_be_read_alone.update(range(first, first + count))
        if count > 1:
            return False
        self._deaths[first] += 1
        return self._deaths[first] >= READINGS
