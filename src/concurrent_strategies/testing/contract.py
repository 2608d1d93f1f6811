"""`StrategyContract`: every promise that a strategy keeps, as one class of tests.

results    values and their order     life       opened, shared, nested, closed
inputs     reading and windows        context    variables, seeds, labels, progress, checkpoints
failures   errors of items            awaiting   async verbs, callers inside a loop
limits     attempts, rates, times     deaths     workers that die
"""

from __future__ import annotations

from .awaiting import AwaitingPromises
from .context import ContextPromises
from .deaths import DeathPromises
from .failures import FailurePromises
from .inputs import InputPromises
from .life import LifePromises
from .limits import LimitPromises
from .results import ResultPromises


class StrategyContract(
    ResultPromises,
    InputPromises,
    FailurePromises,
    LimitPromises,
    LifePromises,
    ContextPromises,
    AwaitingPromises,
    DeathPromises,
):
    """The conformance suite; pytest runs it for each subclass, which takes two lines.

        class TestMine(StrategyContract):
            make = MyStrategy

    No promise asks which strategy it is about: where one depends on what a strategy is, it goes by the strategy's
    `traits`, and asserts what belongs to each value. A promise that hangs fails, with the stacks of all threads.

    A subclass sets:

    Attributes:
        make: the class, or `staticmethod(...)` of anything that takes `max_workers` and options as keywords and returns
            a strategy.
        patience: seconds for each promise.
        concurrent: whether two items may be under way at once.
        moves: whether a run goes on while its consumer is busy elsewhere; `False` for what runs in the caller's thread
            only while that is inside a verb.
        loop: the event loop that the async verbs are called from, `"asyncio"` or `"trio"`.
        sleep: how the caller waits. In a cooperative strategy nothing moves during a native sleep, so there it is the
            strategy's own.

    and overrides `at_once(max_workers)` if so many workers mean another number of calls at once, and
    `at_stake(max_workers)` if they share a process.
    """
