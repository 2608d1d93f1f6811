"""`fetch`: the same bytes and the same errors from both of its sides, against a real server."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import socket
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from concurrent_strategies import get_strategy
from concurrent_strategies.http import (
    BodyTooLarge,
    FetchConnectionError,
    FetchError,
    FetchTimeout,
    HTTPStatusError,
    fetch,
)

Side = Callable[..., bytes]


class Server:
    """An aiohttp server in a thread, which counts its connections and its requests."""

    def __init__(self) -> None:
        self.connections: set[object] = set()
        self.requests: list[web.Request] = []
        self.url = ""
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._started.wait(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    def close(self) -> None:
        """End whatever it still answers, and the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.connections.add(request.transport)
        kind, _, rest = request.match_info["path"].partition("/")
        if kind == "busy":
            return web.Response(status=503, headers={"Retry-After": rest} if rest else {})
        if kind == "status":
            return web.Response(status=int(rest), reason="Because", text="no")
        if kind == "redirect":
            left = int(rest)
            return web.Response(status=302, headers={"Location": f"/redirect/{left - 1}" if left else "/text/arrived"})
        if kind == "elsewhere":
            return web.Response(status=302, headers={"Location": "ftp://example.org/"})
        if kind in ("hang", "drip", "chunks", "cut"):
            return await self._slowly(request, kind, rest)
        if kind == "bytes":
            return web.Response(body=b"x" * int(rest))
        if kind == "raw":
            return web.Response(text=request.raw_path + "|" + request.headers["Host"])
        return web.Response(text=rest)

    async def _slowly(self, request: web.Request, kind: str, rest: str) -> web.StreamResponse:
        response = web.StreamResponse()
        if kind == "hang":
            await self._stop.wait()
        if kind == "cut":
            response.content_length = 1000
        await response.prepare(request)
        if kind == "cut":
            await response.write(b"x" * 10)
            assert request.transport is not None
            request.transport.close()
            return response
        if kind == "drip":
            while not self._stop.is_set():
                await response.write(b"x")
                await asyncio.sleep(0.01)
        for _ in range(int(rest)):
            await response.write(b"y" * 1000)
        return response


@pytest.fixture
def server() -> Iterator[Server]:
    """Give a server that ends with the test."""
    server = Server()
    yield server
    server.close()


def awaiting(url: str, **limits: float) -> bytes:
    """Fetch with the awaiting side, on a loop of its own."""
    return asyncio.run(fetch.async_(url, **limits))


def under_trio(url: str, **limits: float) -> bytes:
    """Fetch with the awaiting side, under trio."""
    import trio

    return trio.run(lambda: fetch.async_(url, **limits))


@pytest.fixture(params=[fetch.sync, awaiting, under_trio], ids=["blocking", "asyncio", "trio"])
def side(request: pytest.FixtureRequest) -> Side:
    """Give one side after the other."""
    return request.param


def test_the_body_comes_as_it_was_sent(server: Server, side: Side) -> None:
    """What the server wrote is what the caller gets, with a length and in chunks."""
    assert side(f"{server.url}/text/hello") == b"hello"
    assert side(f"{server.url}/bytes/200000") == b"x" * 200_000
    assert side(f"{server.url}/chunks/100") == b"y" * 100_000
    assert side(f"{server.url}/text/") == b""


def test_fetch_called_is_its_blocking_side(server: Server) -> None:
    """`fetch(url)` needs no loop."""
    assert fetch(f"{server.url}/text/plain") == b"plain"


def test_a_bad_status_is_an_error_that_says_which(server: Server, side: Side) -> None:
    """404 and 500 are errors with the number, the reason and the address."""
    for status in (404, 500):
        url = f"{server.url}/status/{status}"
        with pytest.raises(HTTPStatusError) as caught:
            side(url)
        assert (caught.value.url, caught.value.status, caught.value.reason) == (url, status, "Because")
        assert str(caught.value) == f"{url}: status {status} Because"
        assert isinstance(caught.value, OSError)


def test_an_error_has_what_the_server_says_about_asking_again(server: Server, side: Side) -> None:
    """As it was said, or `None`; it survives pickling."""
    for path, said in (("busy/7", "7"), ("busy/", None), ("status/404", None)):
        with pytest.raises(HTTPStatusError) as caught:
            side(f"{server.url}/{path}")
        assert pickle.loads(pickle.dumps(caught.value)).retry_after == caught.value.retry_after == said


def test_redirects_are_followed_up_to_ten(server: Server, side: Side) -> None:
    """Ten redirects arrive; the eleventh is an error, as is one to something that is not HTTP."""
    assert side(f"{server.url}/redirect/9") == b"arrived"
    with pytest.raises(FetchConnectionError, match="more than 10 redirects"):
        side(f"{server.url}/redirect/10")
    with pytest.raises(FetchConnectionError, match="redirects to 'ftp://example.org/', which cannot be fetched"):
        side(f"{server.url}/elsewhere/")


def test_a_server_that_is_silent_or_drips_costs_the_timeout(server: Server, side: Side) -> None:
    """The limit covers the whole download, not each packet."""
    for kind in ("hang", "drip"):
        url = f"{server.url}/{kind}/"
        with pytest.raises(FetchTimeout) as caught:
            side(url, timeout=0.2)
        assert str(caught.value) == f"{url}: took longer than timeout=0.2 s"
        assert (caught.value.url, caught.value.seconds) == (url, 0.2)
        assert isinstance(caught.value, TimeoutError)


def test_a_body_may_be_as_long_as_allowed_and_no_longer(server: Server, side: Side) -> None:
    """The limit holds for an announced length and for chunks."""
    assert len(side(f"{server.url}/bytes/5000", max_bytes=5000)) == 5000
    for path in ("bytes/5000", "chunks/5"):
        with pytest.raises(BodyTooLarge, match="the body is longer than max_bytes=4999") as caught:
            side(f"{server.url}/{path}", max_bytes=4999)
        assert isinstance(caught.value, ValueError)


def test_a_refused_connection_is_said_in_the_same_words(side: Side) -> None:
    """Whichever library met it, the text is the same."""
    with socket.socket() as taken:  # bound but not listening: nobody else can get the port
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(FetchConnectionError) as caught:
            side(url)
    assert str(caught.value) == f"{url}: the connection was refused"
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.__cause__ is not None


def test_an_unknown_host_is_said_in_the_same_words(side: Side) -> None:
    """A name that cannot be resolved names the address."""
    with pytest.raises(FetchConnectionError, match=r"^http://no\.such\.invalid/: the host name cannot be resolved$"):
        side("http://no.such.invalid/")


def test_a_body_that_ends_early_is_an_error(server: Server, side: Side) -> None:
    """A connection lost in mid-body never gives a short result."""
    with pytest.raises(FetchConnectionError, match="closed the connection before the answer was complete"):
        side(f"{server.url}/cut/")


def test_an_answer_that_is_not_http_is_an_error(side: Side) -> None:
    """Garbage is named as such."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HELLO THERE\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(FetchConnectionError, match="the answer is not valid HTTP"):
            side(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()


def test_a_server_without_a_trusted_certificate_is_refused(side: Side) -> None:
    """An answer that is no TLS at all is refused too."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(FetchConnectionError, match="no secure connection: "):
            side(f"https://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()


@pytest.mark.parametrize(
    "url", ["", "example.org", "ftp://example.org/", "http://", "http://host:port/", "http://me:word@host/", 7, None]
)
def test_what_is_no_address_is_refused_at_once(side: Side, url: str) -> None:
    """The message shows what an address looks like."""
    with pytest.raises(ValueError, match="url=.*is not allowed"):
        side(url)


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": float("nan")}, {"max_bytes": 0}, {"max_bytes": 1.5}])
def test_limits_that_cannot_be_are_refused_at_once(side: Side, limits: dict[str, float]) -> None:
    """The message names the limit."""
    with pytest.raises(ValueError, match=f"{next(iter(limits))}="):
        side("http://127.0.0.1:1/", **limits)


def test_addresses_are_quoted_the_same_by_both_sides(server: Server, side: Side) -> None:
    """Spaces and letters beyond ASCII are quoted; what is quoted already stays."""
    host = server.url.removeprefix("http://")
    assert side(f"{server.url}/raw/a b/é?q=ü%20x&y=[1]").decode() == f"/raw/a%20b/%C3%A9?q=%C3%BC%20x&y=[1]|{host}"


def test_errors_survive_a_process_border(server: Server, side: Side) -> None:
    """Type, text and attributes are the same after pickling."""
    errors: list[FetchError] = []
    for path, limits in [("status/404", {}), ("bytes/9", {"max_bytes": 5}), ("hang/", {"timeout": 0.1}), ("cut/", {})]:
        with pytest.raises(FetchError) as caught:
            side(f"{server.url}/{path}", **limits)
        errors.append(caught.value)
    for error in errors:
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert copy.__dict__ == error.__dict__


def test_fetch_is_pickled_as_a_name(server: Server) -> None:
    """What crosses the border is a reference, which works on the other side."""
    data = pickle.dumps(fetch)
    assert len(data) < 300
    assert pickle.loads(data)(f"{server.url}/text/again") == b"again"


def test_blocking_downloads_of_a_thread_share_a_connection(server: Server) -> None:
    """Kept alive: one connection for many downloads, error pages included."""

    def work() -> None:
        for path in ("text/a", "bytes/100000", "chunks/3", "redirect/3", "text/b"):
            fetch(f"{server.url}/{path}")
        with pytest.raises(HTTPStatusError):
            fetch(f"{server.url}/status/404")
        fetch(f"{server.url}/text/c")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(server.requests) == 11
    assert len(server.connections) == 1


def test_downloads_of_one_loop_share_their_connections(server: Server) -> None:
    """One session per loop, made by whoever comes first."""

    async def main() -> None:
        await asyncio.gather(*(fetch.async_(f"{server.url}/text/{n}") for n in range(5)))
        for n in range(20):
            await fetch.async_(f"{server.url}/text/{n}")

    asyncio.run(main())
    assert len(server.connections) <= 5


def test_the_awaiting_side_has_no_limit_of_its_own(server: Server) -> None:
    """As many downloads are under way as there are callers."""
    at_once = 150  # more than the 100 of aiohttp

    async def main() -> None:
        tasks = [asyncio.create_task(fetch.async_(f"{server.url}/hang/")) for _ in range(at_once)]
        while len(server.requests) < at_once:
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_kept_alive_connection_that_went_stale_is_tried_again_once(side: Side) -> None:
    """A server that closes an idle connection does not cost the next download."""
    accepted: list[int] = []
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for n in range(2):
                connection, _ = listening.accept()
                accepted.append(n)
                with connection:
                    connection.recv(10_000)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                closed.set()

        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread = threading.Thread(target=serve)
        thread.start()
        if side is awaiting:

            async def both() -> bytes:
                first = await fetch.async_(url)
                await asyncio.to_thread(closed.wait)
                return first + await fetch.async_(url)

            assert asyncio.run(both()) == b"okok"
        else:
            first = side(url)
            closed.wait()
            assert first + side(url) == b"okok"
        thread.join()
    assert accepted == [0, 1]


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that shows every warning."""
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize(
    "ending",
    [
        "asyncio.run(main())",
        "import anyio; anyio.run(main)",
        "import uvloop; uvloop.run(main())",
        "import threading; t = threading.Thread(target=lambda: asyncio.run(main())); t.start(); t.join()",
        "[fetch(sys.argv[1]) for _ in range(3)]",
        "import threading; t = threading.Thread(target=fetch, args=sys.argv[1:]); t.start(); t.join()",
    ],
)
def test_nothing_is_left_open_when_the_loop_or_the_thread_ends(server: Server, ending: str) -> None:
    """No word about unclosed sessions, connections, transports or sockets, however the loop was run."""
    code = f"""
        import asyncio, sys
        from concurrent_strategies.http import fetch

        async def main():
            await asyncio.gather(*(fetch.async_(sys.argv[1]) for _ in range(3)))

        {ending}
    """
    done = run(code, f"{server.url}/text/x")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.requests) in (1, 3)


@pytest.mark.parametrize("ending", ["loop.close()", "pass"])
def test_a_loop_that_ends_without_notice_leaves_no_word_of_aiohttp(server: Server, ending: str) -> None:
    """`loop.close()` alone tells nobody, a loop left behind even less; still nothing complains about the session."""
    code = f"""
        import asyncio, sys
        from concurrent_strategies.http import fetch

        for _ in range(2):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(fetch.async_(sys.argv[1]))
            {ending}
    """
    done = run(code, f"{server.url}/text/x")
    assert done.returncode == 0
    assert not [word for word in ("session", "connector", "Traceback", "never awaited") if word in done.stderr]


def test_a_finished_loop_is_forgotten(server: Server) -> None:
    """Loops come and go without leaving anything behind in memory."""
    import weakref

    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await fetch.async_(f"{server.url}/text/x")

    for _ in range(3):
        asyncio.run(main())
    gc.collect()
    assert [ref() for ref in loops] == [None, None, None]


def test_a_forked_child_does_not_use_its_parents_connection(server: Server) -> None:
    """After a fork the child opens its own; the parent's goes on working."""
    url = f"{server.url}/text/x"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forking with threads: here it is the point
        done: list[int] = []

        def work() -> None:
            fetch(url)
            child = os.fork()
            if not child:
                try:
                    os._exit(0 if fetch(url) == b"x" else 1)
                finally:
                    os._exit(2)
            done.append(os.waitpid(child, 0)[1])
            fetch(url)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert done == [0]
    assert len(server.requests) == 3
    assert len(server.connections) == 2


def test_idle_connections_are_few(server: Server) -> None:
    """A worker that meets many hosts does not keep a descriptor for each."""
    from concurrent_strategies.http import blocking

    def work() -> None:
        for _ in range(2 * blocking.KEPT):
            blocking._shelf().put(blocking.aim("http://h/"), blocking._Connection(blocking.aim("http://h/")))
        kept.append(len(blocking._shelf()._idle))

    kept: list[int] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert kept == [blocking.KEPT]


def test_blocking_downloads_are_concurrent_under_gevent(server: Server) -> None:
    """In a patched program, greenlets wait together and never share a connection."""
    code = """
        from gevent import monkey; monkey.patch_all()
        import gevent, sys
        from concurrent_strategies.http import fetch

        pages = [gevent.spawn(fetch, f"{sys.argv[1]}/text/{n}") for n in range(20)]
        gevent.joinall(pages)
        assert [p.value for p in pages] == [str(n).encode() for n in range(20)], pages
    """
    done = run(code, server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.connections) == 20


@pytest.mark.parametrize(
    "spec", ["sync", "thread:4", "process:2", "green:4", "asyncio:4", "trio:4", "process:2/asyncio:4"]
)
def test_every_strategy_fetches_the_same(server: Server, spec: str) -> None:
    """Bodies, and errors as values, with each in its own colour."""
    urls = [f"{server.url}/text/{n}" for n in range(12)]
    with get_strategy(spec) as strategy:
        assert strategy.map(fetch, urls) == [str(n).encode() for n in range(12)]
        found, missing = strategy.outcomes(fetch, [urls[0], f"{server.url}/status/404"])
    assert (found.index, found.value) == (0, b"0")
    assert isinstance(missing.error, HTTPStatusError)
    assert missing.error.status == 404


@pytest.mark.parametrize("spec", ["thread:3", "asyncio:3"])
def test_connections_are_kept_alive_from_item_to_item(server: Server, spec: str) -> None:
    """About as many connections as workers, and not one for each download; inside `with` also from run to run."""
    with get_strategy(spec) as strategy:
        for _ in range(2):
            strategy.map(fetch, [f"{server.url}/text/{n}" for n in range(30)])
    assert len(server.requests) == 60
    assert len(server.connections) <= 2 * 3  # a strategy may let an idle worker go between two runs
