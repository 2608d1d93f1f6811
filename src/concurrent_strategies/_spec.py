"""Spec strings: text to a frozen `Spec` and back. Only grammar lives here; no name is looked up and nothing is built.

    spec   = part *( "/" part )                     outer / inner
    part   = name [ ":" workers ] [ "?" option *( "&" option ) ]
    name   = a strategy's name, or "@" and the name of a profile
    option = key "=" value
    value  = whole number | decimal number | true | false | none | text

In a text, `%`, `&`, `/` and blanks are written as `%` and two hexadecimal digits (`%2F` is `/`). A value with such an
escape is always text, so `%34` is the text "4" where `4` is the number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, NoReturn, TypeGuard, final

from ._errors import InvalidOption

Value = int | float | bool | str | None

#: Deeper nesting than this is a slip of the pen: two levels are all that has been seen to pay.
MAX_LEVELS: Final = 4
AUTO: Final = "auto"  # for the number of workers
#: Longer numbers are refused: reading and printing them takes time that grows with the square of their length.
_DIGITS: Final = 30
EXAMPLE: Final = "'process:4?task_timeout=2.5/asyncio:250'"

_NAME: Final = re.compile(r"@?[A-Za-z][A-Za-z0-9_.-]*")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORKERS: Final = re.compile(r"0*[1-9][0-9]{0,17}")
_WHOLE: Final = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "none": None}
# These two have a place of their own in a spec: the name, and what follows the slash.
_PLACED: Final = {"strategy": "its name comes first, as in 'thread:8'", "inner": "write 'outer/inner'"}


@final
@dataclass(frozen=True, slots=True)
class Spec:
    """What a spec string says; `str()` of it is a spec string again, which parses to an equal value.

    Attributes:
        name: a strategy's name, or `@` and a profile's.
        options: pairs of key and value, sorted by key; the number after the colon is `max_workers`.
        inner: what follows the slash.
    """

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    inner: Spec | None = None

    def __str__(self) -> str:
        head, query = self.name, []
        for key, value in self.options:
            if key == "max_workers" and (value == AUTO or (type(value) is int and value > 0)):
                head = f"{head}:{value}"
            else:
                query.append(f"{key}={_format_value(value)}")
        part = f"{head}?{'&'.join(query)}" if query else head
        return part if self.inner is None else f"{part}/{self.inner}"


def is_value(value: object) -> TypeGuard[Value]:
    """Tell whether a spec string can hold this value."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return bool(value)
    return value is None or (isinstance(value, int) and abs(value) < 10**_DIGITS)


def parse_spec(text: str) -> Spec:
    """Read a spec string.

    Args:
        text: such as `"thread"`, `"asyncio:500?loop=uvloop"`, `"process:4/asyncio:250"` or `"@nightly"`.

    Raises:
        InvalidOption: a part cannot be read; the message names the part and shows how it is written.
    """
    parts = text.strip().split("/")
    if len(parts) > MAX_LEVELS:
        _refuse(text, f"a spec has at most {MAX_LEVELS} levels; a '/' inside a value is written %2F")
    spec = _parse_part(text, parts.pop(), None)
    for part in reversed(parts):
        spec = _parse_part(text, part, spec)
    return spec


def _parse_part(text: str, part: str, inner: Spec | None) -> Spec:
    head, has_query, query = part.partition("?")
    name, has_workers, workers = head.partition(":")
    if not _NAME.fullmatch(name):
        where = f"{part!r} has to begin with" if part else "it lacks"
        _refuse(text, f"{where} the name of a strategy or @profile")
    options: dict[str, Value] = {}
    if has_workers:
        if workers != AUTO and not _WORKERS.fullmatch(workers):
            _refuse(text, f"{workers!r} after {name + ':'!r} has to be a whole number from 1, or {AUTO}")
        options["max_workers"] = workers if workers == AUTO else int(workers)
    if has_query:
        for pair in query.split("&"):
            key, value = _parse_option(text, part, pair)
            if key in options:
                _refuse(text, f"{part!r} gives {key} twice")
            options[key] = value
    return Spec(name, tuple(sorted(options.items())), inner)


def _parse_option(text: str, part: str, pair: str) -> tuple[str, Value]:
    key, has_value, raw = pair.partition("=")
    if not has_value or not _KEY.fullmatch(key):
        _refuse(text, f"{pair!r} in {part!r} has to be key=value")
    if key in _PLACED:
        _refuse(text, f"{key} is no option of a part: {_PLACED[key]}")
    try:
        return key, _parse_value(raw)
    except ValueError as error:
        _refuse(text, f"the value {raw!r} of {key} cannot be read, {error}")


def _parse_value(raw: str) -> Value:
    if not raw:  # an unset shell variable, or someone's `thread?checkpoint=/var/x`
        raise ValueError("it is empty; a '/' inside a value is written %2F")
    if "%" in raw:
        return _unescape(raw)
    if raw.lower() in _WORDS:
        return _WORDS[raw.lower()]
    if _WHOLE.fullmatch(raw):
        if len(raw.lstrip("+-0").replace("_", "")) > _DIGITS:
            raise ValueError("it has too many digits")
        return int(raw)
    if _DECIMAL.fullmatch(raw):
        number = float(raw)
        if not math.isfinite(number):
            raise ValueError("it is too large a number")
        return number
    return raw


def _unescape(raw: str) -> str:
    if _STRAY_PERCENT.search(raw):
        raise ValueError("two hexadecimal digits have to follow '%' (write %25 for '%' itself)")
    try:
        return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode(), raw)
    except UnicodeDecodeError:
        raise ValueError("its escapes are no UTF-8") from None


def _format_value(value: Value) -> str:
    if isinstance(value, str):
        text = "".join(_escape(char) if char in "%&/" or char.isspace() else char for char in value)
        # What would be read as a number or a word has to be marked as text: any one escape does it.
        plain = text == value and not isinstance(_read_or_none(text), str)
        return _escape(text[0]) + text[1:] if plain else text
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _read_or_none(text: str) -> Value:
    try:
        return _parse_value(text)
    except ValueError:
        return None


def _escape(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _refuse(text: str, reason: str) -> NoReturn:
    raise InvalidOption("spec", text, f"{reason}; a spec looks like {EXAMPLE}")
