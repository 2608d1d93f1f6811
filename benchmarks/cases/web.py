"""Downloads from a server on this machine, which is a program of its own; pages of 20 kB, each after the same wait."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.request import urlopen

import concurrent_strategies as cs
from concurrent_strategies.cli.server import body, serving
from concurrent_strategies.http import fetch

from ..harness import IDEAL, Case, Contender, Target
from ..peers import bare, does, ours
from ..peers.coroutines import gather, workers
from ..peers.threads import executor
from . import Size


def cases(size: Size) -> Iterator[Case]:
    """Yield them."""
    with serving(0.02) as site:
        yield _case(site, size(2000), 200, 20, (Target(1.05, "aiohttp, queue + workers"),))
        if not size.quick:
            yield _case(site, 1000, 32, 20, ())
    if not size.quick:
        with serving(0.2) as site:
            yield _case(site, 40, 40, 200, (Target(1.15, IDEAL),))


def _case(site: str, count: int, limit: int, latency: int, targets: tuple[Target, ...]) -> Case:
    urls = [f"{site}/{n}" for n in range(count)]
    pages = [body(f"/{n}") for n in range(count)]
    contenders: list[Contender] = [
        ours(cs.AsyncioStrategy(limit), fetch, urls),
        ours(cs.ThreadStrategy(limit), fetch, urls, "threads"),
        ours(cs.GreenStrategy(limit), fetch, urls, "green"),
        _aiohttp("aiohttp, queue + workers", workers, limit, urls),
        _aiohttp("aiohttp, gather + semaphore", gather, limit, urls),
        Contender("ThreadPoolExecutor, urllib", does(partial(executor, limit), download, urls)),
        Contender("ThreadPoolExecutor, http.client kept alive", does(partial(executor, limit), Keeper(site), urls)),
    ]
    if count <= 50:
        contenders.append(bare("urllib, one by one", lambda: list(map(download, urls))))
    name = f"{count} x {latency} ms, {limit} at once"
    return Case(name, contenders, pages, targets, ideal=count * latency / min(limit, count))


def download(url: str) -> bytes:
    """Download in the simplest way there is."""
    with urlopen(url, timeout=30) as response:
        return bytes(response.read())


class Keeper:
    """Downloads by a connection for each thread, which is kept alive: the best that threads can do by hand."""

    def __init__(self, site: str) -> None:
        self._address = site.removeprefix("http://")
        self._own = threading.local()

    def __call__(self, url: str) -> bytes:
        """Download."""
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self._address, timeout=30)
        self._own.connection.request("GET", url.partition(self._address)[2])
        return bytes(self._own.connection.getresponse().read())


def _aiohttp(name: str, run: Callable[..., Any], limit: int, urls: list[str]) -> Contender:
    @contextmanager
    def opens() -> Iterator[Callable[[], Any]]:
        import asyncio

        from aiohttp import ClientSession, TCPConnector

        async def start() -> ClientSession:
            return ClientSession(connector=TCPConnector(limit=limit))

        with asyncio.Runner() as runner:
            session = runner.run(start())

            async def get(url: str) -> bytes:
                async with session.get(url) as response:
                    response.raise_for_status()
                    return await response.read()

            yield lambda: runner.run(run(get, urls, limit))
            runner.run(session.close())

    return Contender(name, opens, "tuned" if run is workers else "peer", "aiohttp")
