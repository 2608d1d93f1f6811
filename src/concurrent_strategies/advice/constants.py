"""What the strategies themselves cost on a machine: the constants of the model, and nothing that computes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Start(NamedTuple):
    """Seconds to start processes: once, per worker one after another, and per worker all at once; and imports."""

    pool: float
    launch: float
    boot: float
    imports: bool


@final
@dataclass(frozen=True, slots=True)
class Constants:
    """What the strategies themselves cost, in seconds unless said; `calibrate` measures them.

    The defaults were taken on a small Linux machine with CPython 3.11, and other machines differ from it by factors.
    """

    thread_start: float = 100e-6  # t_t
    thread_item: float = 1e-6  # d_t
    thrash: float = 1.05  # kappa, a factor: threads that compute get into each other's way at the GIL
    loop_start: float = 0.5e-3  # s_l
    task_item: float = 8e-6  # d_a
    greenlet_item: float = 30e-6  # d_g
    chunk_trip: float = 35e-6  # d_b
    chunk_work: float = 4e-3  # seconds of work that a chunk is sized for, hence b
    pickle_item: float = 1e-6  # x_0
    pickle_rate: float = 0.4e9  # BW, bytes per second through pickle and pipe
    efficiency: float = 0.9  # e, a factor: what each further core adds
    starts: Mapping[str, Start] = field(
        default_factory=lambda: MappingProxyType(
            {
                "fork": Start(0.003, 0.003, 0.0, imports=False),
                "forkserver": Start(0.045, 0.005, 0.0, imports=True),
                "spawn": Start(0.0, 0.01, 0.09, imports=True),
            }
        )
    )

    def slowed(self, factor: float) -> Constants:
        """Return what they cost where others take so much that all computing takes so many times as long."""
        ratios = ("thrash", "chunk_work", "pickle_rate", "efficiency", "starts")
        times = {each.name: factor * getattr(self, each.name) for each in fields(self) if each.name not in ratios}
        starts = {
            method: Start(factor * start.pool, factor * start.launch, factor * start.boot, start.imports)
            for method, start in self.starts.items()
        }
        rate = self.pickle_rate / factor
        return replace(self, **times, pickle_rate=rate, starts=MappingProxyType(starts))

    def __reduce__(self) -> Any:
        """Go along with advice into other processes: what protects the start-up times cannot be pickled."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return _constants, (values | {"starts": dict(self.starts)},)


def _constants(values: dict[str, Any]) -> Constants:
    return Constants(**values | {"starts": MappingProxyType(values["starts"])})


DEFAULTS: Final = Constants()
