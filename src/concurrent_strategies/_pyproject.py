"""What `pyproject.toml` says: `[tool.concurrent-strategies]` and its profiles. Reads, and interprets nothing."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from ._errors import InvalidOption, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: Final = "tool.concurrent-strategies"
FILE: Final = "pyproject.toml"


@final
@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The table of one file.

    Attributes:
        path: the file.
        table: what stands in `[tool.concurrent-strategies]`, without the profiles.
        profiles: the named tables below it.
    """

    path: Path
    table: Mapping[str, Any]
    profiles: Mapping[str, Any]

    def where(self, profile: str = "") -> str:
        """Say where the table, or a profile's table, stands: the file and the table's name."""
        name = f"{TABLE}.profiles.{profile}" if profile else TABLE
        return f"{self.path} [{name}]"


def find_file(start: Path | None = None) -> ConfigFile | None:
    """Read the nearest `pyproject.toml` that has our table, upward from the current directory.

    Files without the table are passed over, so that a package inside a larger tree is under that tree's choice.
    Costs about a millisecond: files are read anew every time, as nothing that changes is kept at module level.

    Raises:
        InvalidOption: a file on the way cannot be read, or the table is no table.
    """
    try:
        directory = start or Path.cwd()
    except FileNotFoundError:  # the current directory was removed: there is nothing to look upward from
        return None
    for folder in (directory, *directory.parents):
        path = folder / FILE
        if os.path.isfile(path):  # noqa: PTH113 - Path.is_file() raises where a folder above may not be searched
            table = _read(path)
            if table is not None:
                return _checked(path, table)
    return None


def find_profile(name: str) -> tuple[Mapping[str, Any], str]:
    """Return a profile's table, and where it stands.

    Raises:
        InvalidOption: there is no such profile; the message names those there are.
    """
    file = find_file()
    if file is None:
        allowed = f"there is no {FILE} with a table [{TABLE}.profiles.{name}] in the current directory or above"
        raise InvalidOption("profile", name, allowed)
    if name not in file.profiles:
        known = ", ".join(map(repr, file.profiles)) or "none"
        hint = suggestion(name, file.profiles)
        raise InvalidOption("profile", name, f"the profiles in {file.where()} are: {known}", hint)
    return _table(file.profiles[name], "profile", file.where(name)), file.where(name)


def _read(path: Path) -> object:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise InvalidOption("file", str(path), f"it cannot be read ({error})") from error
    tool = document.get("tool", {})
    return tool.get(TABLE.partition(".")[2]) if isinstance(tool, dict) else None


def _checked(path: Path, value: object) -> ConfigFile:
    table = dict(_table(value, "table", f"{path} [{TABLE}]"))
    profiles = _table(table.pop("profiles", {}), "profiles", f"{path} [{TABLE}.profiles]")
    return ConfigFile(path, table, profiles)


def _table(value: object, option: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidOption(option, value, f"{where} has to be a table")
    return value
