"""`module:function`, and what is said when there is no such thing."""

from __future__ import annotations

import sys

import pytest

from concurrent_strategies import InvalidOption
from concurrent_strategies.cli.target import load_function

from .conftest import Project


def test_modules_of_the_current_folder_are_found(project: Project) -> None:
    """As `python -m` finds them, whatever way the program was started."""
    assert load_function("work:double")("21") == 42
    assert str(project.folder) in sys.path


def test_what_belongs_to_a_class_can_be_named() -> None:
    """Dots after the colon go further in."""
    assert load_function("json:JSONDecoder.decode").__name__ == "decode"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("work", "write it as 'module:function'"),
        (":double", "write it as 'module:function'"),
        ("work:", "write it as 'module:function'"),
        ("no_such_module:f", r"importing 'no_such_module' failed \(ModuleNotFoundError: No module named"),
        ("broken:f", r"importing 'broken' failed \(ZeroDivisionError: division by zero\)"),
        ("leaving:f", r"importing 'leaving' failed \(SystemExit: 3\)"),
        ("work:duoble", "'work' has no 'duoble'.* Did you mean 'double'?"),
        ("work:Box.unbx", "'work' has no 'Box.unbx'.* Did you mean 'unbox'?"),
        ("work:NOT_A_FUNCTION", "'NOT_A_FUNCTION' is int, not a function"),
    ],
)
def test_what_cannot_be_called_is_said_in_one_sentence(project: Project, reference: str, said: str) -> None:
    """Each mistake has its own."""
    (project.folder / "broken.py").write_text("1 / 0")
    (project.folder / "leaving.py").write_text("raise SystemExit(3)")
    with pytest.raises(InvalidOption, match=said):
        load_function(reference)
