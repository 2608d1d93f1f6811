"""Memory for large buffers: what is put there is taken as it was, and where there is no room nothing is put."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concurrent_strategies._worker import arena as module
from concurrent_strategies._worker.arena import Arena, found, reserve


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Arena, Arena]]:
    """Give both sides of a small one."""
    yield from _sides(monkeypatch)


def _sides(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Arena, Arena]]:
    monkeypatch.setattr(module, "RING", 1 << 16)
    monkeypatch.setattr(module, "LEAST", 1000)
    monkeypatch.setattr(module, "_WHOLE", 2 * ((1 << 16) + (1 << 16)))
    fd = os.memfd_create("arena")
    assert reserve(fd)
    parent, worker = found(fd, parent=True), found(fd, parent=False)
    os.close(fd)
    assert parent is not None
    assert worker is not None
    yield parent, worker
    parent.close()
    worker.close()


def views(*sizes: int, fill: int = 7) -> list[memoryview]:
    """Return buffers."""
    return [memoryview(bytes([fill]) * size) for size in sizes]


def test_what_is_put_is_taken(sides: tuple[Arena, Arena]) -> None:
    """In both directions, and by copies that can be written to."""
    for one, other in (sides, sides[::-1]):
        at = one.put(views(600, 700, 0))
        assert at is not None
        copies = other.take(at, [600, 700, 0])
        assert [bytes(copy) for copy in copies] == [bytes(view) for view in views(600, 700, 0)]
        copies[0][0] = 1


def test_what_is_too_small_or_too_large_is_not_put(sides: tuple[Arena, Arena]) -> None:
    """It is no quicker so, or would leave no room for the next."""
    assert sides[0].put(views(999)) is None
    assert sides[0].put(views((1 << 15) + 1)) is None
    assert sides[0].put([]) is None


def test_there_is_room_again_when_the_other_side_has_read(sides: tuple[Arena, Arena]) -> None:
    """And not before."""
    one, other = sides
    places = [one.put(views(30_000, fill=fill)) for fill in range(3)]
    assert places[2] is None
    for fill, at in enumerate(places[:2]):
        assert at is not None
        assert bytes(other.take(at, [30_000])[0]) == bytes([fill]) * 30_000
    assert one.put(views(30_000)) is not None


def test_a_side_that_is_closed_puts_nothing(sides: tuple[Arena, Arena]) -> None:
    """Nor one that never was open: a forked child of a worker."""
    one, _ = sides
    assert one.put(views(2000)) is not None
    one.close()
    one.close()
    assert one.put(views(2000)) is None


def test_where_no_file_may_be_so_large_there_is_none() -> None:
    """The socket does it then."""
    reading, writing = os.pipe()
    assert not reserve(writing)
    assert found(reading, parent=True) is None
    os.close(reading)
    os.close(writing)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.lists(st.integers(0, 12_000), min_size=1, max_size=4), st.integers(0, 3)), max_size=60))
def test_frames_never_overlap(frames: list[tuple[list[int], int]]) -> None:
    """However large they are, and however far the reader is behind."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for one, other in _sides(monkeypatch):
            waiting: deque[tuple[int, list[int], int]] = deque()
            for fill, (sizes, reads) in enumerate(frames):
                at = one.put(views(*sizes, fill=fill))
                if at is not None:
                    waiting.append((at, sizes, fill))
                elif not waiting:
                    assert not 1000 <= sum(sizes) <= 1 << 15
                for _ in range(min(reads, len(waiting))):
                    _take(other, *waiting.popleft())
            while waiting:
                _take(other, *waiting.popleft())


def _take(other: Arena, at: int, sizes: list[int], fill: int) -> None:
    assert [bytes(copy) for copy in other.take(at, sizes)] == [bytes([fill]) * size for size in sizes]


def no_memory(*_: object, **__: object) -> NoReturn:
    """Refuse, as the system does where a limit on memory is reached."""
    raise OSError(errno.ENOMEM, "no memory")


def test_what_the_parent_cannot_map_the_worker_does_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever limit on memory there is: the socket does it then."""
    fd = os.memfd_create("arena")
    assert reserve(fd)
    with monkeypatch.context() as patch:
        patch.setattr(module.mmap, "mmap", no_memory)
        assert found(fd, parent=True) is None
    assert found(fd, parent=False) is None
    os.close(fd)
