"""That regret is reckoned rightly, that every workload of the open corpus runs, and so does the harness."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import corpus, tables
from benchmarks.corpus import computing, native, waiting
from benchmarks.regret import cells, page, picture, score, truth

from concurrent_strategies import Machine, SyncStrategy, ThreadStrategy, WorkloadProfile, advise
from concurrent_strategies.advice.constants import DEFAULTS
from concurrent_strategies.advice.demands import demands
from concurrent_strategies.advice.model import Model

ROOT = Path(__file__).parents[1]
TINY = 0.005


@pytest.fixture(scope="module", autouse=True)
def _blas_has_its_threads() -> None:
    """Before any test here: it ends them at a fork, which others may have made, until the next product."""
    made = np.ones((320, 320))
    assert (made @ made)[0, 0] == 320


# ----------------------------------------------------------------------------------------------------------- the corpus


@pytest.mark.parametrize("name", corpus.names())
def test_every_workload_gives_the_same_results_on_two_strategies(name: str) -> None:
    """One by one and in threads, with tiny items and few of them; what needs a server or a file brings it."""
    module = corpus.load(name)
    func = corpus.function(module)
    with corpus.opened(module, TINY) as items:
        alone, together = SyncStrategy().map(func, items), ThreadStrategy(3).map(func, items)
    assert items
    assert [*map(truth.fingerprint, alone)] == [*map(truth.fingerprint, together)]


@pytest.mark.parametrize("name", corpus.names())
def test_every_workload_keeps_to_the_protocol(name: str) -> None:
    """Its function is found again by its name, its truth is a profile, and it expects kinds that exist."""
    module = corpus.load(name)
    assert pickle.dumps(module.func)
    told = module.truth(0.001, 0.02)
    assert advise({"n_items": 10, **told}).spec
    assert {cells.family(kind) for kind in module.EXPECTED} == module.EXPECTED


def test_the_corpus_has_all_open_workloads() -> None:
    """None is lost without a word."""
    assert len(corpus.names()) >= 29


def test_a_workload_says_how_its_computing_divides() -> None:
    """Python holds the GIL, native code for a part, and waiting is what is left of the time."""
    assert computing(2.0, 1.0) == {"gil_cpu": 2.0}
    assert native(held=0.25)(2.0, 1.0) == {"gil_cpu": 0.5, "free_cpu": 1.5}
    assert waiting(max_connections=8)(2.0, 1.0) == {"gil_cpu": 2.0, "wait": 1.0, "max_connections": 8}


# ----------------------------------------------------------------------------------------------------- the true profile


def _double(number: int) -> int:
    return 2 * number


def test_the_truth_is_what_all_items_come_to_one_by_one() -> None:
    """Every item is run, and told by times, sizes and fingerprints that JSON can hold."""
    told = json.loads(json.dumps(truth.alone(_double, list(range(20)))))
    assert told["prints"] == [truth.fingerprint(2 * number) for number in range(20)]
    assert told["cpu"] > 0
    assert told["arg_bytes"] > 0


def test_a_true_profile_says_what_the_workload_knows() -> None:
    """Its own division, the number of items, whether there is an async version, and no times of what is not there."""
    told = {"cpu": 0.001, "wait": 0.02, "async_cpu": 0.002, "async_wait": 0.02, "duration_max": 0.03, "prints": [1]}
    capped = corpus.load("http_capped")
    made = truth.profile(capped, capped.func, 80, told)
    assert (made.n_items, made.max_connections, made.coroutine) == (80, 8, True)
    assert (made.gil_cpu, made.wait, made.async_cpu) == (0.001, 0.02, 0.002)
    power = corpus.load("cpu_pow")
    made = truth.profile(power, power.func, 40, told)
    assert (made.gil_cpu, made.wait, made.coroutine, made.async_cpu) == (0.001, 0.0, False, None)


# ------------------------------------------------------------------------------------------------------------ the cells


def _grid(count: int, **fields: Any) -> set[str]:
    profile, machine = WorkloadProfile(n_items=count, **fields), Machine(cores=2)
    return {cell.key for cell in cells.grid(Model(profile, demands(profile, machine), machine, DEFAULTS), count)}


def test_computing_is_tried_in_few_threads_and_in_processes_of_several_chunks() -> None:
    """What does not wait has no use for an event loop, nor for hundreds of threads."""
    assert _grid(320, gil_cpu=0.001) == {
        "sync", "thread:2", "thread:4", "process:2", "process:4", "process:8",
        "process:2?chunksize=10", "process:2?chunksize=160",
    }  # fmt: skip


def test_waiting_is_tried_in_every_size_that_the_other_side_allows() -> None:
    """Threads, tasks, greenlets where they cooperate, and hybrids; none beyond the connections or the items."""
    found = _grid(1000, gil_cpu=0.001, wait=0.3, coroutine=True, green_ok=True)
    assert {"thread:256", "asyncio:1000", "green:128", "process:2/thread:32", "process:2/asyncio:128"} <= found
    found = _grid(1000, gil_cpu=0.001, wait=0.3, coroutine=False, max_connections=8)
    assert {cells.plan_of(key).calls for key in found} == {1, 2, 4, 8}
    assert not {key for key in found if "asyncio" in key or "green" in key}


def test_a_spec_string_and_its_plan_say_the_same() -> None:
    """Kind and size, also of hybrids, and whatever the chunks."""
    for spec in ("sync", "thread:8", "process:2/asyncio:30"):
        assert cells.plan_of(spec).spec() == spec
    assert cells.plan_of("process:2?chunksize=10").spec() == "process:2"
    assert [cells.family(spec) for spec in ("thread:8", "process:2?chunksize=3", "process:2/thread:8")] == [
        "thread", "process", "process/thread",
    ]  # fmt: skip


def test_the_baseline_of_rules_is_the_three_rules() -> None:
    """Computing, slow and many, fast or few."""
    assert cells.rule(WorkloadProfile(gil_cpu=0.1)) == "process"
    slow = {"wait": 0.3, "n_items": 1000, "coroutine": True}
    assert cells.rule(WorkloadProfile(**slow)) == "asyncio"
    assert cells.rule(WorkloadProfile(**slow, max_connections=10)) == "thread"
    assert cells.rule(WorkloadProfile(wait=0.002, n_items=1000, coroutine=True)) == "thread"


# ------------------------------------------------------------------------------------------------------- the arithmetic


def _record(**more: Any) -> score.Record:
    figures = {"sync": 1.0, "thread:2": 1.01, "thread:8": 0.5, "process:2": 0.52, "auto": 0.6, "joblib": 0.1}
    guesses = {"sync": 1.0, "thread:2": 1.0, "thread:8": 0.25, "process:2": 0.52}
    record: score.Record = {
        "name": "one", "items": 10, "expected": ["thread"], "rule": "process", "patience": 20.0, "load": 0.0,
        "advised": {score.WAYS[0]: ["thread:8"], score.WAYS[1]: ["sync", "thread:8", "thread:9"]},
        "burnt": ["thread:7", "sync"],
        "baselines": {"always threads": "thread:32", "joblib": "joblib"},
        "cells": {
            key: {"seconds": [2 * seconds, seconds], "note": "", "predicted": guesses.get(key)}
            for key, seconds in figures.items()
        },
    }  # fmt: skip
    record["cells"]["thread:32"] = {"seconds": [], "note": "takes more than 20 s", "predicted": 0.1}
    return record | more


def test_regret_is_the_ratio_of_times_that_anybody_cares_about() -> None:
    """Ten milliseconds are added to both, and what did not end counts with all that it was given."""
    assert score.regret(0.5, 0.5, 20.0) == 1.0
    assert score.regret(0.09, 0.04, 20.0) == pytest.approx(2.0)
    assert score.regret(0.003, 0.0, 20.0) == pytest.approx(1.3)
    assert score.regret(None, 0.99, 19.99) == pytest.approx(20.0)


def test_the_best_is_the_least_time_of_ours() -> None:
    """Over all rounds and all cells; a foreign library is no cell of ours."""
    assert score.best(_record()) == 0.5
    assert score.right_kinds(_record()) == {"thread", "process"}


def test_a_kind_is_right_whatever_auto_does() -> None:
    """It may use several kinds, one after the other, and be faster than each of them."""
    record = _record()
    record["cells"]["auto"]["seconds"] = [0.1]
    assert score.best(record) == 0.1
    assert score.right_kinds(record) == {"thread", "process"}


def test_every_way_and_every_baseline_has_its_regret() -> None:
    """The first measurement counts; a baseline that did not end counts with its patience."""
    found = score.regrets([_record()])
    assert {name: round(each[0], 2) for name, each in found.items()} == {
        score.WAYS[0]: 1.0,
        score.WAYS[1]: 1.98,
        "auto": 1.2,
        "always threads": 39.24,
        "joblib": 0.22,
        score.RULES: 1.04,
    }
    assert score.kind_accuracy([_record()], score.WAYS[0]) == 1.0
    assert score.kind_accuracy([_record()], score.WAYS[1]) == 0.0


def test_what_was_not_measured_is_left_out() -> None:
    """Without `auto` there is no line for it."""
    record = _record()
    del record["cells"]["auto"]
    assert "auto" not in score.regrets([record])
    assert score.advised(record, score.AUTO) is None


def test_predictions_are_judged_by_cell_and_by_order() -> None:
    """The error is the logarithm of the ratio; the order is Kendall's tau, in which ties tell nothing."""
    assert sorted(round(each, 2) for each in score.errors(_record())) == [0.0, 0.0, 0.01, 0.69]
    assert score.order(_record()) == pytest.approx(5 / (5 * 6) ** 0.5)
    assert score.tau([(1, 1), (2, 2), (3, 3)]) == 1.0
    assert score.tau([(1, 3), (2, 2), (3, 1)]) == -1.0
    assert score.tau([(1, 1), (1, 2)]) is None


def test_the_summaries_are_what_they_are_called() -> None:
    """Geometric mean, the least number that nine of ten do not exceed, shares, and the kind that came most often."""
    assert score.geometric_mean([1.0, 4.0]) == pytest.approx(2.0)
    assert score.percentile(range(1, 11), 0.9) == 9
    assert score.percentile([3.0], 0.9) == 3.0
    assert score.share([1.0, 1.1, 1.2, 1.3], lambda each: each <= 1.1) == 0.5
    assert score.stability(["thread:8", "thread:9", "sync", "thread:8"]) == 0.75


# ---------------------------------------------------------------------------------------------------------- the harness


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that a quick run of one workload leaves."""
    path = tmp_path_factory.mktemp("regret") / "records.json"
    _run("--quick", "--only", "json_args", "--json", str(path))
    return path


def _run(*options: str) -> str:
    command = [sys.executable, "-m", "benchmarks.regret", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_quick_run_comes_to_records(quick: Path) -> None:
    """Every cell has its time or says why not, every way of advice names a cell that was run, and the load is ended."""
    (record,) = json.loads(quick.read_text())["records"]
    assert all(cell["seconds"] or cell["note"] for cell in record["cells"].values())
    assert record["cells"]["sync"]["seconds"]
    for way in score.WAYS[:2]:
        assert record["cells"][score.advised(record, way)]["seconds"]
    assert record["burnt"]


def test_what_the_file_has_is_not_measured_again(quick: Path) -> None:
    """With `--keep` a record stays as it is, and is shown."""
    before = quick.read_text()
    shown = _run("--quick", "--only", "json_args", "--json", str(quick), "--keep")
    assert quick.read_text() == before
    assert "| `json_args` |" in shown


def test_ctrl_c_keeps_what_is_complete(quick: Path, tmp_path: Path) -> None:
    """The workload under way is given up at once, with all that was started for it; the records before it stay."""
    kept = tmp_path / "records.json"
    kept.write_text(quick.read_text())
    command = [sys.executable, "-m", "benchmarks.regret", "--only", "cpu_pow", "--json", str(kept), "--keep"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "cpu_pow" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "| `json_args` |" in shown
    assert kept.read_text() == quick.read_text()


def test_the_page_gets_its_tables_and_its_picture(quick: Path) -> None:
    """Between the markers, a line for each workload and for each baseline; the picture has a dot for each way."""
    found = json.loads(quick.read_text())
    found["records"].append(_record())
    text = (ROOT / "docs" / "advice.md").read_text()
    made = tables.placed(text, page.page(found, "regret.svg"))
    assert made.partition(tables.BEGIN)[0] == text.partition(tables.BEGIN)[0]
    assert "| `one` | 10 | process, thread | thread:8: 500 ms | thread:8 | 1.00 | sync | 1.98 | 1.20 |" in made
    assert "| always threads |" in made
    drawn = picture.svg([_record()])
    assert drawn.startswith("<svg ")
    assert drawn.count("<circle ") == len(score.WAYS)
