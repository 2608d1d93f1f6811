"""What a measurement has found, as a value: the profile, how sure it is, and the results of the items it has run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from .._errors import ItemExited
from .._outcome import Failure
from .words import say_count, say_seconds, say_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._machine import Machine
    from .._outcome import Outcome
    from .answer import Advice
    from .constants import Constants
    from .crowd import Crowd
    from .estimate import Estimate
    from .profile import WorkloadProfile
    from .sampler import Sampler

R = TypeVar("R")

_TIMES = {
    "gil_cpu": "computing under the GIL",
    "free_cpu": "computing with the GIL released",
    "wait": "waiting",
    "async_cpu": "async: computing",
    "async_wait": "async: waiting",
    "async_block": "async: blocking calls",
    "pickle_seconds": "pickling an item and its result",
    "import_seconds": "importing its module afresh",
}
_SIZES = {"arg_bytes": "an item, pickled", "result_bytes": "a result, pickled", "memory_per_item": "memory per item"}
_RATIOS = {"duration_cv": "spread of the durations", "inner_threads": "cores that an item keeps busy"}


@final
@dataclass(frozen=True, slots=True)
class Measurement(Generic[R]):
    """What `measure` has found: the demands of an item, and the results of the items that were run for it.

    No item is run twice: go on with `rest`, which begins with the first item that was not started.

    Attributes:
        profile: what was measured, and what was declared; give it, or the measurement itself, to `advise`.
        estimates: each measured field with its error, in the field's unit.
        notes: what else was noticed, in sentences.
        rest: an iterator over the items that were not started, in their order; only one can be had.
        machine: what advice is for.
        constants: what the strategies cost on it.
    """

    profile: WorkloadProfile
    estimates: Mapping[str, Estimate]
    notes: tuple[str, ...]
    rest: Iterator[Any]
    machine: Machine
    constants: Constants
    _samplers: tuple[Sampler | Crowd, ...] = field(repr=False)

    @property
    def pending(self) -> bool:
        """Whether an item is still under way: one that takes longer than the budget is not waited for."""
        return not all(sampler.wait(0) for sampler in self._samplers)

    @property
    def finished(self) -> list[Outcome[R]]:
        """What has become of the items by now, in their order; waits for nothing."""
        return [outcome for sampler in self._samplers for outcome in tuple(sampler.outcomes)]

    @property
    def outcomes(self) -> list[Outcome[R]]:
        """What became of the items that were run, in their order; waits for the one that is still under way."""
        for sampler in self._samplers:
            sampler.wait()
        return self.finished

    @property
    def results(self) -> list[R]:
        """What the items that were run have returned, in their order; waits for the one that is still under way.

        Raises:
            Exception: what the first item that failed has raised, as `map` would; `outcomes` has all of them.
        """
        outcomes = self.outcomes
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                raise _raisable(outcome)
        return [outcome.value for outcome in outcomes if not isinstance(outcome, Failure)]

    def advise(self) -> Advice:
        """Recommend a strategy for all items, from what was measured: the same as `advise(measurement)`."""
        from .advising import advise

        return advise(self)

    def __str__(self) -> str:
        count = self.profile.measured_items or 0
        of = "" if self.profile.n_items is None else f" of {self.profile.n_items:,}"
        lines = [f"Measured {say_count(count, 'item')}{of}:"]
        rows = [(_label(name), _said(name, estimate)) for name, estimate in self.estimates.items()]
        width = max((len(label) for label, _ in rows), default=0)
        lines += [f"  {label:{width}}  {text}" for label, text in rows]
        lines += [f"  - {note}" for note in self.notes]
        return "\n".join(lines)


def _raisable(failure: Failure) -> BaseException:
    error = failure.error
    plain = isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration)
    raised: BaseException = error if plain else ItemExited(failure.index, error)
    note = f"item {failure.index}"
    with suppress(Exception):  # it may let nobody write on it
        if note not in getattr(raised, "__notes__", ()):
            raised.add_note(note)
    return raised


def _label(name: str) -> str:
    return _TIMES.get(name) or _SIZES.get(name) or _RATIOS.get(name) or name


def _said(name: str, estimate: Estimate) -> str:
    value, error = estimate.value, estimate.error
    if name in _TIMES:
        least = "at least " if estimate.at_least and value else ""
        shown = value / 2 if estimate.at_least else value  # half of the guess is what was seen
        tolerance = "" if estimate.at_least or error <= 0 else f" +- {say_seconds(error)}"
        return f"{least}{say_seconds(shown)}{tolerance}"
    if name in _SIZES:
        return say_size(value)
    return f"{value:.2g}"
