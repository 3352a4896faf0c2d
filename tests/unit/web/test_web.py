"""What the daemon answers over HTTP, through a real server."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from syncwatch.web.routes import ROUTES, Access
from syncwatch.web.server import application, start
from syncwatch.web.view import View

TEXT, OPENMETRICS = b"inboxsync_users 1\n" * 200, b"inboxsync_users 1\n" * 200 + b"# EOF\n"


class Daemon:
    """The daemon as the web sees it, set by a test."""

    def __init__(self) -> None:
        self.not_ready: str | None = None
        self.standstill: str | None = None
        self.scrapes = 0
        self.text = TEXT

    def scraped(self) -> None:
        self.scrapes += 1

    def view(self) -> View:
        return View(
            version="1.2.3<b>",
            page=lambda openmetrics: OPENMETRICS if openmetrics else self.text,
            scraped=self.scraped,
            not_ready=lambda: self.not_ready,
            standstill=lambda: self.standstill,
            tenants=lambda: (25, 7),
        )


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def client(daemon) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(application(daemon.view())), auto_decompress=False) as client:
        yield client


def test_the_route_table_is_all_there_is_and_says_who_may():
    app = application(Daemon().view())
    served = {(route.method, route.resource.canonical) for route in app.router.routes()}
    assert {path for _, path in served} == {route.path for route in ROUTES}
    assert {method for method, _ in served} <= {"GET", "HEAD"}, "the daemon is told nothing over HTTP"
    assert {route.path: route.access for route in ROUTES} == {
        "/": Access.STAFF,
        "/metrics": Access.METRICS,
        "/-/healthy": Access.OPEN,
        "/-/ready": Access.OPEN,
    }


@pytest.mark.parametrize(("path", "what"), [("/-/healthy", "standstill"), ("/-/ready", "not_ready")])
async def test_a_probe_says_why_not(client, daemon, path, what):
    assert (await client.get(path)).status == 200
    setattr(daemon, what, "no poll ended for 9 s")
    response = await client.get(path)
    assert (response.status, await response.text()) == (503, "no poll ended for 9 s\n")


async def test_the_probes_are_independent(client, daemon):
    daemon.not_ready = "shutting down"
    assert (await client.get("/-/healthy")).status == 200
    assert (await client.get("/metrics")).status == 200, "the last scrape"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
    ],
)
async def test_the_scraper_gets_the_format_it_asks_for(client, accept, openmetrics):
    headers = {"Accept-Encoding": "identity"} | ({"Accept": accept} if accept else {})
    response = await client.get("/metrics", headers=headers)
    kind = "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain; version=0.0.4"
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert await response.read() == (OPENMETRICS if openmetrics else TEXT)
    assert "Accept" in response.headers["Vary"]


async def test_a_large_page_is_compressed_for_who_takes_it_and_a_small_one_is_not(client, daemon):
    response = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await response.read()) == TEXT
    plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    daemon.text = b"x 1\n"
    small = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert await small.read() == b"x 1\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Encoding": "gzip;q=0, identity"},
        {"Accept-Encoding": "identity", "Accept": "application/openmetrics-text;q=0, text/plain"},
    ],
)
async def test_what_is_refused_is_not_sent(client, headers):
    response = await client.get("/metrics", headers=headers)
    assert await response.read() == TEXT


async def test_each_answered_scrape_is_noted_and_nothing_else_is(client, daemon):
    for path in ("/metrics", "/", "/-/ready", "/metrics"):
        await client.get(path)
    assert daemon.scrapes == 2


async def test_a_look_at_the_headers_is_no_scrape(client, daemon):
    await client.head("/metrics")
    assert daemon.scrapes == 0


async def test_the_landing_page_leads_to_the_rest_and_escapes(client):
    response = await client.get("/")
    page = await response.text()
    assert response.content_type == "text/html"
    assert "1.2.3&lt;b&gt;" in page
    assert "25 tenants; 7 of them" in page
    for route in ROUTES[1:]:
        assert f'href="{route.path}"' in page


@pytest.mark.parametrize("path", [*(route.path for route in ROUTES), "/nowhere"])
async def test_every_answer_is_hardened(client, path):
    headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/", "/-/reload", "/-/quit", "/%2e%2e/etc/passwd"])
async def test_what_there_is_not_is_404(client, path):
    response = await client.get(path)
    assert response.status == 404
    assert path.encode() not in await response.read()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_told_to_it(client, method):
    for route in ROUTES:
        assert (await client.request(method, route.path, data=b"x" * 100_000)).status == 405


async def test_an_address_in_use_is_an_oserror(daemon):
    first = await start(daemon.view(), "127.0.0.1", 0)
    port = first.addresses[0][1]
    try:
        with pytest.raises(OSError, match="address already in use"):
            await start(daemon.view(), "127.0.0.1", port)
    finally:
        await first.cleanup()
