"""The records as a picture: for each workload the regret of each way to take advice, from 1 to 4."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ..plot import FONT
from .score import WAYS, Record, advised, best, regret, seconds

ROW, LEFT, WIDTH, TOP = 22, 150, 720, 52
MOST = 4.0
TICKS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0)
COLOURS = ("#3f51b5", "#ef6c00", "#2e7d32")
TITLE = "time as advised / time of the best, each + 10 ms"


def svg(records: Sequence[Record]) -> str:
    """Return the picture."""
    height = TOP + ROW * len(records) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="14" font-size="12">{TITLE}</text>',
    ]
    for place, (way, colour) in enumerate(zip(WAYS, COLOURS, strict=True)):
        x = LEFT + 290 + 140 * (place - 0.05)
        if any(advised(record, way) for record in records):
            parts.append(f'<text x="{x:.0f}" y="14" fill="{colour}">● {escape(way)}</text>')
    for tick in TICKS:
        x = _x(tick)
        parts.append(f'<line x1="{x}" y1="{TOP - 10}" x2="{x}" y2="{height - 16}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{TOP - 14}" text-anchor="middle" fill="#555">{tick:g}</text>')
    for number, record in enumerate(records):
        y = TOP + ROW * number + ROW // 2
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(record["name"])}</text>')
        for place, (way, colour) in enumerate(zip(WAYS, COLOURS, strict=True)):
            if (spec := advised(record, way)) is not None:
                x = _x(regret(seconds(record, spec), best(record), record["patience"]))
                parts.append(f'<circle cx="{x}" cy="{y + 5 * (place - 1)}" r="4" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>\n"])


def _x(ratio: float) -> float:
    """Return where a regret stands; what is beyond the scale stands at its end."""
    share = math.log(min(MOST, max(1.0, ratio))) / math.log(MOST)
    return round(LEFT + share * (WIDTH - LEFT - 20), 1)
