"""The page at the root: what this is, and where the rest lies."""

from html import escape

from aiohttp import web

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
</ul>
</html>
"""


async def landing(request: web.Request) -> web.Response:
    """Show where everything lies."""
    view = request.app[VIEW]
    tenants, polled = view.tenants()
    text = PAGE.format(version=escape(view.version), tenants=tenants, polled=polled)
    return web.Response(text=text, content_type="text/html")
