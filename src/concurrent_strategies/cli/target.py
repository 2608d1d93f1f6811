"""`module:function`, as the user writes it, to the function. Fresh processes import this file: no click here."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from .._errors import InvalidOption, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable


def load_function(reference: str) -> Callable[..., Any]:
    """Import a function; modules are found in the current folder too, as `python -m` finds them.

    Args:
        reference: such as `"package.module:function"` or `"module:Class.method"`.

    Raises:
        InvalidOption: if it is not written so, the module cannot be imported, or there is no such function.
    """
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise InvalidOption("function", reference, "write it as 'module:function'")
    here = os.getcwd()  # noqa: PTH109
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        reason = f"importing {module_name!r} failed ({type(error).__name__}: {error})"
        raise InvalidOption("function", reference, reason) from error
    for name in path.split("."):
        if not hasattr(found, name):
            known = [known for known in dir(found) if callable(getattr(found, known))]
            reason = f"{module_name!r} has no {path!r}"
            raise InvalidOption("function", reference, reason, suggestion(name, known))
        found = getattr(found, name)
    if not callable(found):
        raise InvalidOption("function", reference, f"{path!r} is {type(found).__name__}, not a function")
    function: Callable[..., Any] = found
    return function
