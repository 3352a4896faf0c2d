"""A panel that says what a test tells it to, served by a real aiohttp server."""

import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from syncwatch.config.secrets import Credential
from syncwatch.panel.client import Http
from syncwatch.panel.compile import CompiledProfile, compile_profile
from syncwatch.panel.panel import Panel
from syncwatch.panel.profile.load import load_profiles
from unit.panel.made import KEY, compiled

SHIPPED = Path(__file__).parents[3] / "config" / "panels" / "litify-inbox.yaml"


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def random(self) -> float:
        return 0.5


@dataclass
class SetSecret:
    """A secret that a test sets."""

    value: str

    def read(self) -> SecretStr:
        return SecretStr(self.value)


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


USER = {
    "userId": "4e8a3d12-fa32-4d92-9170-74cac44a1530",
    "name": "A. Example",
    "email": "a@firm.example",
    "organizationId": "org-1",
    "planId": "plan-1",
    "mailboxAccessType": "Microsoft 365 OAuth (EWS API) - Impersonated",
    "mailboxStatus": "Initialized",
    "synchronizationStatus": "Enabled",
    "effectiveSynchronizationStatus": "Disabled due to an error",
    "disabledDueToError": True,
    "lastSession": {
        "jobId": "job-1",
        "startedAt": "2023-05-02T10:00:03Z",
        "endedAt": "2023-05-02T10:00:31Z",
        "status": "errors",
        "message": "Canceled (SW0001)",
    },
    "issues": 3,
    "createdOn": "2022-11-02T08:00:00Z",
}


@pytest.fixture
def user() -> Callable[..., dict[str, Any]]:
    """A row of the users list by the contract, with what a test changes."""
    return lambda **changes: {**USER, **changes}


@pytest.fixture(scope="session")
def profile() -> CompiledProfile:
    return compile_profile(load_profiles([SHIPPED])["litify-inbox"], KEY)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def secret() -> SetSecret:
    return SetSecret("token-1")


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """As the client's own; making one for each test would take longer than most tests."""
    return ssl.create_default_context()


@pytest.fixture
async def http(tls) -> AsyncIterator[Http]:
    async with Http(max_body=1 << 20, tls=tls) as client:
        yield client


async def _served() -> AsyncIterator[FakePanel]:
    fake = FakePanel()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.base_url = str(server.make_url("/panel/firm-1"))
        yield fake


panel_server = pytest.fixture(_served, name="panel_server")
token_server = pytest.fixture(_served, name="token_server")


@pytest.fixture
def panel(panel_server, profile, secret, http, clock) -> Panel:
    """A panel read with a static token."""
    credential = Credential("c", None, None, secret, frozenset({"127.0.0.1"}))
    return Panel(panel_server.base_url, profile, credential, http, clock)


@pytest.fixture
def small(tmp_path, panel_server, http, clock) -> Callable[..., Panel]:
    """A panel of the server's that is read by the small profile with what a test changes."""

    def panel(change: dict[str, Any], *, url: str | None = None, **own: Any) -> Panel:
        profile = compiled(tmp_path, change, **own)
        return Panel(url or panel_server.base_url, profile, None, http, clock)

    return panel
