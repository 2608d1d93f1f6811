"""`advise`: from a profile to advice, in one step; what follows from what stands in the files of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answer import Advice, Alternative
from .cautions import cautions
from .constants import DEFAULTS
from .profile import WorkloadProfile
from .reasons import reasons, rejected
from .rules import choose
from .terms import terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._machine import Machine
    from .constants import Constants
    from .measurement import Measurement
    from .rules import Candidate, Choice


def advise(profile: WorkloadProfile | Mapping[str, Any] | Measurement[Any], machine: Machine | None = None) -> Advice:
    """Recommend a strategy, and its size, for work that was declared or measured.

    Nothing is run here. For a declared profile the answer is as good as the declaration and the model's constants; a
    measurement brings its own errors, and what is uncertain by them is decided for the smaller loss, and said.

    Args:
        profile: what is known about the work: a `WorkloadProfile`, a mapping of its fields, or what `measure` found.
        machine: where it will run; default: here, now, or what the measurement was made for. What the strategies cost
            is taken from `calibrate` where that has measured this machine, and no other machine is given.

    Returns:
        The advice; the same for the same profile and machine.

    Raises:
        InvalidOption: if a field does not exist or cannot have its value, or the profile says too little to choose.

    About a millisecond, of which a third is looking at the machine.
    """
    from .._machine import Machine
    from .calibration import cached

    work: Any = profile
    constants: Constants | None = None
    measured = getattr(work, "profile", None)
    if isinstance(measured, WorkloadProfile):  # a measurement; its class is not imported for a declared profile
        machine, constants, work = machine or work.machine, None if machine else work.constants, measured
    elif callable(work):
        from .._errors import InvalidOption

        raise InvalidOption("profile", work, "a function has to be measured first: advise(measure(func, items))")
    profile = WorkloadProfile.of(work)
    if machine is None:
        machine = Machine.detect()
        constants = cached(machine)
    return _advice(choose(profile, machine, constants or DEFAULTS))


def _advice(choice: Choice) -> Advice:
    plan, profile = choice.chosen.plan, choice.model.profile
    return Advice(
        strategy=plan.strategy,
        options=plan.options(profile.rate_limit),
        spec=choice.spec(choice.chosen),
        reasons=reasons(choice),
        rejected=rejected(choice),
        warnings=cautions(choice),
        expected_seconds=_expected(choice.chosen, choice),
        expected_range=None if choice.model.demands.steady else choice.range(choice.chosen),
        alternatives=tuple(_alternative(other, choice) for other in choice.sensible if other is not choice.chosen),
        profile=profile,
        machine=choice.model.machine,
        terms=terms(choice),
        constants=choice.model.constants,
    )


def _expected(candidate: Candidate, choice: Choice) -> float | None:
    return None if choice.model.demands.steady else candidate.cost.total


def _alternative(other: Candidate, choice: Choice) -> Alternative:
    mine, its = choice.time(choice.chosen), choice.time(other)
    return Alternative(choice.spec(other), _expected(other, choice), its / mine if mine > 0 else 1.0)
