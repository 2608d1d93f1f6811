"""What greenlets promise in place, in a program that is made for gevent but not patched; `test_green.py` runs this file
in a process of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import partial

import gevent
from gevent.event import Event
from tests.ports.green_work import BOUND

from concurrent_strategies import Failure, GreenStrategy, Success

GREEN = partial(GreenStrategy, isolate=False)


def same(x: int) -> int:
    """Do nothing."""
    return x


def meeting(count: int) -> Callable[[int], int]:
    """Return a function whose items wait for each other in gevent."""
    came, all_here = [], Event()

    def item(x: int) -> int:
        came.append(x)
        if len(came) == count:
            all_here.set()
        while not all_here.is_set():  # an event of another hub would not wake this one
            gevent.sleep(0.002)
        return x

    return item


def test_items_wait_together_in_the_callers_thread() -> None:
    """A hundred of them, in this process, with nothing patched."""
    assert time.sleep.__module__ == "time"
    assert GREEN().map(meeting(100), range(100)) == list(range(100))
    assert set(GREEN().map(lambda x: threading.get_ident(), range(5))) == {threading.get_ident()}


def test_the_rest_of_the_program_goes_on() -> None:
    """Other greenlets of this thread have their turns while a map waits."""
    released = Event()
    gevent.spawn_later(0.01, released.set)
    assert GREEN(5).map(lambda x: released.wait(BOUND), range(5)) == [True] * 5


def test_many_short_items_and_slow_ones() -> None:
    """In order, whatever waits."""
    assert GREEN(10).map(same, range(50_000)) == list(range(50_000))
    assert GREEN(10).map(lambda x: (gevent.sleep(0.001 * (x % 3)), x)[1], range(300)) == list(range(300))


def test_an_overdue_call_is_ended() -> None:
    """And costs nobody else."""
    outcomes = list(GREEN(2).outcomes(lambda x: gevent.sleep(60 if x == 1 else 0), range(4), task_timeout=0.1))
    assert [type(outcome) for outcome in outcomes] == [Success, Failure, Success, Success]


def test_a_stream_goes_on_while_its_consumer_waits_in_gevent() -> None:
    """The keeper is a native thread here; items move as soon as the hub runs."""
    done = []
    with GREEN(2).stream(lambda x: (gevent.sleep(0.001), done.append(x), x)[2], range(20)) as stream:
        assert next(stream) == 0
        deadline = time.monotonic() + BOUND
        while len(done) < 20:
            assert time.monotonic() < deadline
            gevent.sleep(0.005)
        assert list(stream) == list(range(1, 20))


def test_async_verbs_have_a_hub_of_their_own() -> None:
    """The event loop stays alive, and items wait together in another thread of this process."""

    async def main() -> None:
        turns = 0

        async def tick() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())
        assert await GREEN(30).amap(meeting(30), range(30)) == list(range(30))
        async with (
            GREEN(3) as strategy,
            strategy.aoutcomes(lambda x: gevent.sleep(60 if x == 1 else 0), range(4)) as stream,
        ):
            async for outcome in stream:
                assert isinstance(outcome, Success)
                break
        ticker.cancel()
        assert turns > 2

    asyncio.run(main())


def test_a_blocking_verb_inside_a_running_loop_works() -> None:
    """It blocks the loop, as everywhere, and ends."""

    async def main() -> list[int]:
        return GREEN(10).map(meeting(10), range(10))

    assert asyncio.run(main()) == list(range(10))


def test_an_executor_has_a_hub_of_its_own() -> None:
    """A future can be waited for natively, although that stops this thread's greenlets."""
    with GREEN(20).executor() as executor:
        item = meeting(20)
        futures = [executor.submit(item, x) for x in range(20)]
        assert [future.result(BOUND) for future in futures] == list(range(20))
        assert executor.submit(os.getpid).result(BOUND) == os.getpid()


def test_each_native_thread_has_its_own_greenlets() -> None:
    """Four threads share a strategy, opened or not."""
    for opened in (False, True):
        strategy = GREEN(4)
        if opened:
            strategy.__enter__()
        found: dict[int, list[int]] = {}

        def caller(number: int, strategy: GreenStrategy = strategy, found: dict[int, list[int]] = found) -> None:
            found[number] = strategy.map(lambda n: (gevent.sleep(0.001), 100 * number + n)[1], range(20))
            gevent.get_hub().destroy(destroy_loop=True)  # gevent itself leaves it open when the thread ends

        threads = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        strategy.close()
        assert found == {number: [100 * number + x for x in range(20)] for number in range(4)}


def test_coroutines_run_beside_the_greenlets() -> None:
    """On an event loop in a native thread."""

    async def item(x: int) -> tuple[int, int]:
        await asyncio.sleep(0.001)
        return x, threading.get_ident()

    found = GREEN(5).map(item, range(10))
    assert [x for x, _ in found] == list(range(10))
    assert len({ident for _, ident in found} | {threading.get_ident()}) == 2


def test_a_forked_child_can_use_it_too() -> None:
    """A fresh set of greenlets there; the parent goes on."""
    with GREEN(3) as strategy:
        assert strategy.map(same, range(5)) == list(range(5))
        pid = os.fork()
        if not pid:
            try:
                good = strategy.map(lambda x: (gevent.sleep(0.001), x)[1], range(5)) == list(range(5))
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert strategy.map(lambda x: (gevent.sleep(0.001), x)[1], range(5)) == list(range(5))
