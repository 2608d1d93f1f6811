"""What is reported between two looks: made one where it goes together, and never out of its chunk's order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from concurrent_strategies._core.gathered import Gathered
from concurrent_strategies._core.port import Died, Done, Failed, Report, Started


def gathered(*reports: Report) -> list[Report]:
    """Add reports, and take what has become of them."""
    all_of_them = Gathered()
    for report in reports:
        all_of_them.add(report)
    found = all_of_them.take()
    assert all_of_them.take() == []
    return found


def test_items_that_were_timed_alone_stay_so_and_go_with_no_group() -> None:
    """Their seconds are theirs."""
    reports = gathered(
        Done(1, 0, ["a"], 0.1), Done(1, 1, ["b"], 0.2), Done(1, 2, ["c", "d"], 0.3), Done(1, 4, ["e"], 0.4)
    )
    assert [(report.values, report.each) for report in reports if isinstance(report, Done)] == [
        (["a", "b"], [0.1, 0.2]), (["c", "d"], None), (["e"], None),
    ]  # fmt: skip


def test_what_two_chunks_say_in_turn_is_one_report_for_each() -> None:
    """As threads report, each when it comes to that."""
    reports = gathered(*(Done(chunk, n, [n], 0.1) for n in range(3) for chunk in (1, 2)))
    assert [(report.chunk, report.values) for report in reports if isinstance(report, Done)] == [
        (1, [0, 1, 2]), (2, [0, 1, 2]),
    ]  # fmt: skip


def test_only_the_last_beginning_is_told() -> None:
    """Of an item that has ended meanwhile, its end says it all."""
    done, started = gathered(
        Started(1, 0, 1), Done(1, 0, [0], 0.1), Started(1, 1, 1), Done(1, 1, [1], 0.1), Started(1, 2, 1)
    )
    assert isinstance(done, Done)
    assert isinstance(started, Started)
    assert (done.values, started.first) == ([0, 1], 2)


def test_what_is_begun_when_a_chunk_fails_or_dies_is_told_before() -> None:
    """It is what the death has cost."""
    for last in (Died(1), Failed(1, 2, ValueError())):
        found = gathered(Done(1, 0, [0], 0.1), Started(1, 1, 2), last, Done(2, 9, [9], 0.1))
        assert [type(report) for report in found] == [Done, Started, type(last), Done]


def test_part_of_a_group_that_was_begun_leaves_the_rest_begun() -> None:
    """The worker was asked what it had done."""
    started, done = gathered(Started(1, 0, 8), Done(1, 0, [0, 1], 0.1))
    assert isinstance(started, Started)
    assert isinstance(done, Done)
    assert (started.count, done.values) == (8, [0, 1])


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(("start", "end", "fail")), st.integers(1, 3)), max_size=30)
)
def test_nothing_is_lost_and_no_chunk_is_out_of_order(words: list[tuple[int, str, int]]) -> None:
    """Whatever the workers say, in whatever turn."""
    at = dict.fromkeys((1, 2, 3), 0)
    reports: list[Report] = []
    ends: dict[int, list[object]] = {1: [], 2: [], 3: []}
    for chunk, word, count in words:
        first = at[chunk]
        if word == "start":
            reports.append(Started(chunk, first, count))
        elif word == "end":
            reports.append(Done(chunk, first, list(range(first, first + count)), 0.1))
            ends[chunk] += range(first, first + count)
            at[chunk] += count
        else:
            reports.append(Failed(chunk, first, KeyError(first)))
            ends[chunk].append(("failed", first))
            at[chunk] += 1
    found: dict[int, list[object]] = {1: [], 2: [], 3: []}
    for report in gathered(*reports):
        if isinstance(report, Done):
            assert report.values == list(range(report.first, report.first + len(report.values)))
            found[report.chunk] += report.values
        elif isinstance(report, Failed):
            found[report.chunk].append(("failed", report.index))
    assert found == ends
