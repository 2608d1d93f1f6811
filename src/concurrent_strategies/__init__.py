"""One contract over plain calls, threads, processes, gevent, asyncio and trio, and advice on which one pays.

    from concurrent_strategies import ThreadStrategy, advise, get_strategy, using

    with ThreadStrategy(max_workers=16) as strategy:
        pages = strategy.map(fetch, urls)

Every name here is imported on first use, so that the package itself costs next to nothing to import.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._autolimit import AutoLimit as AutoLimit
    from ._config import from_config as from_config
    from ._config import get_strategy as get_strategy
    from ._config import using as using
    from ._core.base import BaseStrategy as BaseStrategy
    from ._core.colour import dual as dual
    from ._core.item import item_numpy_random as item_numpy_random
    from ._core.item import item_random as item_random
    from ._core.item import worker_resource as worker_resource
    from ._deaths import WorkerDied as WorkerDied
    from ._deaths import WorkerStartError as WorkerStartError
    from ._errors import InvalidOption as InvalidOption
    from ._errors import ItemExited as ItemExited
    from ._errors import NotPicklable as NotPicklable
    from ._errors import RemoteError as RemoteError
    from ._errors import RunTimeout as RunTimeout
    from ._errors import StrategyClosed as StrategyClosed
    from ._errors import StrategyError as StrategyError
    from ._errors import StrategyUnavailable as StrategyUnavailable
    from ._errors import TaskTimeout as TaskTimeout
    from ._errors import TooManyFailures as TooManyFailures
    from ._errors import UnknownStrategy as UnknownStrategy
    from ._limit import Limit as Limit
    from ._machine import Machine as Machine
    from ._options import Options as Options
    from ._options import Retry as Retry
    from ._outcome import Failure as Failure
    from ._outcome import Outcome as Outcome
    from ._outcome import Success as Success
    from ._strategies.anyio import AsyncioStrategy as AsyncioStrategy
    from ._strategies.anyio import TrioStrategy as TrioStrategy
    from ._strategies.green import GreenStrategy as GreenStrategy
    from ._strategies.process import ProcessStrategy as ProcessStrategy
    from ._strategies.sync import SyncStrategy as SyncStrategy
    from ._strategies.thread import ThreadStrategy as ThreadStrategy
    from ._strategy import AsyncStream as AsyncStream
    from ._strategy import Strategy as Strategy
    from ._strategy import Stream as Stream
    from ._strategy import Traits as Traits
    from .advice.advising import advise as advise
    from .advice.answer import Advice as Advice
    from .advice.auto import AutoStrategy as AutoStrategy
    from .advice.calibration import Calibration as Calibration
    from .advice.calibration import calibrate as calibrate
    from .advice.measurement import Measurement as Measurement
    from .advice.measuring import measure as measure
    from .advice.profile import WorkloadProfile as WorkloadProfile

__version__ = "0.1.0"

_HOMES = {
    "Advice": "advice.answer",
    "AsyncStream": "_strategy",
    "AsyncioStrategy": "_strategies.anyio",
    "AutoLimit": "_autolimit",
    "AutoStrategy": "advice.auto",
    "BaseStrategy": "_core.base",
    "Calibration": "advice.calibration",
    "Failure": "_outcome",
    "GreenStrategy": "_strategies.green",
    "InvalidOption": "_errors",
    "ItemExited": "_errors",
    "Limit": "_limit",
    "Machine": "_machine",
    "Measurement": "advice.measurement",
    "NotPicklable": "_errors",
    "Options": "_options",
    "Outcome": "_outcome",
    "ProcessStrategy": "_strategies.process",
    "RemoteError": "_errors",
    "Retry": "_options",
    "RunTimeout": "_errors",
    "Strategy": "_strategy",
    "StrategyClosed": "_errors",
    "StrategyError": "_errors",
    "StrategyUnavailable": "_errors",
    "Stream": "_strategy",
    "Success": "_outcome",
    "SyncStrategy": "_strategies.sync",
    "TaskTimeout": "_errors",
    "ThreadStrategy": "_strategies.thread",
    "TooManyFailures": "_errors",
    "Traits": "_strategy",
    "TrioStrategy": "_strategies.anyio",
    "UnknownStrategy": "_errors",
    "WorkerDied": "_deaths",
    "WorkerStartError": "_deaths",
    "WorkloadProfile": "advice.profile",
    "advise": "advice.advising",
    "calibrate": "advice.calibration",
    "dual": "_core.colour",
    "from_config": "_config",
    "get_strategy": "_config",
    "item_numpy_random": "_core.item",
    "item_random": "_core.item",
    "measure": "advice.measuring",
    "using": "_config",
    "worker_resource": "_core.item",
}

__all__ = [
    "Advice",
    "AsyncStream",
    "AsyncioStrategy",
    "AutoLimit",
    "AutoStrategy",
    "BaseStrategy",
    "Calibration",
    "Failure",
    "GreenStrategy",
    "InvalidOption",
    "ItemExited",
    "Limit",
    "Machine",
    "Measurement",
    "NotPicklable",
    "Options",
    "Outcome",
    "ProcessStrategy",
    "RemoteError",
    "Retry",
    "RunTimeout",
    "Strategy",
    "StrategyClosed",
    "StrategyError",
    "StrategyUnavailable",
    "Stream",
    "Success",
    "SyncStrategy",
    "TaskTimeout",
    "ThreadStrategy",
    "TooManyFailures",
    "Traits",
    "TrioStrategy",
    "UnknownStrategy",
    "WorkerDied",
    "WorkerStartError",
    "WorkloadProfile",
    "advise",
    "calibrate",
    "dual",
    "from_config",
    "get_strategy",
    "item_numpy_random",
    "item_random",
    "measure",
    "using",
    "worker_resource",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("_"))]
