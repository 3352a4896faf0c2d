"""A panel that says what a test tells it to, served by a real aiohttp server."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class FakePanel:
    """Answers by path, and remembers what was asked.

    Attributes:
        routes: what to answer below the base path: a response, or a handler.
        asked: (method, path with query, headers) in order.
    """

    routes: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    base_url: str = ""

    def pages(self, path: str, *pages: list[Any], etags: bool = False) -> None:
        """Serve rows as pages with cursors c1, c2 and so on."""

        async def handler(request: web.Request) -> web.Response:
            at = int(request.query.get("cursor", "c0")[1:])
            following = f"c{at + 1}" if at + 1 < len(pages) else None
            headers = {"ETag": f'"v{at}"'} if etags else {}
            if etags and request.headers.get("If-None-Match") == f'"v{at}"':
                return web.Response(status=304, headers=headers)
            return web.json_response({"data": pages[at], "nextCursor": following}, headers=headers)

        self.routes[path] = handler

    def json(self, path: str, value: Any, **response: Any) -> None:
        """Serve one JSON value."""
        self.body(path, json.dumps(value).encode(), **response)

    def body(
        self, path: str, body: bytes, *, content_type: str = "application/json", **response: Any
    ) -> None:
        """Serve these bytes."""

        async def handler(_: web.Request) -> web.Response:
            return web.Response(body=body, content_type=content_type, **response)

        self.routes[path] = handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, str(request.rel_url), dict(request.headers)))
        handler = self.routes.get(request.rel_url.raw_path.removeprefix("/panel/firm-1/"))
        return await handler(request) if handler else web.Response(status=404)
