"""How functions, items, results and errors cross the process border, guarded at each of the four steps.

Plain pickle first, for its speed. What it cannot do, and whatever names `__main__`, goes by value through cloudpickle:
a worker never imports the program's main module, so scripts need no `__main__` guard and notebooks work.
"""

from __future__ import annotations

import pickle
import sys
from collections import ChainMap
from contextvars import ContextVar
from copyreg import dispatch_table
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_SCAN = 1 << 18  # longer parts are single large objects' own bytes, which name no class

#: Bytes from which on a buffer or a pickle goes without a copy: with less, each piece by itself costs more than that.
LARGE = 1 << 14


class Parts(list["Any"]):
    """A file to pickle into that keeps the parts it is given: a large bytes object is not copied."""

    def write(self, part: Any) -> int:
        """Keep a part; what an array has in one piece comes as what refers to it."""
        if type(part) is pickle.PickleBuffer:
            part = part.raw()
        self.append(part)
        return len(part)


class Beside(list["memoryview"]):
    """The buffers that go beside a pickle, without a copy: those for which that pays."""

    def take(self, buffer: pickle.PickleBuffer) -> bool:
        """Keep a large buffer; return True for one that is to go inside."""
        view = buffer.raw()
        if len(view) < LARGE:
            return True
        self.append(view)
        return False


class _Foreign(Exception):
    """There is something to be pickled that is not plain."""


class _Plain(pickle.Pickler):
    """Pickles numbers, texts and containers of them, of exactly those types; for anything else it asks here."""

    def reducer_override(self, value: Any) -> Any:
        """Refuse it, unless it is a complex number, or what these are made with."""
        if value is complex or type(value) is complex:
            return NotImplemented
        raise _Foreign


def plain(value: Any) -> list[Any] | None:
    """Return the parts of the pickle of a value that is plain, down to its last element; `None` if it is not.

    Nobody's own code takes part in that, here or there: if one such value can be loaded, so can others beside it. It
    costs no more than to pickle it.
    """
    parts = Parts()
    try:
        _Plain(parts, 5).dump(value)
    except Exception:  # it may also be nested too deeply, or too large
        return None
    return parts


def dumps(value: Any) -> tuple[list[Any], list[memoryview]]:
    """Pickle a value; return the parts of the pickle and the buffers that go beside it.

    Raises:
        BaseException: whatever pickling raised; the user's own code takes part in it.
    """
    if type(value) is range:
        return [pickle.dumps(value, 5)], []
    parts = plain(value)
    return foreign(value) if parts is None else (parts, [])


def foreign(value: Any) -> tuple[list[Any], list[memoryview]]:
    """Do what `dumps` does with a value that is not plain."""
    parts, buffers = Parts(), Beside()
    try:
        _by_name(parts, buffers.take).dump(value)
        if not any(b"__main__" in part for part in parts if len(part) < _SCAN and type(part) is bytes):
            return parts, buffers
    except Exception:
        pass
    parts, buffers = Parts(), Beside()
    _by_value()(parts, 5, buffer_callback=buffers.take).dump(value)
    return parts, buffers


def joined(value: Any, *, error: bool = False) -> bytes:
    """Pickle a value into one bytes object; an `error` goes as its own class says, whatever others have registered."""
    parts = Parts()
    try:
        _by_name(parts, None, error=error).dump(value)
        if not any(b"__main__" in part for part in parts if type(part) is bytes):
            return b"".join(parts)
    except Exception:
        parts.clear()
    parts = Parts()
    _by_value(error=error)(parts, 5).dump(value)
    return b"".join(parts)


def _by_name(parts: Parts, callback: Any, *, error: bool = False) -> Any:
    made = pickle.Pickler(parts, 5, buffer_callback=callback)
    made.dispatch_table = _OF_ERRORS if error else _OF_VALUES
    return made


@cache
def _by_value(*, error: bool = False) -> Any:
    """Make cloudpickle's pickler one that knows context variables, too: its class has a table, and sees no other."""
    import cloudpickle

    table = (_ButForErrors if error else _Reducers)(cloudpickle.Pickler.dispatch_table)
    return type("ByValue", (cloudpickle.Pickler,), {"dispatch_table": table})


def _reduce_variable(variable: ContextVar[Any]) -> tuple[Any, ...]:
    """Send a context variable by the name under which a module has it, else as a token that stands for it there."""
    for name, module in list(sys.modules.items()):
        if name != "__main__":
            for attribute, value in list(getattr(module, "__dict__", {}).items()):
                if value is variable:
                    return _named_variable, (name, attribute)
    return _token_variable, (variable.name, id(variable))


def _named_variable(module: str, attribute: str) -> Any:
    from importlib import import_module

    return getattr(import_module(module), attribute)


def _token_variable(name: str, token: int) -> ContextVar[Any]:
    found = _tokens.get((name, token))
    if found is None:
        found = _tokens[name, token] = ContextVar(name)
    return found


# In a worker: variables of the parent's main module, which is not imported there. Each must come out as one object.
_tokens: dict[tuple[str, int], ContextVar[Any]] = {}


class _Reducers(ChainMap["Any", "Any"]):
    """How classes are pickled that somebody has registered."""

    def __init__(self, *tables: Any) -> None:
        super().__init__({ContextVar: _reduce_variable}, *tables)


class _ButForErrors(_Reducers):
    """The same without exceptions: what libraries register for these, for their tracebacks' sake, loses attributes."""

    def __getitem__(self, kind: type) -> Any:
        if issubclass(kind, BaseException):
            raise KeyError(kind)
        return super().__getitem__(kind)


_OF_VALUES, _OF_ERRORS = _Reducers(dispatch_table), _ButForErrors(dispatch_table)


def loads(body: Any, buffers: Sequence[Any] = ()) -> Any:
    """Undo `dumps`."""
    return pickle.loads(body, buffers=buffers)


def error_to_wire(error: BaseException) -> tuple[Any, ...]:
    """Make an exception ready to cross: a tuple of plain values, with the exception itself if it survives the trip."""
    import traceback

    text = "".join(traceback.format_exception(error))
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    data = _survivor(error, error, own=True) or _survivor(error, error) or _by_parts(error)
    kind = type(error)
    return data, f"{kind.__module__}.{kind.__qualname__}", _safe_str(error), text, notes


def _by_parts(error: BaseException) -> bytes | None:
    """Pickle an exception whose class cannot be called with its `args`, by its class, arguments and attributes."""
    from .._errors import rebuild

    class _Made:
        def __reduce__(self) -> tuple[Any, ...]:
            state = {k: v for k, v in error.__dict__.items() if k != "__notes__"}
            return rebuild, (type(error), error.args, state)

    return _survivor(_Made(), error)


def _survivor(value: Any, error: BaseException, *, own: bool = False) -> bytes | None:
    """Pickle what becomes the exception again; return nothing if it does not."""
    try:
        data = joined(value, error=own)
        return data if type(pickle.loads(data)) is type(error) else None
    except BaseException:
        return None


def error_from_wire(wire: tuple[Any, ...]) -> BaseException:
    """Undo `error_to_wire`; an exception that cannot be made again comes as a `RemoteError`."""
    data, kind, text, remote, notes = wire
    error: BaseException | None = None
    if data is not None:
        try:
            error = pickle.loads(data)
        except BaseException:
            error = None
    if isinstance(error, BaseException):
        try:
            return _annotated(error, notes, remote)
        except Exception:
            pass  # its class lets nobody write on it
    from .._errors import RemoteError

    return _annotated(RemoteError(kind, text, remote), notes, remote)


def _annotated(error: BaseException, notes: list[str], remote: str) -> BaseException:
    for note in notes:
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
    error.__cause__ = RemoteTraceback(remote)
    return error


class RemoteTraceback(Exception):
    """The traceback of a worker process, as text: the cause of the error that came from there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def _safe_str(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "<str() of it failed>"


def complaint(what: str, value: Any, error: BaseException) -> Exception:
    """Return the error for something that cannot be pickled, naming the part that cannot."""
    from .._errors import NotPicklable

    where = culprit(value)
    found = NotPicklable(
        f"{what} cannot cross the process border{where}: {type(error).__name__}: {error}. Pass what it is made from "
        "(a path, an address, plain data) and make it in the worker, or use a strategy in this process"
    )
    found.__cause__ = error
    if _can(error):
        found.original = error
    return found


def culprit(value: Any, path: str = "", depth: int = 4) -> str:
    """Find the attribute or element that cannot be pickled, and say where it is."""
    if depth:
        for name, inner in _inside(value):
            if not _can(inner):
                return culprit(inner, path + name, depth - 1)
    return f", because of {path.lstrip('.')} ({type(value).__name__})" if path else ""


def _inside(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", inner) for key, inner in list(value.items())[:1000]]
    if isinstance(value, list | tuple | set):
        return [(f"[{k}]", inner) for k, inner in enumerate(list(value)[:1000])]
    found = [(f".{name}", inner) for name, inner in getattr(value, "__dict__", {}).items()]
    closure = getattr(value, "__closure__", None)
    if closure:
        names = value.__code__.co_freevars
        found += [(f".<closure>.{name}", cell.cell_contents) for name, cell in zip(names, closure, strict=True)]
    for name in ("func", "__self__", "args", "keywords"):
        if hasattr(value, name) and not isinstance(value, type):
            found.append((f".{name}", getattr(value, name)))
    return found


def _can(value: Any) -> bool:
    try:
        joined(value)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False
    return True
