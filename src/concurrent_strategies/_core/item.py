"""What code running as an item may ask for: its random generator, its worker's resource, the limits it runs under.

All of it travels in context variables, so that it is right in threads, greenlets, tasks and processes alike.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from typing import Any

    from .._limit import Limit

#: The limits whose permits the running item occupies; a run started inside borrows them.
occupied: ContextVar[tuple[Limit, ...]] = ContextVar("concurrent_strategies.occupied", default=())
#: (seed, index) of the running item, where the run has a seed.
seeded: ContextVar[tuple[int, int] | None] = ContextVar("concurrent_strategies.seeded", default=None)
#: A cell with the worker's resource, where the strategy has one.
resource: ContextVar[Any] = ContextVar("concurrent_strategies.resource")
OURS = frozenset({occupied, seeded, resource})


def item_random() -> random.Random:
    """Return a random generator of the running item's own, made from the run's `seed` and the item's index.

    The same item gets the same numbers on every strategy; global generators are never touched. Each call starts the
    sequence anew, so keep the generator for the whole item.

    Raises:
        InvalidOption: outside an item, or if the run has no `seed`.

    Cost: about 10 us.
    """
    import random

    seed, index = _seed_and_index()
    return random.Random(f"{seed}:{index}")


def item_numpy_random() -> Any:
    """Return a numpy `Generator` of the running item's own, the twin of `item_random`.

    Raises:
        InvalidOption: outside an item, or if the run has no `seed`.
    """
    import numpy as np

    seed, index = _seed_and_index()
    return np.random.default_rng([abs(seed), index])


def _seed_and_index() -> tuple[int, int]:
    found = seeded.get()
    if found is None:
        from .._errors import InvalidOption

        allowed = "item_random() works inside an item of a run that was given a seed, such as map(func, items, seed=1)"
        raise InvalidOption("seed", None, allowed)
    return found


def worker_resource() -> Any:
    """Return what the strategy's `worker_resource` made for the worker that runs this item.

    Raises:
        InvalidOption: outside an item, or if the strategy has no `worker_resource`.
    """
    try:
        return resource.get()
    except LookupError:
        from .._errors import InvalidOption

        allowed = "the strategy that runs this item has no worker_resource; give it one in its constructor"
        raise InvalidOption("worker_resource", None, allowed) from None
