"""The fault catalogue: every row over every strategy it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import catalogue
from .harness import Bench, Hang, Program
from .specs import SPECS

catalogue.load()

CELLS = [(key, spec) for key, case in catalogue.CASES.items() for spec in SPECS if SPECS[spec].kind in case.kinds]
PROGRAMS = [(key, spec) for key, row in catalogue.SCRIPTS.items() for spec in SPECS if SPECS[spec].kind in row.kinds]
# One bench at a time: cases that need no process of their own share it with the others of their strategy.
CELLS.sort(key=lambda cell: (list(SPECS).index(cell[1]), catalogue.CASES[cell[0]].own_process))


class Benches:
    """The bench that the quick cases of one strategy share, until another strategy's turn comes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bench: Bench | None = None
        self._spec = ""
        self._count = 0

    def get(self, spec: str) -> Bench:
        """Return the shared bench of a strategy, a new one if a case has ended the last."""
        if self._bench is None or self._spec != spec or self._bench.popen.poll() is not None:
            self.close()
            self._count += 1
            self._bench = Bench(spec, self._directory / f"{self._count}-{spec.replace('/', '-')}")
            self._spec = spec
        return self._bench

    def drop(self) -> None:
        """End the bench without a word: it hangs."""
        if self._bench is not None:
            self._bench.kill()
            self._bench = None

    def close(self) -> None:
        """End the bench, and see what it leaves."""
        bench, self._bench = self._bench, None
        if bench is not None:
            problems = bench.finish()
            assert not problems, f"at the end of {self._spec}: " + "\n".join(problems)


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    """Lend benches."""
    made = Benches(tmp_path_factory.mktemp("benches"))
    yield made
    made.close()


@pytest.mark.parametrize(("key", "spec"), CELLS, ids=[f"{key}-{spec}" for key, spec in CELLS])
def test_a_fault_has_the_outcome_that_the_catalogue_demands(
    key: str, spec: str, benches: Benches, tmp_path: Path
) -> None:
    """The fault costs what the catalogue says, in time, and leaves nothing behind."""
    case = catalogue.CASES[key]
    if case.own_process:
        bench = Bench(spec, tmp_path / "bench", shell=case.shell, **dict(case.environment))
        try:
            problems = bench.run(key, case)
            problems += bench.finish()
        finally:
            bench.kill()
    else:
        try:
            problems = benches.get(spec).run(key, case)
        except Hang:
            benches.drop()
            raise
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("key", "spec"), PROGRAMS, ids=[f"{key}-{spec}" for key, spec in PROGRAMS])
def test_a_program_ends_as_the_catalogue_demands(key: str, spec: str, tmp_path: Path) -> None:
    """The program prints what it should, ends in time and as it should, and takes its workers along."""
    program = Program(catalogue.SCRIPTS[key], spec, tmp_path / "program")
    try:
        problems = program.run()
    finally:
        program.kill()
    assert not problems, "\n".join(problems)
