"""The HTTP server: starts before the first poll and closes last, so that the last figures can be read."""

from aiohttp import web

from syncwatch.web.routes import ROUTES
from syncwatch.web.view import VIEW, View

BODY_LIMIT = 1024  # bytes; no route takes a body
HEADERS = {
    "Server": "syncwatch",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def application(view: View) -> web.Application:
    """The aiohttp application that shows `view`."""
    app = web.Application(client_max_size=BODY_LIMIT)
    app[VIEW] = view
    app.add_routes([web.get(route.path, route.handler, allow_head=False) for route in ROUTES])
    app.on_response_prepare.append(_harden)
    return app


async def start(view: View, host: str, port: int) -> web.AppRunner:
    """Serve `view`; the caller cleans the runner up.

    Raises:
        OSError: the address cannot be listened on.
    """
    runner = web.AppRunner(application(view), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
