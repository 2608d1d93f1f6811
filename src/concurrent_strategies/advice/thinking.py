"""All that it takes to choose in the midst of a run: from what was seen to a profile, and from that to a course.

Imported when a run has something to think about, which short ones never have: the modules behind it take 20 ms to load.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from .._machine import Machine
from .calibration import cached
from .constants import DEFAULTS
from .course import Course
from .crossing import Crossing, crossing
from .estimate import estimate
from .findings import Findings
from .profile import WorkloadProfile
from .sharing import changes_here

if TYPE_CHECKING:
    from .._core.call import Call
    from .marks import Marks
    from .observer import Observation

#: Less computing than this part of an item is no reason to look at what pickling costs.
SOME: Final = 0.05


class Thinker:
    """What a run knows about its function and its machine.

    Args:
        call: the function.
        declared: what the user knows about it; `None` for nothing.
        items: how many there are, where that is known.
        most: calls at once, at most.
        nested: whether this run is inside an item of another, which has the cores already.
    """

    def __init__(
        self, call: Call, declared: WorkloadProfile | None, items: int | None, most: int, *, nested: bool
    ) -> None:
        self._call = call
        self._declared = declared or WorkloadProfile()
        self._items = items
        self._most = most
        self._nested = nested
        self._crossing: Crossing | None = None

    @cached_property
    def _machine(self) -> Machine:
        """This machine, as a run that is driven from a worker's thread meets it."""
        machine = Machine.detect()
        return replace(machine, nested=machine.nested or self._nested, running_loop=False)

    def awaiting(self) -> WorkloadProfile:
        """Return what is known of a coroutine function before its first item."""
        return replace(self._declared, coroutine=True)

    def profile(self, seen: Observation, marks: Marks) -> WorkloadProfile | None:
        """Return what the items of one thread have told, or `None` if that is nothing."""
        found = estimate(seen.samples, seen, gil=self._machine.gil)
        if not found:
            return None
        findings = Findings(self._declared, self._items)
        findings.add(found)
        findings.seen(seen)
        findings.colour(exists=marks.awaited)
        if findings.computing > SOME:
            if self._crossing is None or not self._crossing.examples:
                self._crossing = crossing(self._call.func, marks.examples)
            findings.crossing(self._crossing)
        profile = findings.measurement(self._machine, DEFAULTS, iter(()), ()).profile
        if profile.shared_state is None and changes_here(self._call.func):
            profile = replace(profile, shared_state=True)
        return profile

    def course(self, load: float | None) -> Course:
        """Return the course of a run beside so many other programs."""
        return Course(replace(self._machine, load=round(load or 0.0, 1)), cached(self._machine), self._most)
