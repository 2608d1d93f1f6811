"""Any bytes are items or are refused with the line that cannot be read; nothing in them is ever run."""

from __future__ import annotations

import codecs
import io
import json

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.forbidden import nothing_is_run

from concurrent_strategies.cli.items import read_items

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
# What a line may begin with, end with, or be made of, by somebody's idea of JSON or of Python.
PIECES = st.one_of(
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([*b"\"'[]{}:,\\-+.0eE \t"]).map(lambda code: bytes([code])),
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\x00", b"\xef\xbb\xbf", b"\x80\x04.", b"\xe2\x80\xa8"]),
    st.sampled_from([b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"os.system('x')", b"cos\nsystem\n(S'x'\ntR."]),
    st.binary(max_size=4),
)
BYTES = st.one_of(st.binary(), st.lists(PIECES, max_size=10).map(b"".join))


codecs.lookup("utf-8-sig")  # which is a module that would be executed when it is first used


def named(name: str, data: bytes) -> io.BytesIO:
    """Return an open file of that name."""
    file = io.BytesIO(data)
    file.name = name
    return file


@pytest.mark.parametrize("name", ["items.txt", "items.jsonl"])
@given(data=BYTES)
@example(data=b"[" * 100_000 + b"\n")
@example(data=b'{"a":' * 100_000 + b"\n")
@example(data=b"9" * 5000)
def test_any_bytes_are_items_or_refused(name: str, data: bytes) -> None:
    """Plain lines are texts, JSON lines are what JSON has; the refusal names the file and the line."""
    with nothing_is_run():
        try:
            items = list(read_items(named(name, data)))
        except click.BadParameter as error:
            assert f"{name}, line " in error.message
            return
    assert len(items) <= data.count(b"\n") + 1
    for item in items:
        assert isinstance(item, str) if name.endswith(".txt") else is_plain(item)


def is_plain(value: object) -> bool:
    """Tell whether a value is one that JSON has."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    return all(map(is_plain, value)) if isinstance(value, list) else isinstance(value, str | int | float | None)


@given(st.lists(JSON))
def test_what_was_written_as_json_lines_is_read_again(values: list[object]) -> None:
    """Each value from its own line."""
    data = "".join(json.dumps(value) + "\n" for value in values)
    assert list(read_items(named("items.jsonl", data.encode()))) == values


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"), min_size=1)))
def test_what_was_written_as_lines_is_read_again(texts: list[str]) -> None:
    """Blank ones aside, which are no items."""
    data = "".join(f"{text}\n" for text in texts)
    assert list(read_items(named("items.txt", data.encode()))) == [text for text in texts if text.strip()]
