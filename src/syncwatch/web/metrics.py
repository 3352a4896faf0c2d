"""The scrape: joins bytes that lie ready. The same samples go out as text or as OpenMetrics."""

import re

from aiohttp import web

from syncwatch.exposition.page import OPENMETRICS, TEXT, compressed
from syncwatch.web.view import VIEW

WORTH_COMPRESSING = 1024  # bytes


async def metrics(request: web.Request) -> web.Response:
    """Answer one scrape."""
    view = request.app[VIEW]
    openmetrics = _takes(request.headers.get("Accept", ""), "application/openmetrics-text")
    body = view.page(openmetrics)
    headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT, "Vary": "Accept, Accept-Encoding"}
    if len(body) > WORTH_COMPRESSING and _takes(request.headers.get("Accept-Encoding", ""), "gzip"):
        body = await compressed(body)
        headers["Content-Encoding"] = "gzip"
    view.scraped()
    return web.Response(body=body, headers=headers)


def _takes(header: str, wanted: str) -> bool:
    """Whether a header names `wanted`, and not with the quality 0, which refuses it."""
    for part in header.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if name == wanted:
            return not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
    return False
