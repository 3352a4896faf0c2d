"""What somebody may have the daemon do: read its files anew, and poll a tenant now. Nothing of it before it has started."""

from aiohttp import web

from syncwatch.web.view import VIEW, View


async def reload(request: web.Request) -> web.Response:
    """200 once all that is written is what runs; 400 with what is wrong, one a line, and then nothing has changed."""
    view = _running(request)
    problems = await view.reload()
    if problems:
        return web.Response(status=400, text="".join(f"{problem}\n" for problem in problems))
    return web.Response(text="reloaded\n")


async def poll(request: web.Request) -> web.Response:
    """202 if the tenant will be polled, 404 if there is none."""
    if not _running(request).poll_now(request.match_info["tenant"]):
        raise web.HTTPNotFound
    return web.Response(status=202, text="will be polled\n")


def _running(request: web.Request) -> View:
    """The daemon, if it can do anything: 503 with the reason while it starts or ends."""
    view = request.app[VIEW]
    if why_not := view.not_ready():
        raise web.HTTPServiceUnavailable(text=f"{why_not}\n", headers={"Retry-After": "1"})
    return view
