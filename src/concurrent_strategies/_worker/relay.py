"""What a worker process says beside its results: log records, warnings and printed lines go to the parent.

Log records go as soon as anything in the worker imports `logging`, which is not imported for their sake (20 ms).
"""

from __future__ import annotations

import io
import sys

from . import wire
from .pickling import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

LOG, WARNING, PRINTED = range(3)


class Relay:
    """Sends what is said to the parent.

    Args:
        kinds: of `"logging"`, `"warnings"`, `"stdout"` and `"stderr"`.
        send: takes the pieces of whole frames, from any thread.
    """

    def __init__(self, kinds: Sequence[str], send: Callable[[list[Any]], None]) -> None:
        self._kinds = frozenset(kinds)
        self._send = send
        self._levels: dict[str, int] = {}

    def install(self) -> None:
        """Take over what is to be relayed."""
        if "logging" in self._kinds:
            if "logging" in sys.modules:
                self._take_logging(sys.modules["logging"])
            else:
                sys.meta_path.insert(0, _WhenLoggingIsImported(self._take_logging))
        if "warnings" in self._kinds:
            import warnings

            warnings.showwarning = self._show_warning
        for name in ("stdout", "stderr"):
            if name in self._kinds:
                setattr(sys, name, _Lines(name, self.say))

    def say(self, kind: int, payload: Any) -> None:
        """Send one thing that was said."""
        self._send(wire.pack(wire.RELAY, a=kind, parts=[joined(payload)]))

    def adopt_levels(self, levels: dict[str, int]) -> None:
        """Let the loggers in here drop what the parent's would drop."""
        self._levels = levels
        logging = sys.modules.get("logging")
        if logging is not None and "logging" in self._kinds:
            self._set_levels(logging)

    def _take_logging(self, logging: Any) -> None:
        # After a fork there are the parent's handlers: each record would reach them here as well.
        for logger in list(logging.Logger.manager.loggerDict.values()):
            if isinstance(logger, logging.Logger):
                logger.handlers, logger.propagate = [], True
        logging.root.handlers = [_handler(logging, self.say)]
        self._set_levels(logging)

    def _set_levels(self, logging: Any) -> None:
        for name, level in self._levels.items():
            logging.getLogger(name or None).setLevel(level)

    def _show_warning(
        self, message: Any, category: Any, filename: str, lineno: int, file: object = None, line: object = None
    ) -> None:
        self.say(WARNING, (str(message), category, filename, lineno))


def _handler(logging: Any, say: Callable[[int, Any], None]) -> Any:
    """Make a handler that sends records, with everything in them that cannot be pickled put into words."""

    class RelayHandler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: Any) -> None:
            try:
                fields = dict(record.__dict__, msg=record.getMessage(), args=None)
                if record.exc_info:
                    fields["exc_text"] = record.exc_text or logging.Formatter().formatException(record.exc_info)
                    fields["exc_info"] = None
                say(LOG, {name: value for name, value in fields.items() if _is_plain(value)})
            except Exception:
                self.handleError(record)

    return RelayHandler()


def _is_plain(value: Any) -> bool:
    if value is None or isinstance(value, str | int | float | bool):
        return True
    try:
        joined(value)
    except Exception:
        return False
    return True


class _Lines(io.TextIOBase):
    """Stands in for a standard stream, and sends whole lines."""

    def __init__(self, name: str, say: Callable[[int, Any], None]) -> None:
        self._name = name
        self._say = say
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._begun += text
        head, newline, tail = self._begun.rpartition("\n")
        if newline:
            self._begun = tail
            self._say(PRINTED, (self._name, head + newline))
        return len(text)

    def flush(self) -> None:
        if self._begun:
            begun, self._begun = self._begun, ""
            self._say(PRINTED, (self._name, begun))


class _WhenLoggingIsImported:
    """A finder that is asked for every import, and leaves as soon as it was asked for `logging`."""

    def __init__(self, then: Callable[[Any], None]) -> None:
        self._then = then

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Find the real thing, and have it handed over once it is loaded."""
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        assert spec is not None
        loader: Any = spec.loader
        load, then = loader.exec_module, self._then

        def load_and_tell(module: Any) -> None:
            load(module)
            then(module)

        loader.exec_module = load_and_tell
        return spec
