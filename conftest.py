"""Makes every code block of README and docs a test: what a page shows is what runs.

Blocks of one page share a namespace, in which `__name__` is `"__main__"` as for a reader who pastes them into a
script. A line such as `print(total)  # -> 42` is held to what it says. Besides Python, blocks of TOML, JSON and JSON
lines are parsed: a page cannot show configuration that is not even that.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tomllib
from typing import Any

import pytest
from hypothesis import settings
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser, SkipParser

# A busy machine must not fail a rule that holds: Hypothesis counts examples here, not milliseconds.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

PROMISED_OUTPUT = re.compile(r"^\s*print\(.*\)  # -> (.*)$", re.MULTILINE)


class _Script(PythonEvaluator):
    """Runs a block, and checks that the lines it promises were printed in this order."""

    def __call__(self, example: Example) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            super().__call__(example)
        lines = iter(printed.getvalue().splitlines())
        for promised in PROMISED_OUTPUT.findall(example.parsed):
            assert promised in lines, f"{promised!r} was not printed, but:\n{printed.getvalue()}"


def _parse_toml(example: Example) -> None:
    tomllib.loads(example.parsed)


def _parse_json(example: Example) -> None:
    json.loads(example.parsed)


def _parse_json_lines(example: Example) -> None:
    for line in example.parsed.splitlines():
        json.loads(line)


def _as_script(namespace: dict[str, Any]) -> None:
    namespace["__name__"] = "__main__"


def _from_the_page_on(_item: SybilItem, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
    frames = [position for position, entry in enumerate(excinfo.traceback) if str(entry.path).endswith(".md")]
    return type(excinfo.traceback)(excinfo.traceback[frames[0] :]) if frames else excinfo.traceback


# Sybil cuts each traceback it shows after a frame of its own, and breaks the whole session where there is none: in the
# cause of an error, or in a warning that is raised while the garbage is collected.
SybilItem._traceback_filter = _from_the_page_on

pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("python", _Script()),
        CodeBlockParser("toml", _parse_toml),
        CodeBlockParser("json", _parse_json),
        CodeBlockParser("jsonl", _parse_json_lines),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md"],
    setup=_as_script,
).pytest()
