"""Whether a function leaves something behind in this process that a worker process would leave in a copy of it.

Looked at, not run: the code for assignments to variables outside, and what the function brings along for things that
can be changed. What a call does to objects that it finds by itself cannot be seen.
"""

from __future__ import annotations

import dis
import functools
import types
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ASSIGNS: Final = {"STORE_GLOBAL", "DELETE_GLOBAL"}
_FIXED: Final = (
    *(int, float, complex, bool, str, bytes, range, type(None), type(...), type(NotImplemented)),
    *(type, types.ModuleType),
)


def changes_here(func: Callable[..., Any]) -> str:
    """Return what speaks for a function that changes this process, in words; empty if nothing does.

    Args:
        func: as it was given to a verb.
    """
    return _changes(func, frozenset())


def _changes(func: Any, seen: frozenset[int]) -> str:
    seen |= {id(func)}
    while isinstance(func, functools.partial):
        for value in (*func.args, *func.keywords.values()):
            if not _is_fixed(value, seen):
                return f"it brings along {_named(value)}, which it could change"
        func = func.func
    owner = getattr(func, "__self__", None)
    if owner is not None and not isinstance(owner, type | types.ModuleType):
        return f"it is a method of {_named(owner)}, which it could change"
    code = getattr(func, "__code__", None)
    if not isinstance(code, types.CodeType):
        return "" if isinstance(func, _FIXED) else _of_instance(func, seen)
    for instruction in _instructions(code):
        outside = instruction.opname == "STORE_DEREF" and instruction.argval in code.co_freevars
        if instruction.opname in _ASSIGNS or outside:
            return f"it assigns to {instruction.argval}, a variable outside of it"
    for name, cell in zip(code.co_freevars, getattr(func, "__closure__", None) or (), strict=False):
        value = cell.cell_contents if _is_set(cell) else None
        if not _is_fixed(value, seen):
            return f"it brings along {name}, which it could change"
    return ""


def _of_instance(func: object, seen: frozenset[int]) -> str:
    """Judge an object with `__call__`, such as one of the user's own classes; what C code does nobody can see."""
    if isinstance(vars(type(func)).get("__call__"), types.FunctionType):
        return "" if _is_fixed(func, seen) else f"it is {_named(func)}, which it could change"
    return ""


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from (each for each in _instructions(constant) if each.opname in _ASSIGNS)


def _is_fixed(value: object, seen: frozenset[int]) -> bool:
    """Tell whether a value cannot be changed, or only by what is no function's business."""
    if isinstance(value, _FIXED):
        return True
    if isinstance(value, tuple | frozenset):
        return all(_is_fixed(each, seen) for each in value)
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType | functools.partial):
        return id(value) in seen or not _changes(value, seen)
    params = getattr(type(value), "__dataclass_params__", None)
    if params is not None and params.frozen:
        return True
    return type(value).__hash__ is not object.__hash__ and type(value).__hash__ is not None


def _is_set(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _named(value: object) -> str:
    name = type(value).__qualname__
    return f"an object of the class {name}" if name[:1].isupper() else f"a {name}"
