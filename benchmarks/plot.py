"""The records as a picture: for each case, ours as a share of the best peer, on a scale of powers of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from .report import best_peer, ours

ROW, LEFT, WIDTH, TOP = 18, 380, 860, 44
LEAST, MOST = 0.001, 10.0
FONT = 'font-family="sans-serif" font-size="11"'
TITLE = "time of ours / time of the best peer: by default (bar), tuned by hand (line)"
FASTER, SLOWER = "#3f51b5", "#c62828"


def svg(records: Sequence[dict[str, Any]]) -> str:
    """Return the picture."""
    rows = [(f"{made['section']}: {made['case']}", *ratios) for made in records if (ratios := _ratios(made))]
    height = TOP + ROW * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="14" font-size="12">{TITLE}</text>',
    ]
    for power in range(round(math.log10(LEAST)), round(math.log10(MOST)) + 1):
        x = _x(10.0**power)
        parts.append(
            f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height - 16}" stroke="{"#555" if not power else "#ddd"}"/>'
        )
        parts.append(f'<text x="{x}" y="{TOP - 14}" text-anchor="middle" fill="#555">{10.0**power:g}</text>')
    for number, (name, default, tuned) in enumerate(rows):
        y = TOP + ROW * number
        parts.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>')
        low, high = sorted((_x(default), _x(1.0)))
        colour = FASTER if default <= 1 else SLOWER
        parts.append(
            f'<rect x="{low}" y="{y + 3}" width="{max(1.0, high - low):.1f}" height="{ROW - 7}" fill="{colour}"/>'
        )
        if tuned is not None:
            x = _x(tuned)
            parts.append(f'<line x1="{x}" y1="{y}" x2="{x}" y2="{y + ROW - 2}" stroke="black" stroke-width="2"/>')
    return "\n".join([*parts, "</svg>\n"])


def _x(ratio: float) -> float:
    """Return where a ratio stands."""
    share = math.log10(min(MOST, max(LEAST, ratio)) / LEAST) / math.log10(MOST / LEAST)
    return round(LEFT + share * (WIDTH - LEFT - 20), 1)


def _ratios(made: dict[str, Any]) -> tuple[float, float | None] | None:
    """Return ours to the best peer by default, and to the best that is tuned; nothing where there is no peer."""
    mine, peer, tuned = ours(made), best_peer(made, tuned=False), best_peer(made, tuned=True)
    if mine is None or peer is None or not peer["median"] or made["section"] == "scaling":
        return None
    assert tuned is not None
    by_hand = mine["median"] / tuned["median"] if tuned["kind"] == "tuned" and tuned["median"] else None
    return mine["median"] / peer["median"], by_hand
