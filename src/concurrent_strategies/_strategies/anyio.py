"""`asyncio` and `trio`: many items waiting at once, as tasks of one event loop. For slow I/O, many connections."""

from __future__ import annotations

import select
import sys
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from typing_extensions import Unpack

from .._core.base import BaseStrategy, Job
from .._core.call import ASYNC
from .._core.loops import serve_asyncio, serve_trio
from .._core.port import Port
from .._errors import InvalidOption, StrategyUnavailable, suggestion
from .._options import MaxWorkers, RunDefaults
from .._ports.first import FirstPort
from .._ports.home import LoopCrew, Serve
from .._ports.loop import LoopPort
from .._strategy import Traits


class _LoopStrategy(BaseStrategy):
    """What both share: the table from the function's colour to a port."""

    traits: Traits = Traits(native_async=True, interrupts=frozenset({"async"}))
    worker_resource: Callable[[], Any] | None = None

    def default_workers(self) -> int:
        """Return 100."""
        return 100

    def auto_workers(self, colour: str) -> int:
        """Return 1000 for coroutines, and 256 for what may turn out to need threads."""
        return 1000 if colour == ASYNC else 256

    @abstractmethod
    def serve(self) -> Serve:
        """Return what runs such a loop in a thread."""

    def shape(self, colour: str) -> tuple[int, int]:
        """Return one seat with all calls for coroutines, and a seat each for calls that may turn out to be plain."""
        return (1, self.most()) if colour == ASYNC else (self.most(), 1)

    def hire(self, workers: int) -> LoopCrew:
        """Keep loops between runs, and threads for plain functions."""
        return LoopCrew(self.name, self.serve(), self.worker_resource)

    def open(self, job: Job) -> Port:
        """Open the loop port for coroutine functions; for others, what the first item tells to be right."""
        crew = job.crew
        assert isinstance(crew, LoopCrew)
        warm = self.warm()
        keep = warm is not None and warm[0] is crew
        loop = LoopPort(job.call, crew.home(job.loop), keep=keep, elsewhere=partial(crew.home, None))
        if job.call.colour == ASYNC:
            return loop
        return FirstPort(job.call, crew.threads, loop, resource=self.worker_resource is not None)


class AsyncioStrategy(_LoopStrategy):
    """Coroutines as tasks of one asyncio event loop: for slow I/O with many connections.

    An async verb that is awaited under asyncio runs its items on that very loop; any other call has a loop of its own
    in a thread, also where one is running already, as in Jupyter. A plain function runs in worker threads.

    Args:
        max_workers: calls at once; default 100. `"auto"` finds how many, up to 1000, or 256 for plain functions.
        loop: what the loops are that it makes itself: `"asyncio"`, or `"uvloop"` (the extra `uvloop`).
        worker_resource: makes something for each loop, such as an HTTP session, which items get by
            `worker_resource()`. It is entered and exited in the loop, asynchronously if it can be.
        options: any option of a run, as this strategy's default.

    Raises:
        StrategyUnavailable: if uvloop is asked for and not installed.
        InvalidOption: for a bad option.

    Cost: about 1 us per item that does not wait; a loop of its own starts in about 0.5 ms.
    """

    name = "asyncio"
    settings: ClassVar[tuple[str, ...]] = ("loop", "worker_resource")
    loop: Literal["asyncio", "uvloop"] = "asyncio"

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        loop: Literal["asyncio", "uvloop"] = "asyncio",
        worker_resource: Callable[[], Any] | None = None,
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        if loop not in ("asyncio", "uvloop"):
            hint = suggestion(loop, ("asyncio", "uvloop"))
            raise InvalidOption("loop", loop, "it must be 'asyncio' or 'uvloop'", hint)
        if loop == "uvloop" and find_spec("uvloop") is None:
            raise StrategyUnavailable("asyncio with loop='uvloop'", "pip install 'concurrent-strategies[uvloop]'")
        self.loop = loop
        self.worker_resource = worker_resource
        self.check_setup()

    def serve(self) -> Serve:
        """Return what runs asyncio in a thread."""
        if self.loop == "asyncio":
            return serve_asyncio
        import uvloop

        return partial(serve_asyncio, factory=uvloop.new_event_loop)


class TrioStrategy(_LoopStrategy):
    """Coroutines as tasks of one trio event loop: for slow I/O with many connections, in code written for trio.

    As `AsyncioStrategy`, with trio for asyncio: an async verb that is awaited under trio runs its items there.

    Args:
        max_workers: calls at once; default 100. `"auto"` finds how many, up to 1000, or 256 for plain functions.
        worker_resource: makes something for each loop, which items get by `worker_resource()`. It is entered and
            exited in the loop, asynchronously if it can be.
        options: any option of a run, as this strategy's default.

    Raises:
        StrategyUnavailable: if trio is not installed.
        InvalidOption: for a bad option.

    Cost: about 2 us per item that does not wait.
    """

    name = "trio"
    settings: ClassVar[tuple[str, ...]] = ("worker_resource",)

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        worker_resource: Callable[[], Any] | None = None,
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        if find_spec("trio") is None:
            raise StrategyUnavailable("trio", "pip install 'concurrent-strategies[trio]'")
        self.worker_resource = worker_resource
        self.check_setup()

    def serve(self) -> Serve:
        """Return what runs trio in a thread."""
        if sys.platform == "linux" and not hasattr(select, "epoll"):
            remedy = "gevent has patched this program, and trio needs what that takes away; use asyncio or green"
            raise StrategyUnavailable("trio", remedy)
        return serve_trio
