"""What the workers of a run say, as a limit that adapts wants to hear it. A run on any other limit has none of this."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from .._autolimit import Answer, AutoLimit
from .._limit import Lease, Limit
from .port import Chunk, Done, Failed, Report
from .refusals import refusal


class Feedback:
    """Tells a limit what becomes of the calls of one run.

    Args:
        limit: the limit.
        lease: the run's part of it.
        task_timeout: seconds after which an item is overdue.
    """

    def __init__(self, limit: AutoLimit, lease: Lease, task_timeout: float | None) -> None:
        self._limit = limit
        self._lease = lease
        self._task_timeout = task_timeout or 0.0
        self._busy = 0

    @property
    def due(self) -> float:
        """When the limit changes even if nothing is reported."""
        return self._limit.due

    def heard(self, reports: Iterable[Report], busy: int, now: float) -> None:
        """Pass on what was reported.

        Args:
            reports: what the port has said.
            busy: calls that were under way before that.
            now: the time.
        """
        answers: list[Answer] = []
        for report in reports:
            if isinstance(report, Done):
                # Short items that were run as a group are one answer: they did not wait for anybody.
                each: Sequence[float] = report.each or (report.seconds / len(report.values),)
                answers.extend(map(Answer, each))
            elif isinstance(report, Failed) and (wait := self._wait(report.error)) is not None:
                answers.append(Answer(report.seconds or 0.0, wait, report.worker))
        self._busy = busy
        if answers or now >= self._limit.due:
            self._limit.learn(answers, self._lease, busy, now, time.process_time())

    def stopped(self, chunk: Chunk, index: int, now: float) -> None:
        """Pass on that a call is ended because it took too long; nothing will be reported of it."""
        overdue = Answer(self._task_timeout, 0.0, (chunk.id, index))
        self._limit.learn((overdue,), self._lease, self._busy, now, time.process_time())

    def _wait(self, error: BaseException) -> float | None:
        if (wait := refusal(error)) is None and self._limit.refused is not None and self._limit.refused(error):
            return 0.0
        return wait


def feedback(limit: Limit, lease: Lease, items: int | None, task_timeout: float | None) -> Feedback:
    """Begin to tell a limit that adapts of a run, which has so many items, where that is known."""
    assert isinstance(limit, AutoLimit)
    if items is not None:
        limit.expect(items)
    return Feedback(limit, lease, task_timeout)
