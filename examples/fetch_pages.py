"""Fetch pages: 60 at once on one event loop, the same on threads, and what a missing page looks like."""

import asyncio

from aiohttp import web

from concurrent_strategies import AsyncioStrategy, Failure, Success, ThreadStrategy
from concurrent_strategies.http import HTTPStatusError, fetch


async def page(request: web.Request) -> web.Response:
    """Be a slow web site, so that this example needs no network."""
    await asyncio.sleep(0.05)
    return web.Response(text=f"page {request.match_info['n']}")


async def main() -> None:
    """Start the site, and fetch; without a running loop it would be `map` and `outcomes` instead."""
    app = web.Application()
    app.router.add_get(r"/{n:\d+}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site = "http://127.0.0.1:{1}".format(*runner.addresses[0])
    urls = [f"{site}/{n}" for n in range(60)]

    pages = await AsyncioStrategy(max_workers=60).amap(fetch, urls)  # fetch has both colours: here aiohttp
    assert pages == await ThreadStrategy(max_workers=20).amap(fetch, urls)  # ... and here http.client
    async with AsyncioStrategy().aoutcomes(fetch, [urls[7], f"{site}/nowhere"]) as outcomes:
        async for outcome in outcomes:
            match outcome:
                case Success(value=body):
                    print(body.decode())
                case Failure(error=HTTPStatusError(status=status)):
                    print("status", status)
    await runner.cleanup()


asyncio.run(main())
