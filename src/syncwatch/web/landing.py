"""The page at the root: what this is, and where the rest lies."""

from html import escape

from aiohttp import web

from syncwatch.web.identity import CALLER
from syncwatch.web.view import VIEW

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Syncwatch</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>
<h1>Syncwatch {version}</h1>
<p>Watches the calendar sync of {tenants} tenants; {polled} of them were polled since the start.</p>
<ul>
<li><a href="/metrics">/metrics</a>: everything, for Prometheus</li>
<li><a href="/-/healthy">/-/healthy</a>: does it make progress</li>
<li><a href="/-/ready">/-/ready</a>: does it know its tenants</li>
<li><a href="/api/v1/tenants">/api/v1/tenants</a>: the tenants one by one, as JSON</li>
<li><a href="/api/v1/templates">/api/v1/templates</a>: texts that no rule knows, masked, as JSON</li>
</ul>
</html>
"""


async def landing(request: web.Request) -> web.Response:
    """Show where everything lies."""
    view = request.app[VIEW]
    grant = request[CALLER].grant
    seen = [shown for id_ in view.tenants() if grant.sees(id_) and (shown := view.tenant(id_))]
    polled = sum(shown.last_poll is not None for shown in seen)
    text = PAGE.format(version=escape(view.version), tenants=len(seen), polled=polled)
    return web.Response(text=text, content_type="text/html")
