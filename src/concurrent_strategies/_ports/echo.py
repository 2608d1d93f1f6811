"""What worker processes said beside their results, said again here: by loggers, hooks and streams of this process."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from .._errors import InvalidOption, suggestion
from .._worker.pickling import loads
from .._worker.relay import LOG, WARNING

RELAYED = ("logging", "warnings", "stdout", "stderr")


def checked_relay(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the setting `relay` as a tuple.

    Raises:
        InvalidOption: if there is something that cannot be relayed.
    """
    allowed = f"it must be of {', '.join(RELAYED)}"
    if not isinstance(kinds, Iterable):
        raise InvalidOption("relay", kinds, allowed)
    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in wanted:
        if kind not in RELAYED:
            raise InvalidOption("relay", kind, allowed, suggestion(kind, RELAYED))
    return wanted


def levels() -> dict[str, int]:
    """Return the levels of this process's loggers, so that workers need not send what would be dropped here."""
    logging: Any = sys.modules.get("logging")
    if not hasattr(logging, "root"):  # nobody has imported it, or somebody is about to
        return {}
    found = {"": logging.root.level}
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and logger.level:
            found[name] = logger.level
    return found


def echo(kind: int, body: Any) -> None:
    """Say here what was said there; never under the engine's lock, as handlers are the user's own code."""
    payload = loads(body)
    if kind == LOG:
        import logging

        logger = logging.getLogger(payload["name"])
        record = logging.makeLogRecord(payload)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)
    elif kind == WARNING:
        import warnings

        message, category, filename, lineno = payload
        warnings.showwarning(message, category, filename, lineno)
    else:
        name, text = payload
        stream = getattr(sys, name)
        if stream is not None:
            stream.write(text)
            stream.flush()
