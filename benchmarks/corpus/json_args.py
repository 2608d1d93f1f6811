"""Parsing a text of 70 kB, which is the item: computing under the GIL that has to cross the border first."""

from __future__ import annotations

import json

from . import computing, scaled

EXPECTED = {"process", "sync"}
truth = computing


def func(text: str) -> int:
    """Parse, and count."""
    return len(json.loads(text))


def items(size: float) -> list[str]:
    """Return texts; a few different ones."""
    texts = [_text(1200 + number) for number in range(8)]
    return [texts[number % len(texts)] for number in range(scaled(300, size))]


def _text(count: int) -> str:
    rows = [{"id": number, "name": f"name{number}", "values": [number, number * 1.5, None]} for number in range(count)]
    return json.dumps(rows)
