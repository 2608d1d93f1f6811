"""From what configuration can say to what constructors take: lists to tuples, a `retry` table to a `Retry`.

Nothing is ever imported or evaluated for it: the only names understood are those of errors that exist already.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import fields

from . import _errors
from ._errors import InvalidOption, suggestion
from ._options import Retry


def from_plain(key: str, value: object) -> object:
    """Turn a value as TOML, JSON or a spec string has it into the one that an option takes.

    Raises:
        InvalidOption: a `retry` table has a key or an error name that does not exist.
    """
    if key == "retry" and isinstance(value, Mapping):
        return _retry(value)
    return tuple(value) if isinstance(value, list) else value


def _retry(table: Mapping[str, object]) -> Retry:
    known = [field.name for field in fields(Retry)]
    for key in table:
        if key not in known:
            raise InvalidOption(f"retry.{key}", table[key], f"retry has {', '.join(known)}", suggestion(key, known))
    values = dict(table)
    on = values.get("on", Exception)
    if not callable(on):  # neither a class nor a predicate, which only code can give
        values["on"] = tuple(_error_class(name) for name in (on if isinstance(on, list | tuple) else [on]))
    return Retry(**values)  # type: ignore[arg-type]  # Retry checks its values itself


def _error_class(name: object) -> type[BaseException]:
    for source in (builtins, _errors):
        found = getattr(source, name, None) if isinstance(name, str) else name
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
    known = [word for word in dir(builtins) if word.endswith("Error")]
    allowed = "it must name a built-in exception or one of this package; others are given in code, with Retry(on=...)"
    raise InvalidOption("retry.on", name, allowed, suggestion(name, known))
