"""`auto`: begins at once, measures the first items while they run, and goes on with the strategy that pays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import Unpack

from .._core.base import BaseStrategy, Job
from .._core.call import ASYNC
from .._core.crew import Crew, Setup
from .._core.item import occupied
from .._errors import InvalidOption, StrategyClosed
from .._options import MaxWorkers, RunDefaults
from .._ports.native import is_patched
from .._ports.thread_crew import ThreadCrew
from .._registry import load
from .._strategy import Traits
from .autoloop import AutoLoop
from .autoport import Freedom
from .autothreads import AutoThreads
from .eager import EARLY
from .plan import Plan
from .scout import ScoutPort

if TYPE_CHECKING:
    from .._core.port import Port
    from .profile import WorkloadProfile
    from .thinking import Thinker

#: Calls at once that are chosen at most, by `sizing.py`, too.
MOST: Final = 1000


class AutoStrategy(BaseStrategy):
    """Chooses for itself: starts with the first item, looks what items are, and goes on with what pays.

    Plain functions begin in one thread; after 2 to 60 ms the model of `advise` says what to go on with: more threads,
    processes, processes of threads, or as it is. What evidently waits gets up to 64 threads until then. Coroutines
    begin as tasks of one event loop, and go on in several processes if they compute, or in threads if they block. No
    item is run twice and none is lost on the way; the run is looked at again while it goes on, and changes course twice
    at most.

    To worker processes go only functions that can be pickled and leave nothing behind in this process, as far as can
    be seen: not those that assign to outer variables, nor closures over things that can be changed. What is known
    better can be said: `profile={"shared_state": False}`. In a program patched by gevent, calls are greenlets.

    Args:
        max_workers: calls at once, at most, whatever is chosen; default: what the choice says, at most 1000. With
            `"auto"` or an `AutoLimit` also what others can take, who may refuse.
        profile: what you know about the work, as for `advise`: a `WorkloadProfile` or a mapping of its fields, such as
            `{"max_connections": 8}` or `{"thread_safe": False}`.
        initializer: called once in each worker, whatever that is then, with `initargs`.
        initargs: its arguments.
        worker_resource: makes something for each worker, which items get by `worker_resource()`.
        options: any option of a run, as this strategy's default.

    Attributes:
        chosen: the spec of what the last run went on with, such as `"process:4"`; `""` before.

    Raises:
        InvalidOption: for a bad option.

    Cost: 0.1 ms per run, and at most a few per cent of the first 60 ms of work.
    """

    name = "auto"
    traits: Traits = Traits(parallel_cpu=True, native_async=True, interrupts=frozenset({"async"}))
    settings: ClassVar[tuple[str, ...]] = ("profile", "initializer", "initargs", "worker_resource")
    profile: WorkloadProfile | None = None
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    worker_resource: Callable[[], Any] | None = None

    def __init__(
        self,
        max_workers: MaxWorkers = None,
        *,
        profile: WorkloadProfile | Mapping[str, Any] | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        worker_resource: Callable[[], Any] | None = None,
        **options: Unpack[RunDefaults],
    ) -> None:
        super().__init__(max_workers, **options)
        if profile is not None:
            from .profile import WorkloadProfile

            self.profile = WorkloadProfile.of(profile)
        if self.profile is not None and self.profile.main_thread_only and (initializer or worker_resource):
            name = "initializer" if initializer else "worker_resource"
            raise InvalidOption(name, initializer or worker_resource, "with main_thread_only there are no workers")
        self.initializer = initializer
        self.initargs = initargs
        self.worker_resource = worker_resource
        self._chosen: Plan | None = None
        self.check_setup()

    @property
    def chosen(self) -> str:
        """The spec of what the last run went on with; empty before."""
        return "" if self._chosen is None else self._chosen.spec()

    def default_workers(self) -> int:
        """Return 1000, the most that is ever chosen."""
        return MOST

    def auto_workers(self, colour: str) -> int:
        """Return 1000, the most that is ever chosen: what others can take is then found on the way."""
        return MOST

    def shape(self, colour: str) -> tuple[int, int]:
        """Refuse: what runs inside processes has to be named."""
        raise InvalidOption("inner", self, "auto chooses for itself what runs inside processes; name a strategy here")

    def hire(self, workers: int) -> Crew:
        """Keep the workers of whatever has been chosen."""
        return AutoCrew(Setup(self.initializer, self.initargs, self.worker_resource))

    def open(self, job: Job) -> Port:
        """Open the port that begins."""
        crew = job.crew
        assert isinstance(crew, AutoCrew)
        if (fixed := _fixed(self.profile)) is not None:
            self._told(fixed)
            return crew.open(fixed, job)

        def here(plan: Plan) -> Plan:
            return _on_loops_of(job, plan)

        most = min(job.workers, _connections(self.profile) or job.workers)
        context = job.call.context
        nested = context is not None and len(context.get(occupied, ())) > 1

        def thinker() -> Thinker:
            from .thinking import Thinker

            return Thinker(job.call, self.profile, job.items, most, nested=nested)

        freedom = Freedom(
            most=most,
            items=job.items,
            thinker=thinker,
            opened=lambda plan: crew.open(here(plan), job),
            told=lambda plan: self._told(here(plan)),
        )
        if job.call.colour == ASYNC:
            return AutoLoop(crew.open(here(Plan("asyncio", most)), job), freedom)
        early = 1 if self.profile is not None and self.profile.thread_safe is False else min(EARLY, most)
        return AutoThreads(ScoutPort(job.call, crew.threads), early, freedom)

    def _told(self, plan: Plan) -> None:
        self._chosen = plan


def _fixed(declared: WorkloadProfile | None) -> Plan | None:
    """Return what there is to do without looking, if there is no choice."""
    if declared is not None and declared.main_thread_only:
        return Plan("sync")
    return Plan("green", MOST) if is_patched() else None


def _connections(declared: WorkloadProfile | None) -> int | None:
    """Return how many calls at once the other side allows, as far as that was said."""
    if declared is None:
        return None
    if declared.max_connections is None and declared.connections == "few":
        from .demands import FEW

        return FEW
    return declared.max_connections


def _on_loops_of(job: Job, plan: Plan) -> Plan:
    """Return a plan with the kind of loop that the caller has: coroutines that are awaited under trio are trio's."""
    if job.loop is None or job.loop.name != "trio":
        return plan
    outer, inner = ("trio" if name == "asyncio" else name for name in (plan.strategy, plan.inner))
    return plan._replace(strategy=outer, inner=inner)


class AutoCrew(Crew):
    """The strategies that were chosen, with their workers, until the crew is closed.

    Args:
        setup: what each worker does first and last.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._lock = threading.Lock()
        self._over = False
        self._strategies: dict[str, BaseStrategy] = {}
        self.threads: ThreadCrew = ThreadCrew(setup, "auto")

    def open(self, plan: Plan, job: Job) -> Port:
        """Open a port for a plan, with the workers that are there already, if there are any.

        Raises:
            StrategyError: if it cannot be had.
        """
        with self._lock:
            if self._over:
                raise StrategyClosed("the strategy was closed while a run was under way")
            key = plan.spec() if plan.inner or plan.strategy == "process" else plan.strategy
            strategy = self._strategies.get(key)
            if strategy is None:
                strategy = self._strategies[key] = self._made(plan)
                strategy.__enter__()
            warm = strategy.warm()
            assert warm is not None
            warm[0].prepare(plan.workers)
        return strategy.open(Job(job.call, warm[0], plan.workers, job.loop, apart=job.apart, items=job.items))

    def _made(self, plan: Plan) -> BaseStrategy:
        if plan.strategy == "sync":
            return _strategy("sync")
        if plan.inner:
            inner = self._prepared(plan.inner, plan.inner_workers)
            return _strategy("process", plan.workers, inner=inner)
        return self._prepared(plan.strategy, plan.workers)

    def _prepared(self, name: str, workers: int) -> BaseStrategy:
        setup = self._setup
        if name in ("asyncio", "trio"):  # a loop is prepared where its resource is made
            resource = setup.worker_resource if setup.initializer is None else partial(_made_after, setup)
            return _strategy(name, workers, worker_resource=resource)
        settings = {"initializer": setup.initializer, "initargs": setup.initargs}
        return _strategy(name, workers, worker_resource=setup.worker_resource, **settings)

    @property
    def stuck(self) -> int:
        """How many workers were abandoned in a call that does not end."""
        return self.threads.stuck + sum(strategy.stuck for strategy in self._strategies.values())

    def close(self, timeout: float) -> None:
        """End all of them."""
        with self._lock:
            self._over = True
            strategies, self._strategies = list(self._strategies.values()), {}
        for strategy in strategies:
            strategy.close(timeout)
        self.threads.close(timeout)


def _made_after(setup: Setup) -> Any:
    assert setup.initializer is not None
    setup.initializer(*setup.initargs)
    return None if setup.worker_resource is None else setup.worker_resource()


def _strategy(name: str, *workers: int, **settings: Any) -> BaseStrategy:
    cls: Any = load(name)
    made: BaseStrategy = cls(*workers, **settings)
    return made
