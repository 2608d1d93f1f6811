"""What a worker process is told of its place in the machine: how deep it is nested, and its share of the cores."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._errors import StrategyUnavailable
from .._machine import CORES_VARIABLE, DEPTH_VARIABLE, depth

DEEPEST = 5  # levels of processes in processes: more is a recursion that somebody has not noticed

#: What numerical libraries read when they are loaded, to know how many threads to start.
THREADS_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


def environment(strategy: str, share: int | None, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variables for a worker process that we start.

    Args:
        strategy: the name of the strategy, for the error.
        share: the cores that are for it alone; `None` if it may use whatever we may.
        environ: our own variables. What numerical libraries find there stays, unless it is from us.

    Raises:
        StrategyUnavailable: if this process is nested too deeply already.
    """
    deep = depth(environ) + 1
    if deep > DEEPEST:
        raise StrategyUnavailable(
            strategy,
            f"this is a worker process, nested {deep - 1} deep, and {DEEPEST} is the deepest; "
            "does the function start itself? Within workers use 'sync' or 'thread'",
        )
    variables = {DEPTH_VARIABLE: str(deep)}
    if share is not None:
        variables[CORES_VARIABLE] = str(share)
        ours = (None, environ.get(CORES_VARIABLE))
        variables |= {name: str(share) for name in THREADS_VARIABLES if environ.get(name) in ours}
    return variables
