"""`strategy.executor()`: a `concurrent.futures.Executor` over a strategy, for code that wants futures.

It is one run that has no end of its input: `submit` puts a call in a queue, and a thread of the executor's own drives
the run for as long as there is an executor. A call leaves the queue only when a worker is free for it, so that until
then its future can be cancelled.
"""

from __future__ import annotations

import atexit
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ._core.drive import Engine
from ._core.shelf import Fault
from ._deaths import WorkerDied
from ._errors import NotPicklable, rebuild

if TYPE_CHECKING:
    from ._core.base import BaseStrategy

P = ParamSpec("P")
T = TypeVar("T")

AT_EXIT = 5.0  # seconds that the interpreter's exit waits for what was submitted


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
        self._max_workers = strategy.most()  # dask and others ask every executor for it, private as it is
        self._pump = _Pump(strategy.endless(apply))
        self._thread = threading.Thread(target=self._pump.run, name=f"{strategy.name}-executor", daemon=True)
        self._thread.start()
        # The thread knows the pump, not this object: an executor that is dropped ends by itself.
        weakref.finalize(self, self._pump.shut).atexit = False
        self._at_exit = partial(_wait_at_exit, self._pump, self._thread)
        atexit.register(self._at_exit)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `fn(*args, **kwargs)` called by a worker.

        Returns:
            the future of its result.

        Raises:
            RuntimeError: after `shutdown`.
        """
        future: Future[T] = Future()
        self._pump.put(future, (fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more; finish what was submitted, or cancel what has not started.

        Args:
            wait: return only when everything has ended.
            cancel_futures: cancel the calls that no worker has begun.
        """
        if cancel_futures:
            self._pump.queue.cancel()
        self._pump.shut()
        if wait:
            atexit.unregister(self._at_exit)
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


def _wait_at_exit(pump: _Pump, thread: threading.Thread) -> None:
    """Let what was submitted end before the interpreter does, within the time that exit may take."""
    pump.shut()
    thread.join(AT_EXIT)


class _Pump:
    """Moves calls from the queue into the run, and outcomes from the run into futures.

    Nothing that was submitted or returned may be held longer than needed: not by a variable of a loop that waits.
    """

    def __init__(self, engine: Engine) -> None:
        self.queue = _Queue()
        self._engine = engine
        self._lock = threading.RLock()
        self._futures: dict[int, Future[Any]] = {}

    def put(self, future: Future[Any], job: Any) -> None:
        """Queue a call; where a worker is free for it, it begins before this returns."""
        self.queue.put(future, job)
        if self._engine.wants:
            self._feed()
        self._engine.port.bell.ring()

    def shut(self) -> None:
        """Take nothing more."""
        self.queue.closed = True
        self._engine.port.bell.ring()

    def run(self) -> None:
        """Drive until nothing more can come, and everything that was submitted has its outcome."""
        engine = self._engine
        try:
            while not self._over:
                self._feed()
                seconds = engine.turn()
                if not (self._settle() or (engine.wants and self.queue.waiting) or self._over):
                    engine.wait(seconds)
        finally:
            for seconds in engine.closing(hurry=False):
                engine.port.bell.wait(seconds)

    @property
    def _over(self) -> bool:
        return self.queue.over and not self._futures

    def _feed(self) -> None:
        """Hand over as many calls as there are workers free for."""
        with self._lock:
            for future, job in self.queue.take(self._engine.wants):
                self._futures[self._engine.run.read] = future
                self._engine.fed([job])

    def _settle(self) -> bool:
        """Set the futures of what is finished; return whether anything is."""
        entries = self._engine.take()
        for entry in entries:
            if isinstance(entry, Fault):
                self._futures.pop(entry.first).set_exception(_as_expected(entry.error))
                entry.of(None)
                continue
            values = entry.values
            while values:
                # Off the end, and never through a name: whoever takes a result must be the only one who has it.
                self._futures.pop(entry.first + len(values) - 1).set_result(values.pop())
        return bool(entries)


def _as_expected(error: BaseException) -> BaseException:
    """Return an error as code that was written for the standard library's executors expects it."""
    if isinstance(error, NotPicklable) and error.original is not None:
        return error.original
    pools = sys.modules.get("concurrent.futures.process")
    if pools is not None and isinstance(error, WorkerDied):
        from ._pool_death import PoolWorkerDied

        return rebuild(PoolWorkerDied, error.args, error.__dict__)
    return error
