"""The scrape: joins bytes that lie ready. The same samples go out as text or as OpenMetrics."""

import re

from aiohttp import web

from syncwatch.exposition.page import OPENMETRICS, TEXT
from syncwatch.web.connection import connection_of
from syncwatch.web.identity import CALLER
from syncwatch.web.pages import PAGES, SENDING, send
from syncwatch.web.rates import network
from syncwatch.web.view import VIEW

WORTH_COMPRESSING = 1024  # bytes


async def metrics(request: web.Request) -> web.StreamResponse:
    """Answer one scrape."""
    client = request[CALLER].name or network(request.remote or "")
    with request.app[SENDING].place(connection_of(request), client) as place:
        openmetrics = _takes(request.headers.get("Accept", ""), "application/openmetrics-text")
        made = request.app[PAGES].page(openmetrics=openmetrics)
        body = made.plain
        headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT, "Vary": "Accept, Accept-Encoding"}
        if len(body) > WORTH_COMPRESSING and _takes(request.headers.get("Accept-Encoding", ""), "gzip"):
            body = await made.compressed()
            headers["Content-Encoding"] = "gzip"
        response = await send(request, body, headers, place)
    request.app[VIEW].scraped()
    return response


def _takes(header: str, wanted: str) -> bool:
    """Whether a header names `wanted`, and not with the quality 0, which refuses it."""
    for part in header.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if name == wanted:
            return not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
    return False
