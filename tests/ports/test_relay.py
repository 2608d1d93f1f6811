"""What items say in worker processes, besides their results, is said again in the parent."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator

import pytest

from concurrent_strategies import InvalidOption, ProcessStrategy

METHODS = ["forkserver", "spawn", "fork"]


def log(x: int) -> int:
    """Log one record of each kind."""
    logging.getLogger("relay.test").info("item %d", x, extra={"mark": x})
    logging.getLogger("relay.quiet").info("not at this level")
    return os.getpid()


def log_error(x: int) -> None:
    """Log an exception with its traceback."""
    try:
        1 / x
    except ZeroDivisionError:
        logging.getLogger("relay.test").exception("it failed")


def speak(x: int) -> int:
    """Print, complain and warn."""
    print("out", x)  # noqa: T201
    print("err", x, file=sys.stderr)  # noqa: T201
    warnings.warn(f"careful {x}", UserWarning, stacklevel=1)
    return x


class Kept(logging.Handler):
    """Keeps the records it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Listen to the loggers of this file."""
    handler, logger, quiet = Kept(), logging.getLogger("relay.test"), logging.getLogger("relay.quiet")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    quiet.addHandler(handler)
    quiet.setLevel(logging.ERROR)
    yield handler
    logger.removeHandler(handler)
    quiet.removeHandler(handler)


@pytest.mark.parametrize("method", METHODS)
def test_each_log_record_reaches_the_handlers_here_once(method: str, kept: Kept) -> None:
    """Every record arrives once, with its logger, level, text, extras and the id of the process it comes from."""
    pids = ProcessStrategy(2, start_method=method).map(log, range(6))
    assert sorted(record.getMessage() for record in kept.records) == [f"item {x}" for x in range(6)]
    assert {record.name for record in kept.records} == {"relay.test"}
    assert {record.levelno for record in kept.records} == {logging.INFO}
    assert {record.process for record in kept.records} == set(pids)
    assert sorted(record.__dict__["mark"] for record in kept.records) == list(range(6))


def test_a_logged_traceback_comes_as_text(kept: Kept) -> None:
    """A record with an exception keeps its traceback, in words."""
    ProcessStrategy(1).map(log_error, [0])
    (record,) = kept.records
    assert record.exc_text is not None
    assert "ZeroDivisionError" in record.exc_text


def test_nothing_is_relayed_that_was_not_asked_for(kept: Kept) -> None:
    """With an empty `relay`, records stay in the worker."""
    ProcessStrategy(1, relay=()).map(log, range(3))
    assert kept.records == []


@pytest.mark.parametrize("method", METHODS)
def test_streams_and_warnings_are_relayed_when_asked_for(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed reaches the streams of this process, as they are now, and warnings its hook."""
    strategy = ProcessStrategy(2, start_method=method, relay=("stdout", "stderr", "warnings"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # a forked worker has the filters of this process
        assert strategy.map(speak, range(4)) == [0, 1, 2, 3]
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == [f"out {x}" for x in range(4)]
    assert sorted(err.splitlines()) == [f"err {x}" for x in range(4)]
    said = [str(warning.message) for warning in caught if warning.category is UserWarning]  # Python has one of its own
    assert sorted(said) == [f"careful {x}" for x in range(4)]


def test_an_unknown_kind_is_refused() -> None:
    """A word that `relay` does not know is an error that suggests one it does."""
    with pytest.raises(InvalidOption, match="Did you mean 'logging'"):
        ProcessStrategy(relay=("loging",))
