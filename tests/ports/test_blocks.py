"""Blocks: each item is claimed once, or given back once."""

from __future__ import annotations

from contextvars import Context
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies._ports.blocks import Block, Blocks


def _block(chunk: int, first: int, items: Any) -> Block:
    return Block(chunk, first, items, str, Context())


def _taken(claims: Any, count: int) -> list[tuple[int, int, Any]]:
    return [(block.chunk, index, item) for item, index, block in islice(claims, count)]


@pytest.mark.parametrize("items", [[10, 11, 12], (10, 11, 12), range(10, 13), {10: 0, 11: 0, 12: 0}.keys()])
def test_claims_come_with_their_index_and_block(items: Any) -> None:
    """In order, over all blocks, whatever holds the items."""
    blocks = Blocks()
    blocks.add(_block(1, 5, items))
    blocks.add(_block(2, 20, items))
    assert _taken(blocks.claims(), 4) == [(1, 5, 10), (1, 6, 11), (1, 7, 12), (2, 20, 10)]


def test_claims_go_on_with_what_is_added() -> None:
    """Also after they had ended: then there are new ones."""
    blocks = Blocks()
    assert blocks.claims() is None
    blocks.add(_block(1, 0, [10]))
    claims = blocks.claims()
    assert len(_taken(claims, 5)) == 1
    assert not blocks
    assert blocks.claims() is None
    blocks.add(_block(2, 1, [11]))
    assert len(_taken(blocks.claims(), 5)) == 1


@given(st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_what_is_cut_is_not_claimed(size: int, claimed: int, keep: bool) -> None:
    """A recall takes all that is left, or the second half of it, and every item is on exactly one side."""
    blocks = Blocks()
    blocks.add(_block(1, 100, list(range(size))))
    blocks.add(_block(2, 500, ["other"]))
    claims = blocks.claims()
    before = _taken(claims, min(claimed, size)) if claims is not None else []
    first, count = blocks.cut(1, keep)
    after = [entry for entry in _taken(blocks.claims(), 100) if entry[0] == 1]
    assert [index for _, index, _ in before + after] + list(range(first, first + count)) == list(range(100, 100 + size))
    assert keep or not after
    assert abs(len(after) - count) <= 1 or not keep


def test_an_unknown_chunk_has_nothing_to_cut() -> None:
    """It was claimed as a whole, say."""
    assert Blocks().cut(7, False) == (0, 0)
