"""Items as the command line reads them: lines, JSON lines, and what cannot be read."""

from __future__ import annotations

import io
from collections.abc import Iterator

import click
import pytest

from concurrent_strategies.cli.items import read_items


def named(name: str, data: bytes) -> io.BytesIO:
    """Return an open file of that name."""
    file = io.BytesIO(data)
    file.name = name  # type: ignore[attr-defined]
    return file


def test_plain_lines_are_strings_without_their_end() -> None:
    """Line ends of every system go, blanks inside a line stay, numbers stay text."""
    assert list(read_items(named("urls.txt", b"a b\r\n 2 \nthree"))) == ["a b", " 2 ", "three"]


def test_blank_lines_are_no_items() -> None:
    """In either format."""
    assert list(read_items(named("x", b"a\n\n  \nb\n\n"))) == ["a", "b"]
    assert list(read_items(named("x.jsonl", b"1\n\n2\n"))) == [1, 2]


@pytest.mark.parametrize("name", ["data.jsonl", "data.ndjson"])
def test_the_name_of_the_file_decides(name: str) -> None:
    """`.jsonl` and `.ndjson` are JSON lines; content is never guessed at."""
    data = b'{"a": 1}\n[2]\n"x"\nnull\n'
    assert list(read_items(named(name, data))) == [{"a": 1}, [2], "x", None]
    assert list(read_items(named("<stdin>", data))) == ['{"a": 1}', "[2]", '"x"', "null"]


def test_a_format_that_is_said_wins_over_the_name() -> None:
    """Both ways."""
    assert list(read_items(named("x.jsonl", b"1\n"), "lines")) == ["1"]
    assert list(read_items(named("x.txt", b"1\n"), "jsonl")) == [1]


def test_a_line_that_is_no_json_is_named_with_its_number() -> None:
    """Blank lines count; the items before it come through."""
    items = read_items(named("data.jsonl", b'1\n\n{"a":\n'))
    assert next(items) == 1
    with pytest.raises(click.BadParameter, match=r"data\.jsonl, line 3: this is not valid JSON \(Expecting value"):
        next(items)


def test_a_line_that_is_no_text_is_named_with_its_number() -> None:
    """Other encodings than UTF-8 are refused, not garbled."""
    with pytest.raises(click.BadParameter, match=r"x, line 2: this is not UTF-8 \(invalid start byte at byte 1\)"):
        list(read_items(named("x", b"a\nb\xff\n")))


def test_a_byte_order_mark_is_not_part_of_the_first_item() -> None:
    """Some editors write one."""
    assert list(read_items(named("x", b"\xef\xbb\xbfa\nb\n"))) == ["a", "b"]


def test_lines_are_read_as_they_are_asked_for() -> None:
    """An endless source works."""

    class Endless(io.BytesIO):
        read_so_far = 0

        def __iter__(self) -> Iterator[bytes]:
            while True:
                self.read_so_far += 1
                yield b"x\n"

    source = Endless()
    items = read_items(source)
    assert [next(items) for _ in range(3)] == ["x", "x", "x"]
    assert source.read_so_far == 3
