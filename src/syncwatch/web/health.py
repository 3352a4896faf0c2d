"""The two probes. Neither depends on any tenant: a firm's broken panel must not restart the daemon."""

from aiohttp import web

from syncwatch.web.view import VIEW


async def healthy(request: web.Request) -> web.Response:
    """200 while event loop and polling make progress, 503 with the reason otherwise."""
    return _probe(request.app[VIEW].standstill(), "healthy")


async def ready(request: web.Request) -> web.Response:
    """200 once the tenants are known and until the shutdown begins, 503 with the reason otherwise."""
    return _probe(request.app[VIEW].not_ready(), "ready")


def _probe(why_not: str | None, fine: str) -> web.Response:
    return web.Response(text=f"{why_not or fine}\n", status=503 if why_not else 200)
