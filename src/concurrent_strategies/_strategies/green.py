"""`green`: gevent's greenlets. For slow I/O with many connections in plain blocking code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, ClassVar

from typing_extensions import Unpack

from .._core.base import BaseStrategy, Job
from .._core.crew import Crew, Setup
from .._core.port import Port
from .._errors import InvalidOption, StrategyUnavailable
from .._options import MaxWorkers, RunDefaults
from .._ports.native import is_patched
from .._strategy import Traits

ISOLATED = Traits(isolated=True, interrupts=frozenset({"plain", "async"}))
IN_PLACE = Traits(interrupts=frozenset({"plain", "async"}))
PATCH = "from concurrent_strategies._ports.patch import patch; patch(); "


class GreenStrategy(BaseStrategy):
    """Calls in gevent's greenlets: plain blocking code that waits cooperatively, many calls at a time in one thread.

    In a program that gevent has patched they run in place. In any other they run in a child process that is patched
    before it imports anything else, so that the caller's program stays as it is; functions, items and results are then
    pickled. Coroutine functions run on an event loop in a native thread beside the greenlets.

    In place, a call that keeps the processor busy stops everything else in its thread, time-outs included. In an
    unpatched program with `isolate=False`, greenlets move only while their thread waits in gevent: inside a verb, or
    where the consumer of a stream waits cooperatively. Async verbs and `executor()` have a thread with a hub of their
    own there.

    Args:
        max_workers: calls at once; default 100. `"auto"` finds how many, up to 1000.
        isolate: whether to use a child process; default: only if the program is not patched.
        initializer: called once in each greenlet, with `initargs`.
        initargs: its arguments.
        worker_resource: makes something for each greenlet, such as a connection, which items get by
            `worker_resource()`.
        options: any option of a run, as this strategy's default.

    Raises:
        StrategyUnavailable: if gevent is not installed.
        InvalidOption: for a bad option.

    Cost: about 0.2 us per item that does not wait, in place; a child process starts in about 0.3 s, once for each run
    or, inside `with`, for each run that is under way at the same time.
    """

    name = "green"
    traits: Traits = ISOLATED
    settings: ClassVar[tuple[str, ...]] = ("isolate", "initializer", "initargs", "worker_resource")
    isolate: bool | None = None
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    worker_resource: Callable[[], Any] | None = None

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        isolate: bool | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        worker_resource: Callable[[], Any] | None = None,
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        if find_spec("gevent") is None:
            raise StrategyUnavailable("green", "pip install gevent")
        if isolate is not None and not isinstance(isolate, bool):
            raise InvalidOption("isolate", isolate, "it must be True, False or None")
        self.isolate = isolate
        self.initializer = initializer
        self.initargs = initargs
        self.worker_resource = worker_resource
        self.check_setup()
        self._settle()

    def _settle(self) -> None:
        """Decide where the greenlets live: that depends on the program, which may be another one after unpickling."""
        isolated = not is_patched() if self.isolate is None else self.isolate
        self.traits = ISOLATED if isolated else IN_PLACE

    def check_open(self) -> None:
        """Raise `StrategyClosed` after `close`."""
        super().check_open()
        if self.warm() is None:
            self._settle()

    def default_workers(self) -> int:
        """Return 100."""
        return 100

    def auto_workers(self, colour: str) -> int:
        """Return 1000."""
        return 1000

    def shape(self, colour: str) -> tuple[int, int]:
        """Return one seat with all calls."""
        return 1, self.most()

    def hire(self, workers: int) -> Crew:
        """Keep greenlets between runs, or the processes that they live in."""
        setup = Setup(self.initializer, self.initargs, self.worker_resource)
        if not self.traits.isolated:
            from .._ports.green_crew import GreenCrew

            return GreenCrew(setup)
        from .._ports.inside import Inside
        from .._ports.launch import SpawnLauncher
        from .._ports.nesting import environment
        from .._ports.processes import ProcessCrew

        settings = {
            "setup": Setup(),
            "relay": ("logging",),
            "inner": Inside(setup),
            "workers": workers,
        }
        return ProcessCrew(SpawnLauncher(PATCH), environment(self.name, None), settings)

    def open(self, job: Job) -> Port:
        """Open the port for greenlets here, or for those in a child process; either takes both colours."""
        if self.traits.isolated:
            from .._ports.isolated import IsolatedPort
            from .._ports.processes import ProcessCrew

            assert isinstance(job.crew, ProcessCrew)
            return IsolatedPort(job.call, job.crew)
        from .._ports.green_crew import GreenCrew
        from .._ports.greenlets import GreenletsPort

        assert isinstance(job.crew, GreenCrew)
        return GreenletsPort(job.call, job.crew, apart=job.apart, looped=job.loop is not None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._settle()
