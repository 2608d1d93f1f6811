"""A few rounds of the soak, and whether it sees what is wrong; `python -m tests.history.soak` goes on for minutes."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

import pytest
from tests.history import round as rounds
from tests.history import soak
from tests.history.mischief import Mischief, Refused

from concurrent_strategies import Failure, Success, TaskTimeout


def test_random_rounds_are_right_in_every_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is drawn, each round ends as it should, and everything is level; the last line sums up."""
    assert soak.main(["--rounds", "25", "--seed", "7"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("25 of 25 rounds good, seed 7")


def test_a_seed_stands_for_a_round() -> None:
    """The same from the same, and another from another."""
    drawn = [rounds.draw(Random(f"{seed}:3")).seed for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_wrong_end_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A value that is lost, and a descriptor that is left open, with the round that they are of."""
    plain = replace(
        rounds.draw(Random("plain")),
        strategy="thread",
        verb="map",
        source="list",
        take=None,
        items=10,
        shares={},
        options={},
    )
    whole, left = rounds._run, list[int]()

    def cut(*args: object) -> object:
        left.append(os.open(os.devnull, os.O_RDONLY))
        results, ending = whole(*args)  # type: ignore[arg-type]
        return results[:-1], ending

    monkeypatch.setattr(soak, "draw", lambda _random: plain)
    monkeypatch.setattr(rounds, "_run", cut)
    assert soak.main(["--rounds", "1", "--seed", "1"]) == 1
    said = capsys.readouterr().out
    assert "round 0: 9 values of 10" in said
    assert "left behind: descriptor" in said
    assert "strategy='thread'" in said
    for number in left:
        os.close(number)


def test_an_outcome_that_no_item_has_is_found() -> None:
    """A wrong value, an error out of nowhere, a failure that should be a value and the other way round."""
    good, bad = Mischief(1, {}), Mischief(1, {"error": 1.0})
    how = {"isolated": False, "mortal": False, "attempts": 1}
    assert good.wrong(Success(3, None, (1, 9)), **how) == ""  # type: ignore[arg-type]
    assert bad.wrong(Failure(3, None, Refused(3, "an error")), **how) == ""  # type: ignore[arg-type]
    for mischief, outcome in (
        (good, Success(3, None, (1, 16))),
        (good, Failure(3, None, TaskTimeout(3, 1.0))),
        (bad, Success(3, None, (1, 9))),
        (bad, Failure(3, None, ValueError())),
        (bad, Failure(3, None, Refused(3, "an error"), attempts=2)),
    ):
        assert mischief.wrong(outcome, **how) != ""  # type: ignore[arg-type]
