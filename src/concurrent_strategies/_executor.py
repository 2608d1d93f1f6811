"""`strategy.executor()`: a `concurrent.futures.Executor` over a strategy, for code that wants futures.

It is one run that has no end of its input: `submit` puts a call in a queue, and a thread of the executor's own drives
the run for as long as there is an executor. A call leaves the queue only when a worker is free for it, so that until
then its future can be cancelled.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ._core.drive import Engine
from ._core.shelf import Fault

if TYPE_CHECKING:
    from ._core.base import BaseStrategy

P = ParamSpec("P")
T = TypeVar("T")


def apply(job: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]) -> Any:
    """Make the call that was submitted; this is the function of the executor's run."""
    func, args, kwargs = job
    return func(*args, **kwargs)


class StrategyExecutor(Executor):
    """Runs what is submitted on a strategy's workers.

    Args:
        strategy: is used as it is: warm inside its `with` block, else with workers that live as long as the executor.
    """

    def __init__(self, strategy: BaseStrategy) -> None:
        self._queue = _Queue()
        self._engine = strategy.endless(apply)
        self._thread = threading.Thread(
            target=_drive, args=(self._engine, self._queue), name=f"{strategy.name}-executor", daemon=True
        )
        self._thread.start()
        # The thread knows the engine and the queue, not this object: an executor that is dropped ends by itself.
        weakref.finalize(self, _shut, self._engine, self._queue)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `fn(*args, **kwargs)` called by a worker.

        Returns:
            the future of its result.

        Raises:
            RuntimeError: after `shutdown`.
        """
        future: Future[T] = Future()
        self._queue.put(future, (fn, args, kwargs))
        self._engine.port.bell.ring()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more; finish what was submitted, or cancel what has not started.

        Args:
            wait: return only when everything has ended.
            cancel_futures: cancel the calls that no worker has begun.
        """
        if cancel_futures:
            self._queue.cancel()
        _shut(self._engine, self._queue)
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()


class _Queue:
    """What was submitted and no worker has: futures with their calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[Any], Any]] = deque()
        self.closed = False

    def put(self, future: Future[Any], job: Any) -> None:
        with self._lock:
            if self.closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append((future, job))

    def take(self, most: int) -> list[tuple[Future[Any], Any]]:
        """Return up to `most` calls whose futures have not been cancelled, and mark these as running."""
        taken: list[tuple[Future[Any], Any]] = []
        with self._lock:
            while self._waiting and len(taken) < most:
                future, job = self._waiting.popleft()
                if future.set_running_or_notify_cancel():
                    taken.append((future, job))
        return taken

    def cancel(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for future, _ in waiting:
            future.cancel()
            future.set_running_or_notify_cancel()

    @property
    def waiting(self) -> bool:
        """Whether a call waits for a worker."""
        return bool(self._waiting)

    @property
    def over(self) -> bool:
        """Whether nothing is left and nothing more can come."""
        with self._lock:
            return self.closed and not self._waiting


def _shut(engine: Engine, queue: _Queue) -> None:
    queue.closed = True
    engine.port.bell.ring()


def _drive(engine: Engine, queue: _Queue) -> None:
    """Drive the run until the executor is shut down or gone, and everything submitted has its outcome."""
    futures: dict[int, Future[Any]] = {}
    count = 0
    try:
        while not (queue.over and not futures):
            taken = queue.take(engine.wants)
            for future, _ in taken:
                futures[count] = future
                count += 1
            if taken:
                engine.fed([job for _, job in taken])
                taken.clear()
            seconds = engine.turn()
            entries = engine.take()
            for entry in entries:
                _settle(futures, entry)
            if not entries and not (engine.wants and queue.waiting):
                engine.port.bell.wait(seconds)
            del entries
    finally:
        for seconds in engine.closing(hurry=False):
            engine.port.bell.wait(seconds)


def _settle(futures: dict[int, Future[Any]], entry: Any) -> None:
    if isinstance(entry, Fault):
        futures.pop(entry.first).set_exception(entry.error)
        return
    for index, value in enumerate(entry.values, entry.first):
        futures.pop(index).set_result(value)
