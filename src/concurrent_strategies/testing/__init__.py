"""For tests: `StrategyContract`, the promises that every strategy keeps, and `SimulatedStrategy`, which has accidents
on demand.

    class TestMine(StrategyContract):
        make = MyStrategy

Nothing here imports pytest; the contract is a class of test methods that pytest runs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .board import Board as Board
    from .board import Note as Note
    from .bound import Hang as Hang
    from .bound import bounded as bounded
    from .contract import StrategyContract as StrategyContract
    from .simulated import SimulatedFailure as SimulatedFailure
    from .simulated import SimulatedStrategy as SimulatedStrategy

_HOMES = {
    "Board": "board",
    "Hang": "bound",
    "Note": "board",
    "SimulatedFailure": "simulated",
    "SimulatedStrategy": "simulated",
    "StrategyContract": "contract",
    "bounded": "bound",
}

__all__ = [
    "Board",
    "Hang",
    "Note",
    "SimulatedFailure",
    "SimulatedStrategy",
    "StrategyContract",
    "bounded",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value
