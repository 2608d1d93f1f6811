"""The functions that the tests of green strategies run as items: plain blocking code, and coroutines.

What proves that items are under way together is that they meet: each waits until all have come, so that they could not
end one after the other.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from concurrent_strategies import worker_resource

BOUND = 20.0  # seconds after which whoever has not come will not come
STEP = 0.005


class Folder:
    """A folder of empty files, by which items and tests tell each other what has happened."""

    def __init__(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        self.path = path

    def put(self, name: object) -> None:
        """Note something; again counts as another note."""
        (self.path / f"{name}-{os.getpid()}-{time.monotonic_ns()}").touch()

    def count(self, prefix: str = "") -> int:
        """Return how many notes there are that begin so."""
        return sum(path.name.startswith(prefix) for path in self.path.iterdir())

    def pids(self, prefix: str = "") -> set[int]:
        """Return which processes have put notes that begin so."""
        return {int(path.name.rsplit("-", 2)[1]) for path in self.path.iterdir() if path.name.startswith(prefix)}


def until(happened: Any, sleep: Any = time.sleep) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + BOUND
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        sleep(STEP)


def meet(folder: Folder, count: int, x: int) -> int:
    """Sleep until so many items are under way."""
    folder.put(f"met-{x}")
    until(lambda: folder.count("met-") >= count)
    return x


async def ameet(folder: Folder, count: int, x: int) -> int:
    """Do the same as a coroutine."""
    folder.put(f"met-{x}")
    deadline = time.monotonic() + BOUND
    while folder.count("met-") < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(STEP)
    return x


def meet_in_shells(folder: Folder, count: int, x: int) -> str:
    """Run a program that ends when so many of them run."""
    waiting = f"i=0; while [ $(ls | wc -l) -lt {count} ]; do sleep 0.02; i=$((i+1)); [ $i -gt 900 ] && exit 1; done"
    script = f"touch met-{x}; {waiting}; echo {x}"
    return subprocess.run(["sh", "-c", script], cwd=folder.path, capture_output=True, text=True, check=True).stdout


def download(url: str) -> str:
    """Fetch a page with the standard library."""
    with urllib.request.urlopen(url, timeout=BOUND) as answer:
        text: str = answer.read().decode()
    return text


def slow_third(folder: Folder, x: int) -> int:
    """Sleep for ever at 2, and note how that ends."""
    if x == 2:
        try:
            time.sleep(60)
        finally:
            folder.put("ended")
    return os.getpid()


async def aslow_third(folder: Folder, x: int) -> int:
    """Do the same as a coroutine, whose end takes a moment."""
    if x == 2:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            folder.put("ended")
    return os.getpid()


def busy_third(x: int) -> int:
    """Keep the processor for ever at 2, and let nobody else have a turn."""
    while x == 2:
        pass
    return x


def die_at(fatal: int, folder: Folder, x: int) -> int:
    """End the process at one item; note each that begins."""
    folder.put(f"begun-{x}")
    if x == fatal:
        os._exit(3)
    time.sleep(0.02)
    return x


class Connection:
    """Something that belongs to one worker; notes when it is made and closed."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.users = 0
        folder.put("made")

    def use(self, x: int) -> int:
        """Work with it, which only one may do at a time."""
        self.users += 1
        assert self.users == 1, "two items share a connection"
        time.sleep(STEP)
        self.users -= 1
        return x

    def close(self) -> None:
        """Give it back."""
        self.folder.put("closed")


def use_connection(x: int) -> int:
    """Use this worker's connection."""
    connection: Connection = worker_resource()
    return connection.use(x)


@contextmanager
def meeting_server(parties: int) -> Iterator[str]:
    """Serve pages that are answered only when so many requests are there together; yields the address."""
    together = threading.Barrier(parties)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            together.wait(BOUND)
            body = self.path.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": STEP}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
