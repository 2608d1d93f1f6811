"""A death as code written for `ProcessPoolExecutor` expects it; apart, because its module loads multiprocessing."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool

from ._deaths import WorkerDied


class PoolWorkerDied(WorkerDied, BrokenProcessPool):
    """A worker died under a call that was submitted to an executor; the executor goes on with another."""
