"""Short histories of workers that are killed and frozen at seeded times; `python -m tests.history` runs long ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.history import __main__ as command
from tests.history.trial import Plan, Verdict, run

PLANS = {
    **{
        f"process-{method}-{workers}": Plan(workers, workers=workers, start_method=method, items=items)
        for method in ("forkserver", "spawn")
        for workers, items in ((1, 200), (2, 400), (8, 1000))
    },
    "process/thread": Plan(11, "process/thread", items=800),
    "process/asyncio": Plan(12, "process/asyncio", items=1600),
    "green": Plan(13, "green", workers=8, items=1200),
    "process, very short items among others": Plan(14, items=2000, mixed=True),
    "process, not even the fork server is spared": Plan(16, items=400, everybody=True),
    "process, awaited": Plan(15, items=400, awaited=True),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_history_is_right_in_every_way(plan: Plan) -> None:
    """One outcome each, at most once, at the cost of the killed only; nothing hangs, and nothing is left."""
    verdict = run(plan)
    assert verdict.problems == []
    assert verdict.kills + verdict.freezes, "nothing was done to any worker"


def test_a_lost_item_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial asks the checker: a strategy that drops an outcome is caught."""
    import tests.history.trial as trial

    whole = trial._outcomes
    monkeypatch.setattr(trial, "_outcomes", lambda *args: whole(*args)[:-1])
    assert any("missing [39]" in problem for problem in run(Plan(0, items=40)).problems)


def test_a_process_that_is_left_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial looks for processes by their mark, however far they have come."""
    import subprocess

    import tests.history.trial as trial

    monkeypatch.setattr(trial, "LEAVE", 0.0)
    started: list[subprocess.Popen[bytes]] = []

    def leave(_plan: Plan, _log: object, _mark: str) -> Verdict:
        popen = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        started.append(popen)
        assert popen.stdin is not None
        assert popen.stdout is not None
        popen.stdin.write(b"x")
        popen.stdout.read(1)  # whoever answers has its environment, which is bare for a moment when it starts
        return Verdict([])

    monkeypatch.setattr(trial, "_run", leave)
    try:
        assert any("processes are left" in problem for problem in run(Plan(0)).problems)
    finally:
        for popen in started:
            with popen:
                popen.kill()


def test_the_command_ends_as_its_histories_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 0 for good ones only; what is wrong is printed with the seed; the last line sums up."""
    plans: list[Plan] = []

    def judged(plan: Plan) -> Verdict:
        plans.append(plan)
        return Verdict(["something is wrong"] if plan.seed == 6 else [], kills=2)

    monkeypatch.setattr(command, "run", judged)
    assert command.main(["--seeds", "2", "--workers", "8", "--start-method", "spawn"]) == 0
    assert capsys.readouterr().out.startswith("2 of 2 seeds good (process, 8 workers, spawn, 500 items): 4 kills")
    assert plans == [Plan(seed, workers=8, start_method="spawn") for seed in (0, 1)]
    assert command.main(["--from", "5", "--seeds", "3"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("seed 6: 2 kills")
    assert out[1:2] == ["  something is wrong"]
    assert out[-1].startswith("2 of 3 seeds good")
    assert plans[-1] == replace(Plan(7), awaited=True)
