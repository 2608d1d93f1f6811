"""`process`: OS processes. For work that keeps the CPU busy in Python; with `inner`, for work that also waits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from typing_extensions import Unpack

from .._core.base import BaseStrategy, Job
from .._core.crew import Setup
from .._core.port import Port
from .._errors import InvalidOption
from .._machine import usable_cores
from .._options import MaxWorkers, RunDefaults
from .._ports.echo import checked_relay
from .._ports.launch import launcher
from .._ports.nesting import environment
from .._ports.processes import ProcessCrew
from .._ports.remote import RemotePort
from .._strategy import Strategy, Traits


class ProcessStrategy(BaseStrategy):
    """Calls in worker processes, which use all cores also for code that holds the GIL.

    Functions, items and results are pickled; lambdas, closures and what is defined in `__main__` or a notebook go by
    value, so a script needs no `__main__` guard. A call that is overdue is killed with its process, which is replaced.

    Args:
        max_workers: processes at most; default the usable cores, which is what `"auto"` is here.
        start_method: `"forkserver"` forks a small clean server; `"spawn"` starts an interpreter for each worker;
            `"fork"` forks this process, which is fastest and inherits the locks that other threads hold.
        initializer: called once in each process, with `initargs`.
        initargs: its arguments.
        worker_resource: makes something for each process, which items get by `worker_resource()`.
        relay: what items say that is said again in this process: `"logging"` (its loggers and handlers), `"warnings"`,
            `"stdout"`, `"stderr"`. What is not relayed goes where the worker's own streams go.
        inner: a strategy to run inside each process: `AsyncioStrategy(50)` makes N processes with 50 coroutines each.
        options: any option of a run, as this strategy's default.
    """

    name = "process"
    traits: Traits = Traits(parallel_cpu=True, isolated=True, interrupts=frozenset({"plain", "async"}))
    settings: ClassVar[tuple[str, ...]] = (
        "start_method",
        "initializer",
        "initargs",
        "worker_resource",
        "relay",
        "inner",
    )
    start_method: str = "forkserver" if sys.platform == "linux" else "spawn"
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    worker_resource: Callable[[], Any] | None = None
    relay: tuple[str, ...] = ("logging",)
    inner: BaseStrategy | None = None

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        start_method: str | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        worker_resource: Callable[[], Any] | None = None,
        relay: Iterable[str] = ("logging",),
        inner: Strategy | None = None,
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        if start_method is not None:
            self.start_method: str | None = start_method
        launcher(self.start_method)  # refuses a method that does not exist
        if inner is not None and (not isinstance(inner, BaseStrategy) or inner.traits.isolated):
            raise InvalidOption(
                "inner", inner, "it must be a strategy that runs within one process, made from our base"
            )
        if inner is not None:
            inner.shape("plain")  # refuses if it cannot be had inside
        self.initializer = initializer
        self.initargs = initargs
        self.worker_resource = worker_resource
        self.relay = checked_relay(relay)
        self.inner = inner
        self.check_setup()

    def default_workers(self) -> int:
        """Return the usable cores."""
        return max(1, int(usable_cores()))

    def prefers_async(self) -> bool:
        """Take the coroutine function of a `dual` callable if the inner strategy does."""
        return self.inner is not None and self.inner.prefers_async()

    def hire(self, workers: int) -> ProcessCrew:
        """Keep processes between runs; they are started when first needed."""
        share = max(1, int(usable_cores()) // workers)
        settings = {
            "setup": Setup(self.initializer, self.initargs, self.worker_resource),
            "relay": self.relay,
            "inner": self.inner,
            "workers": self.inner.most() if self.inner is not None else 1,
        }
        # A process strategy inside a worker shares the machine instead of multiplying.
        return ProcessCrew(launcher(self.start_method), environment(self.name, share), settings)

    def open(self, job: Job) -> Port:
        """Open the remote port; behind it, in each process, stands a lane or the inner strategy's port."""
        assert isinstance(job.crew, ProcessCrew)
        if self.inner is None:
            return RemotePort(job.call, job.crew)
        seats, span = self.inner.shape(job.call.colour)
        return RemotePort(job.call, job.crew, seats=seats, span=span)
