"""Whether all strategies gave the same results, and where they did not."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .contest import Standing, Workload

TOLD: Final = 5  # differing items that are shown, of each strategy
WIDTH: Final = 80  # characters of an item or a result


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """One item that came out differently.

    Attributes:
        index: of the item.
        item: its text.
        strategy: which gave another result.
        result: that result's text.
        reference: the strategy it is compared with.
        expected: the text of that one's result.
    """

    index: int
    item: str
    strategy: str
    result: str
    reference: str
    expected: str

    def __str__(self) -> str:
        return (
            f"item {self.index} ({self.item}): {self.strategy} gave {self.result}, "
            f"{self.reference} gave {self.expected}"
        )


def differences(workload: Workload, standings: Sequence[Standing]) -> list[Difference]:
    """Compare every strategy's results with those of `sync`, or else of the first that has any."""
    having = [standing for standing in standings if standing.results is not None]
    reference = next((standing for standing in having if standing.strategy == "sync"), having[0] if having else None)
    if reference is None:
        return []
    return [found for other in having if other is not reference for found in _between(workload, reference, other)]


def told(found: Sequence[Difference]) -> Iterator[str]:
    """Say what differs, a few items for each strategy."""
    for strategy in dict.fromkeys(each.strategy for each in found):
        mine = [each for each in found if each.strategy == strategy]
        yield from map(str, mine[:TOLD])
        if len(mine) > TOLD:
            yield f"... and {len(mine) - TOLD} more items differ under {strategy}"


def _between(workload: Workload, reference: Standing, other: Standing) -> Iterator[Difference]:
    pairs = zip(workload.items, reference.results or (), other.results or (), strict=True)
    for index, (item, expected, result) in enumerate(pairs):
        if expected == result:  # the same bytes: nothing has to be unpickled
            continue
        one, another = pickle.loads(expected), pickle.loads(result)
        if not _same(one, another):
            yield Difference(index, _text(item), other.strategy, _text(another), reference.strategy, _text(one))


def _same(one: Any, another: Any) -> bool:
    try:
        return bool(one == another)
    except Exception:  # such as arrays, whose comparison is no single answer
        return False


def _text(value: object) -> str:
    text = repr(value)
    return text if len(text) <= WIDTH else text[:WIDTH] + "..."
