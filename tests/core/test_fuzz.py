"""Any file is a checkpoint or is refused by one clear error; nothing in it is ever evaluated or unpickled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.forbidden import nothing_is_run

from concurrent_strategies import InvalidOption, SyncStrategy
from concurrent_strategies._core.checkpoint import MISSING, Checkpoint
from concurrent_strategies._core.shelf import Block

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
ENTRIES = st.one_of(
    st.builds(lambda key, value: {"key": key, "value": value}, JSON, JSON),
    st.dictionaries(st.sampled_from(["key", "value", "x"]), JSON),
    JSON,
)
PIECES = st.one_of(
    ENTRIES.map(lambda entry: json.dumps(entry).encode() + b"\n"),
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\x00", b"{", b"}", b'"', b"NaN", b"9" * 5000, b"\x80\x04.", b"\xff"]),
    st.binary(max_size=4),
)
BYTES = st.one_of(st.binary(), st.lists(PIECES, max_size=8).map(b"".join))


@contextmanager
def file(data: bytes) -> Iterator[Path]:
    """Have a file with this in it for a while."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "done.jsonl")
        path.write_bytes(data)
        yield path


def note(checkpoint: Checkpoint, first: int, values: list[Any]) -> None:
    """Note the values of some items that no earlier run has."""
    assert [checkpoint.lookup(index, None) for index, _ in enumerate(values, first)] == [MISSING] * len(values)
    checkpoint.note([Block(first, values, None, 1, "")])


@given(BYTES)
@example(b"[" * 100_000 + b"\n")
@example(b'{"key": 0, "value": ' + b"[" * 100_000 + b"\n")
@example(b'{"key": 0, "value": 1}\r\n{"key": 1, "va')
def test_any_file_is_a_checkpoint_or_refused(data: bytes) -> None:
    """What is refused stays as it was."""
    with file(data) as path:
        try:
            with nothing_is_run(), closing(Checkpoint(path, None)):
                pass
        except InvalidOption as error:
            assert error.option == "checkpoint"
            assert str(path) in str(error)
            assert path.read_bytes() == data
        else:
            assert data.startswith(path.read_bytes())


@given(st.lists(JSON, min_size=1, max_size=6), st.data(), st.sampled_from(["\n", "\r\n"]))
def test_what_a_crash_has_cut_off_is_left_out_and_nothing_else(
    values: list[Any], data: st.DataObject, end: str
) -> None:
    """Wherever the file ends, the whole lines before it are known, and what is noted next is whole, too."""
    lines = [json.dumps({"key": index, "value": value}) + end for index, value in enumerate(values)]
    text = "".join(lines).encode()
    cut = data.draw(st.integers(0, len(text)))
    whole = text[:cut].count(b"\n")
    with file(text[:cut]) as path:
        with closing(Checkpoint(path, None)) as checkpoint:
            assert [checkpoint.lookup(index, None) for index in range(whole)] == values[:whole]
            note(checkpoint, whole, ["next"])
        with closing(Checkpoint(path, None)) as checkpoint:
            assert [checkpoint.lookup(index, None) for index in range(whole + 1)] == [*values[:whole], "next"]


@given(st.lists(st.tuples(JSON, JSON), max_size=6, unique_by=lambda pair: json.dumps(pair[0], sort_keys=True)))
def test_what_was_noted_is_known(pairs: list[tuple[Any, Any]]) -> None:
    """By the key of its item, whatever that is."""
    with file(b"") as path:
        for known in (False, True):
            with closing(Checkpoint(path, lambda item: item)) as checkpoint:
                found = [checkpoint.lookup(index, key) for index, (key, _) in enumerate(pairs)]
                assert found == ([value for _, value in pairs] if known else [MISSING] * len(pairs))
                checkpoint.note([Block(index, [value], None, 1, "") for index, (_, value) in enumerate(pairs)])


@pytest.mark.parametrize("path", ["", "\0", "nowhere/done.jsonl", "/", "x" * 5000, "\ud800"])
def test_a_path_that_cannot_be_is_refused(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOption, match="checkpoint"):
        SyncStrategy(checkpoint=path).map(abs, [1])
