"""A web handler that awaits processes: the event loop goes on serving while all cores compute."""

import asyncio

from aiohttp import ClientSession, web

from concurrent_strategies import ProcessStrategy


def digits(exponent: int) -> int:
    """Compute something that would stop the loop for a while."""
    return len(hex(7777**exponent))


async def main() -> None:
    """Start an application whose workers stay warm, ask it twice at once, and end it."""
    async with ProcessStrategy(max_workers=2) as strategy:  # bounds all requests together

        async def handler(request: web.Request) -> web.Response:
            exponents = [int(n) for n in request.query["n"].split(",")]
            return web.json_response(await strategy.amap(digits, exponents))

        app = web.Application()
        app.router.add_get("/digits", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession("http://127.0.0.1:{1}".format(*runner.addresses[0])) as client:
            answers = await asyncio.gather(client.get("/digits?n=1000,20000"), client.get("/digits?n=40000"))
            print(*[await answer.json() for answer in answers])
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
