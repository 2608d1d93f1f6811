"""One greenlet, and how it runs the items it has claimed.

It is prepared, claims and runs groups of items until there are no more, is parked if it has something worth keeping,
serves another port, and ends.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextvars import Context
from time import perf_counter as clock
from typing import TYPE_CHECKING, Any

from gevent import Greenlet, GreenletExit, getcurrent, sleep
from gevent.hub import Waiter

from .._core.groups import run_apart, run_bare, run_shared, trimmed
from .._core.item import resource, seeded
from .._errors import TaskTimeout
from . import hub
from .hub import call_in

if TYPE_CHECKING:
    from .claims import Group
    from .green_crew import GreenCrew
    from .greenlets import GreenletsPort


class Raised(Exception):
    """An item's awaitable raised `error`, in another thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class GreenWorker:
    """A greenlet.

    Attributes:
        group: what it is running.
        doomed: whether it is to end, and nobody waits for what it still says.
        interrupted: whether its last error was a Ctrl-C.
        ready: whether it has done what comes before the first item.
        name: what outcomes call it.
        greenlet: itself.
    """

    def __init__(self, crew: GreenCrew, name: str, port: GreenletsPort) -> None:
        self.group: Group | None = None
        self.doomed = self.interrupted = self.ready = False
        self.name = name
        self._crew = crew
        self._port: GreenletsPort | None = port
        self._context = Context()
        self._waiter: Any = None  # where it is parked
        self.greenlet = Greenlet(self._live)
        self.greenlet.start()

    # ------------------------------------------------------------------------------------------------- its life

    def _live(self) -> None:
        setup = self._crew.setup
        try:
            made, end = setup.begin()
        except BaseException as error:
            assert self._port is not None
            self._port.crashed(self, error, "a worker greenlet could not be prepared")
            return
        self.ready = True
        try:
            while (port := self._port) is not None:
                port.goes_on()
                self._context = port.context.copy()
                if setup.worker_resource is not None:
                    self._context.run(resource.set, made)
                try:
                    self._serve(port)
                finally:
                    self.group = None
                    port.left(self)
                self._port = None
                if self._crew.parks(self):
                    self._waiter = Waiter(port.hub)
                    self._port = self._waiter.get()
        except GreenletExit:
            pass  # ended between two items
        except BaseException as error:  # a Ctrl-C between two items, or a fault of ours
            if port is not None:
                port.crashed(self, error, "a worker greenlet could not go on")
        finally:
            self._end(end)

    def _end(self, end: Callable[[], object]) -> None:
        try:
            end()
        except Exception as error:
            message = f"the worker_resource could not be given back: {error!r}"
            warnings.warn(message, RuntimeWarning, stacklevel=1)

    def wake(self, port: GreenletsPort | None) -> None:
        """Have it leave its parking place, for another port or for good."""
        call_in(self._waiter.hub, self._waiter.switch, port)

    def throw(self) -> None:
        """End what it is running; for the hub."""
        self.doomed = True
        if not self.greenlet.dead and self.greenlet is not getcurrent():
            self._crew.abandon(self)
            self.greenlet.throw(GreenletExit)

    # ------------------------------------------------------------------------------------------------- its items

    def _serve(self, port: GreenletsPort) -> None:
        while (group := port.claim(self)) is not None:
            self.group = group
            tired = False
            while group.base < group.end:
                error = self._run(port, group)
                tired = port.finished(self, group, error if error is None else trimmed(error, __file__, hub.__file__))
            self.group = None
            if tired:
                if not port.waits_alone():
                    return
                sleep(0)
                port.goes_on()

    def _run(self, port: GreenletsPort, group: Group) -> BaseException | None:
        """Run what nobody has taken back, up to the first item that fails, and return its error."""
        out, func = group.out, port.func
        try:
            if port.alone:
                self._run_alone(port, group)
            elif port.call.shared_context:
                self._context.run(run_shared, func, group.iterator, out)
            elif port.bare and group.end - group.base > 1:
                run_bare(func, group.iterator, out, self._context)
            else:
                run_apart(func, group.iterator, out, self._context)
            if out and (port.awaits or not port.decided):
                self._decide(port, group)
        except Raised as caught:
            return caught.error
        except BaseException as error:
            self.interrupted = isinstance(error, KeyboardInterrupt)
            return error
        return None

    def _run_alone(self, port: GreenletsPort, group: Group) -> None:
        """Run the group's one item, with whatever it needs of its own: a seed, a loop, a judge of its time."""
        call, index = port.call, group.base
        for item in group.iterator:
            context = self._context if call.shared_context else self._context.copy()
            if call.seed is not None:
                context.run(seeded.set, (call.seed, index))
            value = context.run(port.func, item)
            if port.awaits:
                group.awaited = hasattr(type(value), "__await__")
                value = self._await(value, context)
            limit = call.task_timeout
            if limit is not None and clock() - group.since > limit:
                raise TaskTimeout(index, limit)
            group.out.append(value)

    def _decide(self, port: GreenletsPort, group: Group) -> None:
        """Settle the colour of a function that nobody declared `async def`, by what it returned first.

        Others may have been under way by then, and return the same.
        """
        value = group.out[0]
        awaitable = hasattr(type(value), "__await__") and not group.awaited
        if port.decide(awaitable) and awaitable:
            group.out.pop()
            group.awaited = True
            group.out.append(self._await(value, self._context.copy()))

    def _await(self, awaitable: Any, context: Context) -> Any:
        """Have an awaitable run on the crew's event loop."""
        if not hasattr(type(awaitable), "__await__"):
            return awaitable
        good, result = self._crew.loop().run(awaitable, context)
        if not good:
            raise Raised(result)
        return result
