import ast
import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

import syncwatch.panel
from syncwatch.errors import PollError, Reason
from syncwatch.panel.client import Http, Timeouts
from syncwatch.panel.reasons import of_exception, of_status, wait

SOURCES = Path(syncwatch.panel.__file__).parent.rglob("*.py")


async def get(http: Http, url: str, **settings: float):
    return await http.get(URL(url), "users", shown=None, etag=None, timeouts=Timeouts(**settings))


async def failure(http: Http, url: str, **settings: float) -> PollError:
    with pytest.raises(PollError) as caught:
        await get(http, url, **settings)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


def test_the_client_has_two_verbs_and_nobody_else_has_any():
    assert {name for name in vars(Http) if not name.startswith("_")} == {"get", "post_token"}
    importers = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in {"aiohttp", "http", "urllib3", "httpx", "socket"} for name in names):
                importers.add(source.name)
            if source.name == "client.py" and isinstance(node, ast.Constant):
                assert node.value not in {"PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"}
    assert importers == {"client.py", "reasons.py"}  # reasons.py knows aiohttp's exceptions


async def test_a_body_is_bounded_by_what_it_inflates_to(http, panel_server):
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 1 << 20
    panel_server.body("bomb", bomb, headers={"Content-Encoding": "gzip"})
    panel_server.body("fits", gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})
    error = await failure(http, f"{panel_server.base_url}/bomb")
    assert error.reason is Reason.DECODE
    assert "larger than" in error.detail
    assert (await get(http, f"{panel_server.base_url}/fits")).body == b"x" * 1000


async def test_a_body_that_is_cut_short_or_wrongly_encoded_is_told(http, panel_server):
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{}")
        request.transport.close()
        return response

    panel_server.routes["cut"] = cut
    panel_server.body("odd", b"no gzip", headers={"Content-Encoding": "gzip"})
    assert (await failure(http, f"{panel_server.base_url}/cut")).reason is Reason.DECODE
    assert (await failure(http, f"{panel_server.base_url}/odd")).reason is Reason.DECODE


async def test_a_panel_that_does_not_answer_is_left_in_time(http, panel_server):
    release = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    panel_server.routes["hang"] = hang
    error = await failure(http, f"{panel_server.base_url}/hang", total=0.05)
    release.set()
    assert error.reason is Reason.TIMEOUT


async def test_why_there_is_no_connection(http, panel_server):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert (await failure(http, f"http://127.0.0.1:{port}/")).reason is Reason.CONNECT
    assert (await failure(http, "http://no-such-host.invalid/")).reason is Reason.DNS
    assert (await failure(http, panel_server.base_url.replace("http:", "https:"))).reason is Reason.TLS


async def test_an_answer_that_is_no_http(http):
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH Smith v. Jones\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(http, f"http://127.0.0.1:{port}/")
    assert error.reason is Reason.DECODE
    assert "Smith" not in str(error)


async def test_redirects_cookies_and_proxies_are_not_followed(http, panel_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    panel_server.body("home", b"", status=302, headers={"Location": "/login", "Set-Cookie": "a=b"})
    assert (await get(http, f"{panel_server.base_url}/home")).status == 302
    await get(http, f"{panel_server.base_url}/home")
    assert [path for _, path, _ in panel_server.asked] == ["/panel/firm-1/home"] * 2
    assert "Cookie" not in panel_server.asked[1][2]
    assert panel_server.asked[1][2]["User-Agent"].startswith("syncwatch/")


@pytest.mark.parametrize("etag", ["", "x" * 257, "caf\u00e9"])
async def test_an_entity_tag_that_could_not_be_sent_back_is_ignored(http, panel_server, etag):
    panel_server.body("odd", b"{}", headers={"ETag": etag})
    assert (await get(http, f"{panel_server.base_url}/odd")).etag is None


async def test_a_response_shows_its_status_only(http, panel_server):
    panel_server.body("x", b"Smith v. Jones", headers={"ETag": '"Smith"'})
    assert repr(await get(http, f"{panel_server.base_url}/x")) == "Response(status=200)"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.AUTH),
        (302, Reason.AUTH),
        (403, Reason.FORBIDDEN),
        (429, Reason.RATE_LIMITED),
        (404, Reason.HTTP_4XX),
        (418, Reason.HTTP_4XX),
        (500, Reason.HTTP_5XX),
        (503, Reason.HTTP_5XX),
        (204, Reason.DECODE),
        (304, Reason.DECODE),
        (999, Reason.DECODE),
    ],
)
def test_each_status_has_its_reason(status, reason):
    error = of_status(status, "users", retry_after="7", now=0.0)
    assert (error.reason, error.retry_after) == (reason, 7.0)
    assert error.detail.startswith(f"users: HTTP {status}: ")


def test_retry_after_is_seconds_or_a_date_and_an_hour_at_most():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    in_a_minute = format_datetime(now + timedelta(minutes=1), usegmt=True)
    long_ago = format_datetime(now - timedelta(days=9), usegmt=True)
    assert wait("30", now.timestamp()) == 30.0
    assert wait(in_a_minute, now.timestamp()) == 60.0
    assert wait(long_ago, now.timestamp()) == 0.0
    assert wait("999999999", now.timestamp()) == 3600.0
    for odd in (None, "", "soon", "-1", "1e3", "9" * 500, "Mon, 99 Foo 99999 99:99:99 GMT"):
        assert wait(odd, now.timestamp()) is None


def test_a_fault_of_ours_tells_its_kind_and_place_and_no_more():
    try:
        {}["Smith v. Jones"]
    except KeyError as error:
        ours = of_exception(error, "users")
    assert ours.reason is Reason.INTERNAL
    assert ours.detail.startswith("users: KeyError at test_client.py:")
    assert "Smith" not in ours.detail
    assert of_exception(ssl.SSLError("Smith"), "users").reason is Reason.TLS
