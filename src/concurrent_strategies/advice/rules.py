"""The choice: of all plans that are possible here and nearly as fast as the fastest, the simplest.

The rules are the same for every kind of work; the differences come from the formulas in `model.py`.

A profile that says nothing but the kind of work says too little to weigh this machine's start-up times against: for
it the strategy is the one that the formulas choose on an ordinary machine, which gives the three rules

    computing                           -> process
    waiting, fast, few connections      -> thread
    waiting, slow, many connections     -> asyncio

and this machine sets the size, and the warnings.

A measured profile is in doubt by its errors. Then the choice is the simplest among those that fall behind least *in the
worst case*; where nothing is in doubt, that is the same as the simplest among the fastest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from .._machine import Machine
from .constants import DEFAULTS
from .demands import FEW, demands
from .doubts import doubts
from .model import Cost, Model
from .obstacles import obstacle
from .plan import FAMILIES, Plan
from .sizing import knee, plans
from .words import say_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .constants import Constants
    from .profile import WorkloadProfile

#: Nobody cares about less: a share of the time, and seconds.
TOLERANCE, TOLERANCE_SECONDS = 0.08, 0.01
#: An inner strategy is a second thing to understand: without it the run has to take a fifth longer, ...
INNER_GAIN: Final = 1.2
#: ... it has to save twice what it takes to start the processes, ...
INNER_STARTS: Final = 2
#: ... and there has to be waiting to hide, and computing to share out: parts of the duration.
INNER_WAIT, INNER_CPU = 0.2, 0.01
#: On fewer measured items than these, nothing is started that takes more than this part of the run one by one.
FEW_ITEMS, FEW_ITEMS_START = 3, 0.05
#: Fields that say of what kind the work is, and no more.
KIND_ALONE: Final = frozenset({"kind", "latency", "connections"})


class Candidate(NamedTuple):
    """A family of plans at its best size.

    Attributes:
        plan: the size that was found best.
        cost: what the model predicts for it.
        obstacle: why it is out of the question; empty where it is not.
    """

    plan: Plan
    cost: Cost
    obstacle: str


class Choice(NamedTuple):
    """What was chosen, among what.

    Attributes:
        chosen: the recommendation.
        candidates: all families, by name.
        model: the formulas and what they were asked about.
        here: the family this machine alone would have chosen.
        doubts: the same formulas, asked about what a measured profile could also be.
    """

    chosen: Candidate
    candidates: Mapping[str, Candidate]
    model: Model
    here: str
    doubts: tuple[Model, ...] = ()

    def time(self, candidate: Candidate) -> float:
        """Return the seconds by which candidates are compared."""
        return _time(candidate.cost, self.model)

    def spec(self, candidate: Candidate) -> str:
        """Return a candidate as a spec string, with the rate that was declared."""
        return candidate.plan.spec(self.model.profile.rate_limit)

    def range(self, candidate: Candidate) -> tuple[float, float]:
        """Return the least and the most seconds that a candidate may take, as far as the profile is in doubt."""
        times = [_time(model.cost(candidate.plan), model) for model in (self.model, *self.doubts)]
        return min(times), max(times)

    @property
    def possible(self) -> list[Candidate]:
        """Every candidate without an obstacle, the fastest first."""
        return sorted((c for c in self.candidates.values() if not c.obstacle), key=self.time)

    @property
    def sensible(self) -> list[Candidate]:
        """The recommendation and every possible candidate, those that add an inner strategy for nothing left out."""
        single = _single(self.candidates, self.model)
        sound = [c for c in self.possible if not c.plan.inner or _inner_pays(c, single, self.model)]
        return sound if self.chosen in sound else [self.chosen, *sound]


def choose(profile: WorkloadProfile, machine: Machine, constants: Constants = DEFAULTS) -> Choice:
    """Choose a plan for a profile on a machine, where the strategies cost what the constants say.

    Raises:
        InvalidOption: if the profile says too little.
    """
    model = Model(profile, demands(profile, machine), machine, constants)
    others = tuple(Model(p, demands(p, machine), machine, constants) for p in doubts(profile))
    if profile.measured_items is not None and (slowed := (1 + machine.load) / max(1.0, machine.cores)) > 1:
        # The others may be gone the next moment; they may also stay, and take from all strategies alike.
        others += (Model(profile, demands(profile, machine, slowed), machine, constants.slowed(slowed)),)
    candidates = {family: _candidate(family, model) for family in FAMILIES}
    here = family = _best(candidates, model, others)
    if profile.declared() <= KIND_ALONE:
        ordinary = Machine()
        usual = Model(profile, demands(profile, ordinary), ordinary)
        family = _best({name: _candidate(name, usual) for name in FAMILIES}, usual)
    return Choice(candidates[family], candidates, model, here, others)


def _candidate(family: str, model: Model) -> Candidate:
    best = None
    for plan in plans(family, model):  # from the smallest: a larger one has to be worth it
        cost = model.cost(plan)
        if best is None or not _as_good(_time(best[1], model), _time(cost, model), model):
            best = plan, cost
    assert best is not None, family
    return Candidate(*best, obstacle(family, model) or _unproven(best[1], model))


def _unproven(cost: Cost, model: Model) -> str:
    """Tell why so much should not be started on so little evidence."""
    seen = model.profile.measured_items
    alone = model.demands.items * model.demands.duration
    if seen is None or seen >= min(FEW_ITEMS, model.demands.items) or cost.start <= FEW_ITEMS_START * alone:
        return ""
    return f"too little was measured to start anything on it that takes {say_seconds(cost.start)}"


def _best(candidates: Mapping[str, Candidate], model: Model, others: tuple[Model, ...] = ()) -> str:
    possible = {family: c for family, c in candidates.items() if not c.obstacle}
    single = _single(candidates, model)
    possible = {family: c for family, c in possible.items() if not c.plan.inner or _inner_pays(c, single, model)}
    if not possible:
        return "sync"  # slow, but right
    # How far each falls behind at worst, in what counts as equally fast: without doubts, those below 1 are all close.
    regrets = _regrets(possible, (model, *others))
    bearable = max(1.0, min(regrets.values()))
    close = [family for family, regret in regrets.items() if regret <= bearable]
    return min(close, key=_effort(model))


def _regrets(possible: Mapping[str, Candidate], models: tuple[Model, ...]) -> dict[str, float]:
    """Return by how many tolerances each candidate falls behind the fastest, in the worst of these models."""
    worst = dict.fromkeys(possible, 0.0)
    for model in models:
        times = {family: _time(model.cost(c.plan), model) for family, c in possible.items()}
        accepted = _accepted(min(times.values()), model)
        for family, seconds in times.items():
            regret = seconds / accepted if accepted > 0 else 1.0 if seconds <= 0 else math.inf
            worst[family] = max(worst[family], regret)
    return worst


def _single(candidates: Mapping[str, Candidate], model: Model) -> float:
    """Return the time of the fastest candidate that is possible and no hybrid."""
    return min((_time(c.cost, model) for c in candidates.values() if not c.obstacle and not c.plan.inner), default=0.0)


def _time(cost: Cost, model: Model) -> float:
    return cost.bottleneck.seconds if model.demands.steady else cost.total


def _as_good(seconds: float, fastest: float, model: Model) -> bool:
    return seconds <= _accepted(fastest, model)


def _accepted(fastest: float, model: Model) -> float:
    """Return the most seconds that count as equally fast."""
    slack = 0.0 if model.demands.steady else TOLERANCE_SECONDS
    return fastest + max(slack, TOLERANCE * fastest)


def _inner_pays(candidate: Candidate, single: float, model: Model) -> bool:
    it, processes = model.demands, candidate.plan.workers
    if it.wait <= INNER_WAIT * it.duration or it.cpu < INNER_CPU * it.duration:
        return False
    if _time(candidate.cost, model) * INNER_GAIN >= single:
        return False
    saved = it.items * it.cpu * (1 - 1 / processes)
    return it.steady or saved > INNER_STARTS * candidate.cost.start


def many(profile: WorkloadProfile) -> bool:
    """Tell whether many connections were declared."""
    allowed = profile.max_connections
    return profile.connections == "many" if allowed is None else allowed > FEW


def _effort(model: Model) -> Callable[[str], float]:
    """Return the order of simplicity, which depends on what is there already."""
    order: dict[str, float] = {family: place for place, family in enumerate(FAMILIES)}
    profile, machine = model.profile, model.machine
    if profile.coroutine is True:
        order["process/asyncio"] = order["process/thread"] - 0.5
    if (profile.coroutine is True or many(profile)) and knee("thread", model) > FEW:
        order["asyncio"] = 0.6  # slow enough for more connections than anybody wants threads for
    if machine.gevent_patched:
        order["green"] = 0.4  # the program has been made for it
    if machine.running_loop and model.demands.wait:
        order["asyncio"] = -1.0  # the caller can await it
    return order.__getitem__
