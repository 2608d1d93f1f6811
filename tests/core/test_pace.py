"""How long groups and chunks become: by what items took, and soon again after one that took long."""

from __future__ import annotations

from concurrent_strategies._core.call import PROOF, SHORT
from concurrent_strategies._core.gathered import Gathered
from concurrent_strategies._core.pace import FIRST, SHORT_BEAT, Pace
from concurrent_strategies._core.port import Chunk, Done
from concurrent_strategies._core.stride import RELAPSE, Stride

TINY = SHORT / 100


def items_until_a_group(stride: Stride) -> int:
    """Run short items until there is more than one in a group, and return how many that took."""
    count = 0
    while stride.size == 1:
        stride.measured(1, TINY)
        count += 1
    return count


def test_after_an_item_that_took_long_a_few_short_ones_are_enough() -> None:
    """It may have been the processor that was away; at first more of a proof is asked for."""
    stride = Stride()
    assert items_until_a_group(stride) == PROOF + 1
    assert not stride.measured(1, SHORT)
    assert stride.size == 1
    assert items_until_a_group(stride) == RELAPSE + 1


def test_an_item_that_takes_long_at_first_spares_no_proof() -> None:
    """Nothing has been shown by then."""
    stride = Stride()
    stride.measured(1, SHORT)
    assert items_until_a_group(stride) == PROOF + 1


def test_who_is_asked_for_items_proves_a_little_again() -> None:
    """One of them may be slow; that all that follow are is not likely, and single ones are dear."""
    stride = Stride()
    items_until_a_group(stride)
    stride.reset()
    assert stride.size == 1
    assert items_until_a_group(stride) == RELAPSE + 1


def test_who_is_asked_before_anything_is_shown_has_all_of_the_proof_to_give() -> None:
    """Asking shows nothing."""
    stride = Stride()
    stride.reset()
    assert items_until_a_group(stride) == PROOF + 1


def test_one_slow_item_hardly_moves_what_is_typical() -> None:
    """Whoever drives looks away by that, and would come too late for short items behind a slow one."""
    pace = Pace()
    for _ in range(5):
        pace.measured(1000 * TINY, 1000)
    pace.measured(0.02, 1)
    assert pace.per_item is not None
    assert pace.per_item > 500 * TINY
    assert TINY < pace.typical < 10 * TINY
    for _ in range(50):
        pace.measured(0.02, 1)
    assert pace.typical > 0.01


def test_what_was_short_in_an_earlier_run_begins_with_a_chunk_of_full_length() -> None:
    """As far as everybody still gets two of them; what was long, or is not known, begins as ever."""
    pace = Pace()
    pace.expected = TINY
    assert pace.size(1 << 20, 2, 1, True) == int(SHORT_BEAT / TINY)
    assert pace.size(1000, 2, 1, True) == 250
    pace.expected = 1.0
    assert pace.size(1 << 20, 2, 1, True) == Pace().size(1 << 20, 2, 1, True) == FIRST


def test_groups_taken_in_as_one_count_as_that_many() -> None:
    """Or a worker would have small chunks for long after an item that took long."""
    chunk, reports, apart, together = Chunk(1, 0, 0, list(range(30)), 1), Gathered(), Pace(), Pace()
    for pace in (apart, together):
        pace.measured(0.02, 1)
    for first in (0, 10, 20):
        done = Done(chunk.id, first, list(range(10)), 10 * TINY)
        apart.measured(done.seconds, 10)
        reports.add(done)
    (report,) = reports.take()
    assert isinstance(report, Done)
    assert (report.values, report.groups, report.each) == (list(range(10)) * 3, 3, None)
    together.measured(report.seconds, len(report.values), report.groups)
    assert together.depth() == apart.depth() < SHORT_BEAT / TINY
