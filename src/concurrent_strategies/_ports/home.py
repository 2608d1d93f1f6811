"""Where lanes live: an event loop with its inbox and its resource, the caller's own or one in a thread of its own.

`LoopCrew` keeps the loops that a strategy has made. Which one a run gets depends on where its verb was called: a run
inside an item must not wait for the loop that is waiting for it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .._core.crew import Crew
from .._core.loops import Function, Loop
from .._deaths import start_error
from .._errors import StrategyClosed
from .native import NativeThread, new_bell, start_thread
from .resource import LoopResource
from .thread_crew import ThreadCrew

if TYPE_CHECKING:
    from .loop import LoopPort

Serve = Callable[[Callable[[Loop, Function], None]], None]

DEAF = 0.5  # seconds without an answer after which a loop is taken to be held by an item that blocks it
LAST_WORD = 0.5  # seconds that cancelled items get for their clean-up, out of those that a crew has for closing


class Home:
    """One event loop: what it is to do next, which ports run on it, and what was made for it.

    Args:
        factory: makes the loop's resource; `None` if it has none.
        serve: runs a loop in the calling thread until it is told to stop.
        here: the caller's own loop, instead.

    Attributes:
        loop: the loop, once it runs.
        ports: those that are open.
        host: the home of the item in which the runs here were called, if they were: it is blocked meanwhile.
        over: whether it has ended.
    """

    over: bool
    loop: Loop

    def __init__(self, factory: Callable[[], Any] | None, serve: Serve, here: Loop | None = None) -> None:
        self.foreign: bool = here is not None
        self.ports: set[LoopPort] = set()
        self.host: Home | None = None
        self.over = False
        self._thread: NativeThread | None = None
        self._started = False
        self._factory = factory
        self._serve = serve
        self._resource: LoopResource | None = None
        self._inbox: deque[Function] = deque()
        self._woken: float | None = None  # when it was told to look into its inbox, until it does
        self._arrived = self._ending = False
        self._stop: Function | None = None
        self._then: Function = _nothing
        self._gone = new_bell()
        if here is not None:
            self._arrive(here, None)

    # ------------------------------------------------------------------------------------------ in any thread

    def post(self, call: Function) -> None:
        """Have something done in the loop, at once if this is its thread; RuntimeError if no thread can be started."""
        if self.is_here or self.over:
            call()
            return
        self._inbox.append(call)
        if self._woken is None:
            self._woken = time.monotonic()
            self._wake()

    def _wake(self) -> None:
        if self._arrived:
            try:
                self.loop.soon(self._drain)
            except RuntimeError:  # it has ended
                self.over = True
                self._gone.ring()
                self._drain()
        elif not self._started:
            try:
                self._thread = start_thread(self._live, "event-loop")
            except RuntimeError:
                self._woken = None
                self._inbox.clear()
                raise
            self._started = True

    @property
    def has_resource(self) -> bool:
        """Whether something is made for it."""
        return self._factory is not None

    @property
    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return hasattr(self, "loop") and threading.get_ident() == self.loop.thread  # it may have failed to begin

    @property
    def deaf(self) -> bool:
        """Whether an item keeps the loop from hearing anything."""
        return self._woken is not None and time.monotonic() - self._woken > DEAF

    def leave(self, timeout: float) -> None:
        """End it: take no more items, let those that run end for a while, then cancel them; bounded by `timeout`."""
        if self._woken is None and not self._arrived:
            self.over = True  # it has never begun
            return
        if not self.over:
            self.post(self._retire)
            self.post(partial(self.end, _nothing))
        if self.is_here or self.deaf or any(port.hopeless for port in list(self.ports)):
            return  # here it cannot be waited for, and elsewhere that has been done
        last_word = min(LAST_WORD, timeout / 4)
        deadline = time.monotonic() + timeout
        if not self._gone.wait(timeout - last_word):
            self.post(self._doom)
            if not self._gone.wait(last_word):
                return
        self._gone.ring()  # for the next who asks
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))

    # -------------------------------------------------------------------------------------------- in the loop

    def _live(self) -> None:
        cause: BaseException | None = None
        try:
            self._serve(self._arrive)
        except BaseException as error:
            cause = error
        self._arrived = True
        self.over = True
        for port in list(self.ports):
            port.lost(start_error("the event loop ended under its items", cause))
        self._drain()
        self._gone.ring()

    def _arrive(self, loop: Loop, stop: Function | None) -> None:
        self.loop = loop
        self._stop = stop
        self._arrived = True
        self._drain()

    def _drain(self) -> None:
        self._woken = None
        while self._inbox:
            self._inbox.popleft()()

    def settle(self, port: LoopPort, then: Function) -> None:
        """Tell a port that it may begin, and call `then`: once the resource is there, if one is to be made."""

        def told(value: Any, error: BaseException | None) -> None:
            if port.ready(value, error):
                then()

        if self._factory is None:
            told(None, None)
            return
        if self._resource is None:
            self._resource = LoopResource(self._factory, self.loop, self._end)
        self._resource.ask(told)

    def _retire(self) -> None:
        for port in list(self.ports):
            port.refuse(StrategyClosed("the strategy was closed while the run was under way"))

    def _doom(self) -> None:
        for port in list(self.ports):
            port.doom()

    def end(self, then: Function) -> None:
        """Give back the resource and stop the loop, once the last lane has ended; then call `then`."""
        if self.over:
            then()
            return
        self._ending = True
        self._then = then
        self.lane_left()

    def lane_left(self) -> None:
        """Go on with ending, if that is what the loop is waiting for."""
        if self._ending and not any(port.busy for port in list(self.ports)):
            self._ending = False
            if self._resource is None:
                self._end()
            else:
                self._resource.release()

    def _end(self) -> None:
        self.over = True
        self._then()
        if self._stop is None:
            self._gone.ring()
        else:
            self._stop()


class LoopCrew(Crew):
    """The loops that a strategy has made, and the threads for its plain functions.

    Args:
        backend: the name of the event loops that these strategies use, and that a caller may have, too.
        serve: runs such a loop.
        factory: makes a resource for each loop; `None` for none.
    """

    def __init__(self, backend: str, serve: Serve, factory: Callable[[], Any] | None) -> None:
        from .._core.crew import Setup

        self.threads: ThreadCrew = ThreadCrew(Setup(), f"{backend}-thread")
        self._backend = backend
        self._serve = serve
        self._factory = factory
        self._lock = threading.Lock()
        self._homes: list[Home] = []

    def home(self, here: Loop | None) -> Home:
        """Return where a run should live.

        Args:
            here: the loop in which its verb is awaited; `None` for a blocking verb.
        """
        with self._lock:
            if here is not None and here.name == self._backend:
                return self._callers(here)
            homes = [home for home in self._homes if not home.foreign and not home.deaf and not home.over]
            host = next((home for home in homes if home.is_here), None) if here is None else None
            blocked = {home.host for home in homes if home.ports}
            for home in homes:
                idle = not home.ports
                if idle or (host is None and home.host is None and home not in blocked):
                    break
            else:
                home = Home(self._factory, self._serve)
                self._homes.append(home)
            home.host = host
            return home

    def _callers(self, here: Loop) -> Home:
        # Those that nobody uses and that hold nothing are forgotten: their loops come and go with every `asyncio.run`.
        kept = self._factory is not None
        self._homes = [home for home in self._homes if not home.foreign or home.ports or (kept and not home.over)]
        for home in self._homes:
            if home.foreign and not home.over and home.loop.key is here.key:
                return home
        home = Home(self._factory, self._serve, here)
        self._homes.append(home)
        return home

    @property
    def stuck(self) -> int:
        """How many workers were abandoned in a call that does not end."""
        return self.threads.stuck + sum(home.deaf for home in self._homes)

    def close(self, timeout: float) -> None:
        """End the threads and the loops."""
        deadline = time.monotonic() + timeout
        with self._lock:
            homes, self._homes = self._homes, []
        for home in homes:
            home.leave(max(0.0, deadline - time.monotonic()))
        self.threads.close(max(0.0, deadline - time.monotonic()))


def _nothing() -> None:
    return None
