"""What a user can say about a piece of work. Facts alone: what follows from them stands in `demands.py`.

Times are seconds per item, sizes are bytes. A field that is left alone, or `None`, is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any, Literal, final

from .._errors import InvalidOption, suggestion
from .fields import choice, fact, named_numbers, number, seconds, whole

Kind = Literal["cpu", "native", "io", "mixed"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadProfile:
    """A piece of work as the advisor sees it: what one item costs, how many there are, and what must not be done.

    Say what you know: `kind` alone is enough for a first answer. Where shorthand (`kind`, `duration`, `latency`,
    `connections`) and exact values disagree, the exact values win. A field left alone, or `None`, is not known.

    Args:
        n_items: how many items; unknown stands for a long stream.
        kind: `"cpu"` computes in Python; `"native"` computes in code that releases the GIL; `"io"` waits; `"mixed"`
            computes and waits.
        duration: seconds for one item on its own, computing and waiting together.
        cpu_fraction: how much of the duration is computing, from 0 to 1.
        gil_cpu: seconds of computing that hold the GIL.
        free_cpu: seconds of computing with the GIL released.
        wait: seconds of waiting: network, disk, sleep, another program.
        duration_cv: standard deviation of the duration, divided by its mean; unknown: 0.25.
        duration_max: seconds, the longest item.
        latency: shorthand for `wait`: `"fast"` is below 20 ms, `"slow"` from 100 ms.
        connections: shorthand for `max_connections`: `"few"` is at most 64, `"many"` has no limit.
        max_connections: calls at once that the other side allows.
        rate_limit: items per second that the other side allows.
        coroutine: an async version exists; `"auto"`: not yet, but it can be written.
        async_cpu: seconds of computing in the async version; unknown: as in the plain one.
        async_wait: seconds of waiting in the async version; unknown: as in the plain one.
        async_block: seconds of blocking calls inside the async version, which stop its whole loop.
        green_ok: it waits cooperatively once gevent has patched the standard library.
        arg_bytes: size of an item.
        result_bytes: size of a result.
        pickle_seconds: to pickle one item and its result.
        picklable: whether function, items and results can be pickled.
        by_value: the function has to be pickled by value, as lambdas and closures are.
        import_seconds: to import the function's module in a fresh process.
        inner_threads: cores that one item keeps busy by threads of its own.
        memory_per_item: bytes in use while one item runs.
        memory_budget: bytes for all items under way; unknown: half of what is available.
        thread_safe: it may run in several threads at once.
        fork_safe: it survives a fork of this process.
        side_effects: it does more than return a value; for measuring.
        idempotent: an item may be run twice; for measuring.
        shared_state: it changes objects of this process, which must see the change; unknown: `auto` looks at its code.
        main_thread_only: it has to run in a main thread.
        ordered: results are wanted in the order of the items.
        deadline: seconds for the whole run.
        measured_items: how many items the measured fields come from; filled by `measure`.
        confidence: error of measured fields by name: of an item's times as part of its whole duration, of others as
            part of their value; filled by `measure`.

    Raises:
        InvalidOption: naming the field, the value and what is allowed.
    """

    n_items: int | None = whole(None)
    kind: Literal["cpu", "native", "io", "mixed"] | None = choice(None, "cpu", "native", "io", "mixed")
    duration: float | None = seconds(None)
    cpu_fraction: float | None = number(None, 0, 1)
    gil_cpu: float | None = seconds(None)
    free_cpu: float = seconds(0.0)
    wait: float = seconds(0.0)
    duration_cv: float | None = number(None, 0, 1000)
    duration_max: float | None = seconds(None)
    latency: Literal["fast", "slow"] | None = choice(None, "fast", "slow")
    connections: Literal["few", "many"] | None = choice(None, "few", "many")
    max_connections: int | None = whole(None, least=1)
    rate_limit: float | None = number(None, 1e-6, 1e9)
    coroutine: bool | Literal["auto"] = choice("auto", True, False, "auto")
    async_cpu: float | None = seconds(None)
    async_wait: float | None = seconds(None)
    async_block: float | None = seconds(None)
    green_ok: bool | None = fact(None)
    arg_bytes: int = whole(0)
    result_bytes: int = whole(0)
    pickle_seconds: float = seconds(0.0)
    picklable: bool = fact(default=True)
    by_value: bool = fact(default=False)
    import_seconds: float = seconds(0.05)
    inner_threads: float = number(1.0, 1, 1024)
    memory_per_item: int = whole(0)
    memory_budget: int | None = whole(None)
    thread_safe: bool | None = fact(None)
    fork_safe: bool | None = fact(None)
    side_effects: bool = fact(default=True)
    idempotent: bool = fact(default=False)
    shared_state: bool | None = fact(None)
    main_thread_only: bool = fact(default=False)
    ordered: bool = fact(default=True)
    deadline: float | None = seconds(None)
    measured_items: int | None = whole(None)
    confidence: Mapping[str, float] | None = named_numbers()

    def __post_init__(self) -> None:
        """Check every field, and bring it to the type the model computes with."""
        for each in fields_of(self):
            value = getattr(self, each.name)
            object.__setattr__(self, each.name, each.default if value is None else _checked(each, value))
        if self.duration is not None and self.duration_max is not None and self.duration_max < self.duration:
            raise InvalidOption("duration_max", self.duration_max, f"the mean duration is {self.duration:g} already")

    @classmethod
    def of(cls, profile: WorkloadProfile | Mapping[str, Any]) -> WorkloadProfile:
        """Return a profile as it is, or make one from a mapping of its fields, so that it can live in a file.

        Raises:
            InvalidOption: if there is no such field, or its value cannot be.
        """
        if isinstance(profile, WorkloadProfile):
            return profile
        if not isinstance(profile, Mapping):
            raise InvalidOption("profile", profile, "it must be a WorkloadProfile or a mapping of its fields")
        for name in profile:
            if name not in NAMES:
                hint = suggestion(name, NAMES)
                allowed = "a profile has no such field" + ("" if hint else f"; it has {', '.join(NAMES)}")
                raise InvalidOption(str(name), profile[name], allowed, hint)
        return cls(**profile)

    def declared(self) -> frozenset[str]:
        """Return the names of the fields that say something: those that are not at their default."""
        return frozenset(each.name for each in fields_of(self) if getattr(self, each.name) != each.default)

    def __repr__(self) -> str:
        known = (f"{name}={getattr(self, name)!r}" for name in NAMES if name in self.declared())
        return f"WorkloadProfile({', '.join(known)})"


NAMES = tuple(each.name for each in fields_of(WorkloadProfile))


def _checked(field: Any, value: object) -> Any:
    try:
        return field.metadata["check"](value)
    except (TypeError, ValueError, ArithmeticError):
        words = field.metadata["words"] if isinstance(value, str) else ()
        hint = suggestion(value, words)
        raise InvalidOption(field.name, value, f"it must be {field.metadata['allowed']}", hint) from None
