"""What all tests share: assertions of the shipped contract are shown as those of a test file are, and no test leaves
anything behind."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests import leaks
from tests.faults import marks

pytest.register_assert_rewrite("concurrent_strategies.testing")

LEAVE = 6.0  # seconds in which all processes of all tests must have gone


@pytest.fixture(scope="session", autouse=True)
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have all tests of this process use temporary files of its own, and mark all processes that come from them."""
    if find_spec("uvloop") is not None:
        import uvloop

        uvloop.new_event_loop().close()  # with its first loop, libuv makes a pipe for all that follow
    mark = uuid.uuid4().hex
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(folder))  # what was calibrated on this machine changes no test
        patch.setenv(marks.VARIABLE, mark)
        yield
    left = marks.left_over(mark, LEAVE)
    assert not left, f"processes of these tests are left:\n{describe(left)}"


def describe(pids: list[int]) -> str:
    """Say what these processes are, and in which tests they were started."""
    lines = [marks.describe(pids)]
    for pid in pids:
        with suppress(OSError):  # it has ended meanwhile
            entries = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
            lines += [f"  {pid}: {entry}" for entry in entries if entry.startswith("PYTEST_CURRENT_TEST=")]
    return "\n".join(lines)


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    """Fail a test after which threads, processes, descriptors or files are left that were not there before."""
    before = leaks.look()
    yield
    left = leaks.since(before)
    assert not left, "this test left behind:\n  " + "\n  ".join(left)
