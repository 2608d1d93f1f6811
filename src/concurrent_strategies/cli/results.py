"""Results as JSON lines, one for each item that has one.

What JSON has no word for is written as its nearest kin: bytes as text if they are UTF-8, else as
`{"base64": "..."}`; tuples and sets as arrays; dataclasses as objects; dates in ISO 8601.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from typing import Any, TextIO


class ResultLines:
    """Writes results to a file, each at once, so that a reader sees them as they come.

    Args:
        file: where to.
        with_index: whether a line is `{"index": ..., "value": ...}` instead of the bare value.
    """

    def __init__(self, file: TextIO, *, with_index: bool = False) -> None:
        self._file = file
        self._with_index = with_index

    def write(self, index: int, value: Any) -> None:
        """Write one result.

        Raises:
            TypeError: if JSON cannot hold it.
            ValueError: the same: a NaN, an infinity, or an object that contains itself.
        """
        line = {"index": index, "value": value} if self._with_index else value
        self._file.write(json.dumps(line, default=_nearest_kin, allow_nan=False) + "\n")
        self._file.flush()


def _nearest_kin(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(data).decode()}
    if isinstance(value, set | frozenset):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"JSON has no place for {type(value).__name__}")
