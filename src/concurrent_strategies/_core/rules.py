"""The options that the rules of a run depend on."""

from __future__ import annotations

from dataclasses import dataclass

from .._options import Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What was asked for, with every default filled in; `Options` says what each means.

    `cautious` is to hand out more than one item at a time only once items are known to be short that did not fail;
    `window` is `buffersize` (`None`: the whole input), `fail_fast` is `on_error="raise"`, and `task_timeout` is `None`
    also where calls cannot be judged before they return.
    """

    ordered: bool = True
    fail_fast: bool = False
    window: int | None = None
    chunksize: int | None = None
    cautious: bool = False
    timeout: float | None = None
    task_timeout: float | None = None
    retry: Retry | None = None
    rate: float | None = None
    max_failures: float | None = None

    def allowed(self, done: int, total: int | None) -> float:
        """Return how many items may fail of those that are done, where `max_failures` bounds that."""
        limit = float("inf") if self.max_failures is None else self.max_failures
        if limit >= 1:
            return limit
        if total is not None:
            return max(1.0, limit * total)
        return limit * done if done >= 20 else float("inf")
