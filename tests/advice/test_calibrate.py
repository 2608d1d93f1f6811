"""`calibrate`: measured once, kept for this machine alone, and never on a busy one. Most of it on injected machines."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import concurrent_strategies
from concurrent_strategies import Machine, advise, calibrate, measure
from concurrent_strategies.advice import gauges
from concurrent_strategies.advice.calibration import cached, key, place, settle
from concurrent_strategies.advice.constants import DEFAULTS, Constants
from concurrent_strategies.advice.gauges import ABSURD, gauge

HERE = Machine(cores=2)
MEASURED = Constants(thread_start=42e-6, efficiency=0.7)


class Bench:
    """Stands for the machine that is measured: says what it is told to, and counts how often it was asked."""

    def __init__(self, *loads: float) -> None:
        self.loads = list(loads)
        self.asked = 0

    def gauge(self, _machine: Machine) -> Constants:
        """Measure."""
        self.asked += 1
        return MEASURED

    def load(self) -> float:
        """Look at the load; the last value stays."""
        return self.loads.pop(0) if len(self.loads) > 1 else self.loads[0]

    def settle(self, folder: Path, machine: Machine = HERE, *, fresh: bool = False) -> Any:
        """Calibrate."""
        return settle(machine, self.gauge, self.load, folder=folder, fresh=fresh)


def test_measured_once_and_kept(tmp_path: Path) -> None:
    """The second time it is read, unless measuring anew was asked for."""
    bench = Bench(0.0)
    first = bench.settle(tmp_path / "new" / "folder")
    assert (first.constants, first.accepted, first.fresh) == (MEASURED, True, True)
    assert Path(first.file).is_file()
    second = bench.settle(tmp_path / "new" / "folder")
    assert (second.constants, second.accepted, second.fresh) == (MEASURED, True, False)
    assert bench.asked == 1
    assert bench.settle(tmp_path / "new" / "folder", fresh=True).fresh
    assert bench.asked == 2
    assert [each.name for each in (tmp_path / "new" / "folder").iterdir()] == [Path(first.file).name]


def test_another_machine_is_another_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other cores, another interpreter or version: what was measured there does not count here."""
    bench = Bench(0.0)
    bench.settle(tmp_path)
    assert cached(HERE, tmp_path) == MEASURED
    assert cached(replace(HERE, cores=4), tmp_path) == DEFAULTS
    assert cached(replace(HERE, gil=False), tmp_path) == DEFAULTS
    assert cached(replace(HERE, load=3.0), tmp_path) == MEASURED
    monkeypatch.setattr(concurrent_strategies, "__version__", "0.0.0")
    assert cached(HERE, tmp_path) == DEFAULTS
    assert set(key(HERE)) == {"version", "interpreter", "host", "boot", "cores", "gil"}


@pytest.mark.parametrize("loads", [(2.0,), (0.0, 2.0)], ids=["before", "meanwhile"])
def test_a_busy_machine_is_not_calibrated(tmp_path: Path, loads: tuple[float, ...]) -> None:
    """Nothing is kept, the defaults stand, and the reason is told."""
    found = Bench(*loads).settle(tmp_path)
    assert (found.constants, found.accepted, found.fresh) == (DEFAULTS, False, False)
    assert "the machine is busy: 2.0 other programs want a core" in found.reason
    assert list(tmp_path.iterdir()) == []
    assert cached(HERE, tmp_path) == DEFAULTS


def test_what_was_measured_before_outlives_a_busy_moment(tmp_path: Path) -> None:
    """Asked for fresh values on a busy machine, the older ones are better than none."""
    Bench(0.0).settle(tmp_path)
    bench = Bench(3.0)
    found = bench.settle(tmp_path, fresh=True)
    assert (found.constants, found.accepted, found.fresh) == (MEASURED, True, False)
    assert "what was measured before is kept" in found.reason
    assert bench.asked == 0


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (replace(HERE, gevent_patched=True), "gevent has patched this program"),
        (replace(HERE, daemon=True), "worker process"),
        (replace(HERE, nested=True), "worker process"),
    ],
)
def test_where_nothing_can_be_measured_nothing_is(tmp_path: Path, machine: Machine, reason: str) -> None:
    """Greenlets are no threads, and a worker shares the machine with its siblings."""
    bench = Bench(0.0)
    found = bench.settle(tmp_path, machine)
    assert not found.accepted
    assert reason in found.reason
    assert bench.asked == 0


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"key": 1}', "\udcff"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, damage: str) -> None:
    """It is measured again and written anew; nothing is believed that is not whole."""
    file = Path(Bench(0.0).settle(tmp_path).file)
    file.write_bytes(damage.encode(errors="surrogateescape"))
    assert cached(HERE, tmp_path) == DEFAULTS
    assert Bench(0.0).settle(tmp_path).fresh
    assert cached(HERE, tmp_path) == MEASURED


@pytest.mark.parametrize(
    "change", [{"thread_start": "x"}, {"thread_start": 0}, {"thread_start": -1}, {"efficiency": None}]
)
def test_absurd_values_in_a_file_are_not_believed(tmp_path: Path, change: dict[str, Any]) -> None:
    """A time of nothing would make a strategy cost nothing."""
    file = Path(Bench(0.0).settle(tmp_path).file)
    kept = json.loads(file.read_text())
    kept["constants"] |= change
    file.write_text(json.dumps(kept))
    assert cached(HERE, tmp_path) == DEFAULTS


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    """The values are there; the next program measures again."""
    (tmp_path / "taken").write_text("")
    found = Bench(0.0).settle(tmp_path / "taken" / "below")
    assert (found.constants, found.accepted, found.file) == (MEASURED, True, "")
    assert "cannot be kept" in found.reason


def test_the_file_lies_in_the_users_cache() -> None:
    """Where each platform wants it."""
    assert place(None, "linux", {"XDG_CACHE_HOME": "/cache"}).startswith("/cache/concurrent-strategies/calibration-")
    home = Path.home()
    assert place(None, "linux", {}).startswith(f"{home}/.cache/concurrent-strategies/")
    assert place(None, "darwin", {}).startswith(f"{home}/Library/Caches/concurrent-strategies/")
    assert place(None, "win32", {"LOCALAPPDATA": "/local"}).startswith("/local/concurrent-strategies/")


def test_advice_uses_what_was_measured_here_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine that is asked for keeps the defaults: nobody knows what strategies cost there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    work = {"gil_cpu": 0.01, "n_items": 100}
    told = "what the strategies cost was measured on this machine"
    assert told not in advise(work).explain()
    settle(Machine.detect(), Bench(0.0).gauge, Bench(0.0).load, folder=None, fresh=False)
    assert told in advise(work).explain()
    assert told not in advise(work, HERE).explain()
    measurement = measure(abs, [1])
    assert measurement.constants == MEASURED
    assert told in advise(measurement).explain()
    assert told not in advise(measurement, HERE).explain()
    assert measure(abs, [1], machine=HERE).constants == DEFAULTS


def test_the_real_machine_can_be_measured() -> None:
    """Every constant comes out positive, and none absurd, whatever else runs here meanwhile."""
    found = gauge(Machine.detect())
    for each in fields(Constants):
        value, usual = getattr(found, each.name), getattr(DEFAULTS, each.name)
        if each.name != "starts":
            assert usual / ABSURD <= value <= usual * ABSURD, each.name
    for method, start in found.starts.items():
        assert start.imports == DEFAULTS.starts[method].imports
        assert min(start[:3]) >= 0
        assert sum(start[:3]) > 0


def test_calibrate_says_what_it_came_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, and with every constant: the public function, over what is kept."""
    settle(Machine.detect(), Bench(0.0).gauge, Bench(0.0).load, folder=tmp_path, fresh=False)
    found = calibrate(folder=tmp_path)
    assert found.constants == MEASURED
    text = str(found)
    assert text.startswith("measured on this machine before (")
    assert all(word in text for word in ("thread_start", "4.2e-05", "start by spawn", "efficiency"))


def test_one_bad_moment_does_not_make_the_cores_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others that want a core for a while can only make what it adds less: the best of three moments counts."""
    moments = iter((0.2, 0.9, 0.3))
    monkeypatch.setattr(gauges, "_efficiency", lambda *_: next(moments))
    for name in ("_threads", "_loop", "_greenlets", "_processes"):
        monkeypatch.setattr(gauges, name, lambda *_: {})
    monkeypatch.setattr(gauges, "_starts", lambda *_: DEFAULTS.starts)
    assert gauge(HERE).efficiency == 0.9
