"""A web server on this machine to download from: each page comes after the same wait, as from a server far away.

A program of its own, so that it shares no interpreter lock with what is timed: `python -m ...cli.server LATENCY
CAPACITY` prints its address, and ends when its standard input does. The kernel closes that, however the parent goes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.web import Request, Response

PAGE_BYTES: Final = 20_000


@contextmanager
def serving(latency: float, capacity: int = 0) -> Iterator[str]:
    """Run the server.

    Args:
        latency: seconds that each page takes, unless its address ends with `?wait=` and other seconds.
        capacity: how many pages it works on at a time; half as many more may queue, and what comes beyond them is
            refused with status 503. 0: any number.

    Yields:
        Its address, such as `http://127.0.0.1:40123`.

    Raises:
        RuntimeError: if it does not start.
    """
    command = [sys.executable, "-m", __name__, str(latency), str(capacity)]
    # In a session of its own: Ctrl-C in the terminal is for the parent, whose end ends this one too.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError("the local web server did not start; see its message above")
            yield address
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


async def serve(latency: float, capacity: int) -> None:
    """Serve until standard input ends."""
    from aiohttp import web

    seats, guests = asyncio.Semaphore(capacity or sys.maxsize), 0

    async def page(request: Request) -> Response:
        nonlocal guests
        if capacity and guests >= capacity + capacity // 2:
            return web.Response(status=503)
        guests += 1
        try:
            async with seats:
                await asyncio.sleep(float(request.query.get("wait", latency)))
            return web.Response(body=body(request.path))
        finally:
            guests -= 1

    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await ended.wait()
    await runner.cleanup()


def body(path: str) -> bytes:
    """Return the page behind a path: always the same, and another for each path."""
    line = f"<p>This is {path}.</p>\n".encode()
    return (line * (PAGE_BYTES // len(line) + 1))[:PAGE_BYTES]


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), int(sys.argv[2])))
