"""The colour of a function, by its declaration; and `dual`, which has both."""

from __future__ import annotations

import functools
import pickle
from typing import Any

import pytest

from concurrent_strategies import dual
from concurrent_strategies._core.colour import is_async, pick


def plain(x: int) -> int:
    """Return the number."""
    return x


async def coroutine(x: int) -> int:
    """Return the number."""
    return x


class Callable:
    """Both colours of methods."""

    async def __call__(self, x: int) -> int:
        """Return the number."""
        return x

    async def method(self, x: int) -> int:
        """Return the number."""
        return x

    def plain(self, x: int) -> int:
        """Return the number."""
        return x

    @staticmethod
    async def static(x: int) -> int:
        """Return the number."""
        return x

    @classmethod
    async def of_class(cls, x: int) -> int:
        """Return the number."""
        return x


both = dual(sync=plain, async_=coroutine)


@pytest.mark.parametrize(
    ("func", "declared"),
    [
        (plain, False),
        (coroutine, True),
        (functools.partial(coroutine, 1), True),
        (functools.partial(functools.partial(coroutine), x=1), True),
        (functools.partial(plain, 1), False),
        (Callable(), True),
        (Callable, False),
        (Callable().method, True),
        (Callable().plain, False),
        (Callable.static, True),
        (Callable.of_class, True),
        (lambda x: coroutine(x), False),
        (len, False),
        (functools.partial(Callable()), True),
    ],
)
def test_the_declaration_decides(func: Any, declared: bool) -> None:
    """`async def` is seen through partial, `__call__` and bound methods, and nowhere else."""
    assert is_async(func) is declared


@pytest.mark.parametrize(("native", "expected"), [(True, (coroutine, True)), (False, (plain, False))])
def test_a_strategy_takes_the_colour_it_is_made_for(native: bool, expected: Any) -> None:
    """Of a `dual` callable one function runs; others have only one anyway."""
    assert pick(both, native_async=native) == expected
    assert pick(coroutine, native_async=native) == (coroutine, True)
    func, declared = pick(functools.partial(both, 5), native_async=native)
    assert (func.func, func.args, declared) == (expected[0], (5,), expected[1])


def test_calling_a_dual_calls_the_plain_function() -> None:
    """Everybody else sees an ordinary function with its name and docstring."""
    assert both(3) == 3
    assert (both.__name__, both.__doc__) == ("plain", "Return the number.")
    assert "coroutine" in repr(both)


def test_a_dual_travels() -> None:
    """It crosses a process border with both its functions."""
    twin = pickle.loads(pickle.dumps(both))
    assert (twin.sync, twin.async_) == (plain, coroutine)
