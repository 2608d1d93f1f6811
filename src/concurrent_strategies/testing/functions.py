"""What the promises run: functions that can cross every border, each as small as what it shows."""

from __future__ import annotations

import os
import pickle
import random
import threading
import time
from contextvars import ContextVar
from typing import Any, NoReturn

from anyio.lowlevel import checkpoint

from .._core.colour import Dual, dual
from .._core.item import item_random

NUMBER: ContextVar[int] = ContextVar("number", default=0)
WORD: ContextVar[str] = ContextVar("word", default="none")


class Boom(Exception):
    """An error that must come back as it was."""


class TwoArgumentsError(Exception):
    """An error that cannot be made again from its message alone."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class OwnExit(BaseException):
    """No ordinary exception."""


def double(x: int) -> int:
    """Return twice the number."""
    return 2 * x


async def adouble(x: int) -> int:
    """Return twice the number, one turn of the loop later."""
    await checkpoint()
    return 2 * x


both: Dual[[int], int] = dual(sync=double, async_=adouble)


def same(x: Any) -> Any:
    """Return the item."""
    return x


async def asame(x: Any) -> Any:
    """Return the item, one turn of the loop later."""
    await checkpoint()
    return x


def add(a: int, b: int = 100) -> int:
    """Return the sum."""
    return a + b


class Adder:
    """A callable object, and one with methods of both colours."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, x: int) -> int:
        """Return the sum."""
        return self.number + x

    def plain(self, x: int) -> int:
        """Return the sum."""
        return self.number + x

    async def slow(self, x: int) -> int:
        """Return the sum, one turn of the loop later."""
        await checkpoint()
        return self.number + x


class AsyncAdder(Adder):
    """The same, declared `async def`."""

    async def __call__(self, x: int) -> int:  # type: ignore[override]
        """Return the sum, one turn of the loop later."""
        return await self.slow(x)


def nap(x: float) -> float:
    """Sleep so many seconds, and return them."""
    time.sleep(x)
    return x


def deep(x: int) -> int:
    """Fail for 3, some calls down."""
    return _deeper(x, 3)


def _deeper(x: int, levels: int) -> int:
    if levels:
        return _deeper(x, levels - 1)
    if x == 3:
        raise Boom(x)
    return 2 * x


async def adeep(x: int) -> int:
    """Fail for 3, some calls down, one turn of the loop later."""
    await checkpoint()
    return deep(x)


def fail_on(bad: tuple[int, ...], x: int) -> int:
    """Fail for these numbers, and return others."""
    if x in bad:
        raise Boom(x)
    return x


def raise_on_three(error: BaseException, x: int) -> int:
    """Raise this for 3, and return others."""
    if x == 3:
        raise error
    return x


async def araise_on_three(error: BaseException, x: int) -> int:
    """Raise this for 3, one turn of the loop later, and return others."""
    await checkpoint()
    return raise_on_three(error, x)


def two_arguments(x: int) -> int:
    """Raise an error with two arguments for 3."""
    if x == 3:
        raise TwoArgumentsError(7, "x")
    return x


def lock_on_three(x: int) -> Any:
    """Return what cannot be pickled for 3."""
    return threading.Lock() if x == 3 else x


def error_with_a_lock(x: int) -> int:
    """Raise what cannot be pickled for 3."""
    if x == 3:
        raise Boom(threading.Lock())
    return x


def not_there(_x: object) -> NoReturn:
    """Fail for whatever comes."""
    raise Boom("always")


def where(_x: Any) -> int:
    """Return the process that runs this."""
    return os.getpid()


def thread(_x: Any) -> int:
    """Return the thread that runs this."""
    return threading.get_ident()


def variables(_x: Any) -> tuple[int, str]:
    """Return what the two variables are here."""
    return NUMBER.get(), WORD.get()


async def avariables(_x: Any) -> tuple[int, str]:
    """Return what the two variables are here, one turn of the loop later."""
    await checkpoint()
    return NUMBER.get(), WORD.get()


def change(x: int) -> int:
    """Return what the variable was, and leave another value."""
    seen = NUMBER.get()
    NUMBER.set(x + 1000)
    return seen


async def achange(x: int) -> int:
    """Return what the variable was, and leave another value, one turn of the loop later."""
    seen = NUMBER.get()
    NUMBER.set(x + 1000)
    await checkpoint()
    return seen if NUMBER.get() == x + 1000 else -1


def dice(_x: Any) -> list[float]:
    """Return numbers of the item's own generator."""
    generator = item_random()
    return [generator.random() for _ in range(3)]


async def adice(_x: Any) -> list[float]:
    """Return numbers of the item's own generator, one turn of the loop later."""
    await checkpoint()
    return dice(_x)


def global_dice(_x: Any) -> bool:
    """Tell whether making a generator of one's own leaves the global one as it was."""
    before = random.getstate()
    dice(_x)
    return random.getstate() == before


def nested(strategy: Any, x: int) -> list[int]:
    """Run a map of the given strategy inside an item."""
    result: list[int] = strategy.map(double, range(x, x + 3))
    return result


def opened(strategy: Any, x: int) -> list[int]:
    """Open another strategy like the given one inside an item, and run a map there."""
    with pickle.loads(pickle.dumps(strategy)) as inner:
        return nested(inner, x)
