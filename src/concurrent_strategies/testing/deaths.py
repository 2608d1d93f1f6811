"""Promises about workers that die.

Where items run in processes that the strategy owns, one death costs one item; where they run in the caller's process
there is no such border, and the promise is that nobody else's process is used.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from .._deaths import WorkerDied
from .._options import Retry
from .._outcome import Failure, Success
from .board import Board
from .functions import double, where
from .noting import die
from .promises import Promises, board


def die_once(notices: Board, x: int) -> int:
    """Kill the process at item 3, the first time."""
    return die(notices, "exit", x) if not notices.has("dying") else x


class DeathPromises(Promises):
    """A worker's death costs what was under way there, and the run goes on."""

    @property
    def mortal(self) -> bool:
        """Whether items may kill their worker without killing the test."""
        traits = self.new().traits
        return bool(traits.isolated and traits.owns_workers)

    def at_home(self) -> None:
        """Assert what takes the place of a death: without a border of its own, everything runs right here, or, on
        workers that others own, somewhere else."""
        traits = self.new().traits
        here = set(self.new().map(where, range(8))) == {os.getpid()}
        assert here != traits.isolated

    def outcomes_of_a_death(self, how: str, tmp_path: Path) -> list[Any]:
        """Run eight items, of which item 3 kills its process, and two maps afterwards."""
        with self.new(max_workers=2) as strategy:
            outcomes = list(strategy.outcomes(functools.partial(die, board(tmp_path), how), range(8), chunksize=1))
            assert strategy.map(double, range(8)) == list(range(0, 16, 2)), "the strategy stays usable"
            assert strategy.map(double, range(8)) == list(range(0, 16, 2))
        assert [outcome.index for outcome in outcomes] == list(range(8))
        return outcomes

    def check_deaths(self, outcomes: list[Any], says: str) -> None:
        """Assert that item 3 died, with at most its neighbours in the same worker."""
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        assert 3 in [failure.index for failure in failures]
        assert len(failures) <= self.at_stake(2)
        for failure in failures:
            assert isinstance(failure.error, WorkerDied)
            assert failure.error.index == failure.index
            assert says in str(failure.error)
        assert all(isinstance(o, Success) and o.value == o.index for o in outcomes if o not in failures)

    def test_a_killed_worker_costs_its_item(self, tmp_path: Path) -> None:
        """`WorkerDied` names the signal and hints at memory; all others have their results."""
        if self.mortal:
            self.check_deaths(self.outcomes_of_a_death("kill", tmp_path), "SIGKILL")
        else:
            self.at_home()

    def test_a_worker_that_exits_costs_its_item(self, tmp_path: Path) -> None:
        """`WorkerDied` names the exit code."""
        if self.mortal:
            self.check_deaths(self.outcomes_of_a_death("exit", tmp_path), "exit code 3")
        else:
            self.at_home()

    def test_a_death_is_tried_again_only_if_asked(self, tmp_path: Path) -> None:
        """With `retry` the item runs once more, on another worker."""
        if not self.mortal:
            self.at_home()
            return
        func = functools.partial(die_once, board(tmp_path))
        strategy = self.new(max_workers=2, retry=Retry(attempts=3, wait=0))
        outcomes = list(strategy.outcomes(func, range(8), chunksize=1))
        assert [outcome.value for outcome in outcomes] == list(range(8))
        assert outcomes[3].attempts >= 2

    def test_many_deaths_end_nothing(self, tmp_path: Path) -> None:
        """One item of four kills its worker, and the run comes to its end."""
        if not self.mortal:
            self.at_home()
            return
        notices = board(tmp_path)
        outcomes = list(self.new(max_workers=2).outcomes(lambda x: die(notices, "exit", x % 4), range(12), chunksize=1))
        assert [outcome.index for outcome in outcomes] == list(range(12))
        failed = {outcome.index for outcome in outcomes if isinstance(outcome, Failure)}
        assert {3, 7, 11} <= failed
        if self.at_stake(2) == 1:
            assert failed == {3, 7, 11}
