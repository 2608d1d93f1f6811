"""`thread`: OS threads. For blocking I/O, and for native code that releases the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from typing_extensions import Unpack

from .._core.base import BaseStrategy, Job
from .._core.crew import Setup
from .._core.port import Port
from .._machine import usable_cores
from .._options import MaxWorkers, RunDefaults
from .._ports.thread_crew import ThreadCrew
from .._ports.threads import ThreadsPort
from .._strategy import Traits


class ThreadStrategy(BaseStrategy):
    """Calls in OS threads: for blocking I/O with a limited number of connections, and for native code without the GIL.

    A running thread cannot be stopped: an overdue call is abandoned, its thread is replaced, and `stuck` counts it.

    Args:
        max_workers: threads at most; default min(32, usable cores + 4). `"auto"` finds how many, up to 256.
        initializer: called once in each thread, with `initargs`.
        initargs: its arguments.
        worker_resource: makes something for each thread, such as a connection, which items get by `worker_resource()`.
        thread_name_prefix: begins the names of the threads.
        options: any option of a run, as this strategy's default.
    """

    name = "thread"
    traits: Traits = Traits()
    settings: ClassVar[tuple[str, ...]] = ("initializer", "initargs", "worker_resource", "thread_name_prefix")
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    worker_resource: Callable[[], Any] | None = None
    thread_name_prefix: str = "thread"

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        worker_resource: Callable[[], Any] | None = None,
        thread_name_prefix: str = "thread",
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        self.initializer = initializer
        self.initargs = initargs
        self.worker_resource = worker_resource
        self.thread_name_prefix = thread_name_prefix
        self.check_setup()

    def default_workers(self) -> int:
        """Return min(32, usable cores + 4), as the standard library does."""
        return min(32, int(usable_cores()) + 4)

    def auto_workers(self, colour: str) -> int:
        """Return 256: more threads at once cost more than they bring."""
        return 256

    def hire(self, workers: int) -> ThreadCrew:
        """Keep threads between runs."""
        setup = Setup(self.initializer, self.initargs, self.worker_resource)
        return ThreadCrew(setup, self.thread_name_prefix)

    def open(self, job: Job) -> Port:
        """Open the thread port for either colour: a coroutine runs on a loop that belongs to its thread."""
        assert isinstance(job.crew, ThreadCrew)
        return ThreadsPort(job.call, job.crew)
