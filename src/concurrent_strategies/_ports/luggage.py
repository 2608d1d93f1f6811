"""What a function takes along across the process border: its options, chosen context variables, the log levels here."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .._core.call import Call
from .._core.item import occupied
from .._worker import wire
from .._worker.pickling import complaint, dumps, joined
from .echo import levels


def pack_call(call: Call, number: int) -> list[Any]:
    """Pickle the function with everything that goes along."""
    fields = {name: getattr(call, name) for name in Call.__slots__ if name != "context"}
    try:
        parts, buffers = dumps((fields, _chosen(call), levels()))
    except KeyboardInterrupt:  # in the caller's own thread it is the caller's
        raise
    except BaseException as error:
        raise complaint("the function", call.func, error) from error
    return wire.pack(wire.CALL, number, parts=parts, buffers=buffers)


def _chosen(call: Call) -> list[tuple[ContextVar[Any], Any]]:
    """Return the context variables that go along, with their values: those that can."""
    if call.context is None:
        return []
    chosen = []
    for variable, value in call.context.items():
        if variable is occupied:
            continue  # the limits of this process mean nothing in another
        try:
            joined((variable, value))
        except Exception:
            continue  # with context=True there are variables of other libraries, which nobody asked for by name
        chosen.append((variable, value))
    return chosen
