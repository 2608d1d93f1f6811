"""The bell's alarm: whoever hears it finds that it has rung."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from concurrent_strategies._core.bell import Alarm, Bell


class Heard(Bell):
    """A bell that notes, at each ring, whether the alarm says that it rang."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm: Alarm | None = None
        self.set = threading.Event()
        self.said: list[bool] = []

    def ring(self) -> None:
        """Ring, and look at the alarm as whoever waits would."""
        self.set.wait(10)
        self.said.append(self.alarm is not None and self.alarm.rang)
        super().ring()


def test_an_alarm_has_rung_when_it_is_heard() -> None:
    """Its thread still lives then, so that would be the wrong thing to ask."""
    bell = Heard()
    bell.alarm = Alarm(bell, 0.001)
    bell.set.set()
    assert bell.wait(10)
    assert bell.said == [True]


def test_an_alarm_rings_at_once_where_there_is_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a timer that could not be started."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", refuse)
    bell = Bell()
    assert Alarm(bell, 3600).rang
    assert bell.wait(0)


def test_a_cancelled_alarm_is_silent() -> None:
    """It does not ring any more."""
    bell = Bell()
    alarm = Alarm(bell, 3600)
    alarm.cancel()
    assert not alarm.rang
    assert not bell.wait(0)
