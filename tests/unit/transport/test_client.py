"""The client against real servers: what it sends, what it refuses, and that it is bounded."""

import ast
import asyncio
import errno
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

import syncwatch
from syncwatch.errors import PollError, Reason
from syncwatch.transport import client
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.reasons import of_exception, of_status

PACKAGE = Path(syncwatch.__file__).parent
SOURCES = [file for part in ("transport", "discovery", "panel") for file in (PACKAGE / part).rglob("*.py")]
LIBRARIES = {"aiohttp", "http", "urllib3", "httpx", "requests", "socket", "smtplib", "ftplib"}
VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"}
SENDS = (ast.FunctionDef, ast.AsyncFunctionDef)


@asynccontextmanager
async def talking(answer: bytes) -> AsyncIterator[str]:
    """A server that says these bytes to every request."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def get(http: Http, url: str, **settings: float):
    return await http.get(URL(url), "users", shown=None, etag=None, timeouts=Timeouts(**settings))


def _holds(node: ast.AST, value: str) -> bool:
    return any(isinstance(each, ast.Constant) and each.value == value for each in ast.walk(node))


async def failure(http: Http, url: str, **settings: float) -> PollError:
    with pytest.raises(PollError) as caught:
        await get(http, url, **settings)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


def test_the_client_has_two_verbs_and_nobody_else_has_any():
    methods = {name for name, value in vars(Http).items() if callable(value) and not name.startswith("_")}
    assert methods == {"get", "post_token"}
    importers, verbs = set(), set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in LIBRARIES for name in names):
                importers.add(source.relative_to(PACKAGE).as_posix())
            if isinstance(node, ast.Constant) and node.value in VERBS:
                verbs.add((source.relative_to(PACKAGE).as_posix(), node.value))
    # reasons.py knows aiohttp's exceptions, resolver.py and lookups.py how hosts are named, and no more.
    knowing = {"client", "reasons", "resolver", "lookups"}
    assert importers == {f"transport/{name}.py" for name in knowing}
    assert verbs == {("transport/client.py", "GET"), ("transport/client.py", "POST")}
    tree = ast.parse((PACKAGE / "transport" / "client.py").read_text())
    senders = [node.name for node in ast.walk(tree) if isinstance(node, SENDS) and _holds(node, "POST")]
    assert senders == ["post_token", "_send"], "the one that asks, and the type of the one that sends"


async def test_a_body_is_bounded_by_what_it_inflates_to(http, panel_server):
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 1 << 20
    panel_server.body("bomb", bomb, headers={"Content-Encoding": "gzip"})
    panel_server.body("fits", gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})
    error = await failure(http, f"{panel_server.base_url}/bomb")
    assert error.reason is Reason.DECODE
    assert "larger than" in error.detail
    assert (await get(http, f"{panel_server.base_url}/fits")).body == b"x" * 1000


@pytest.mark.parametrize("unit", [b"", b"x"])
async def test_a_bomb_is_never_inflated_further_than_it_is_read(http, panel_server, monkeypatch, unit):
    """Many small members, or one that is nothing but zeros: the pieces stay small."""
    pieces = []

    def noted(size: int, limit: int, where: str) -> None:
        pieces.append(size)

    monkeypatch.setattr(client, "_bounded", noted)
    bomb = gzip.compress(bytes(16 << 20)) if not unit else gzip.compress(unit * 40_000) * 400
    panel_server.body("bomb", bomb, headers={"Content-Encoding": "gzip"})
    answer = await get(http, f"{panel_server.base_url}/bomb")
    assert len(answer.body) == pieces[-1] >= 16_000_000
    assert max(b - a for a, b in pairwise([0, *pieces])) <= 1 << 20


@pytest.mark.parametrize("encoding", ["br", "zstd", "x-gzip", "gzip, gzip", "deflate, gzip", "compress", ","])
async def test_an_encoding_that_was_not_asked_for_is_refused(http, panel_server, encoding):
    panel_server.body("odd", gzip.compress(b"{}"), headers={"Content-Encoding": encoding})
    error = await failure(http, f"{panel_server.base_url}/odd")
    assert error.reason is Reason.DECODE


async def test_an_encoding_that_is_named_twice_is_refused(http):
    body = gzip.compress(gzip.compress(b"{}"))
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    )
    async with talking(head % len(body) + body) as url:
        error = await failure(http, url)
    assert error.detail == "users: the answer is encoded in a way that was not asked for"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "identity"])
async def test_encodings_that_were_asked_for_are_read(http, panel_server, encoding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding.lower(), bytes)
    panel_server.body("x", pack(b"here"), headers={"Content-Encoding": encoding})
    assert (await get(http, f"{panel_server.base_url}/x")).body == b"here"


@pytest.mark.parametrize(
    "headers",
    [
        b"X-A: " + b"a" * 9000 + b"\r\n",
        b"X-A: b\r\n" * 101,
        b"".join(b"X-%d: %s\r\n" % (number, b"a" * 4000) for number in range(17)),
        b"X-" + b"A" * 9000 + b": a\r\n",
    ],
    ids=["a long one", "many", "many long ones", "a long name"],
)
async def test_headers_are_bounded(http, headers):
    async with talking(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 2\r\n\r\n{}") as url:
        assert (await failure(http, url)).reason is Reason.DECODE


async def test_a_status_line_is_bounded(http):
    async with talking(b"HTTP/1.1 200 " + b"O" * 9000 + b"\r\nContent-Length: 2\r\n\r\n{}") as url:
        assert (await failure(http, url)).reason is Reason.DECODE


async def test_of_another_status_the_body_is_not_read(http, panel_server):
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=503)
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(bytes(1 << 16))
                sent += 1 << 16
        return response

    panel_server.routes["flood"] = flood
    answer = await get(http, f"{panel_server.base_url}/flood")
    assert (answer.status, answer.body) == (503, b"")
    assert sent < 16 << 20, "the connection is closed, and not read to its end"


async def test_a_process_without_file_descriptors_says_so(http, panel_server, monkeypatch):
    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("socket.socket.__init__", none_left)
    error = await failure(http, panel_server.base_url)
    assert error.reason is Reason.INTERNAL
    assert "no file descriptor is left" in error.detail


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


async def test_why_there_is_no_connection(http, panel_server):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert (await failure(http, f"http://127.0.0.1:{port}/")).reason is Reason.CONNECT
    assert (await failure(http, "http://no-such-host.invalid/")).reason is Reason.DNS
    assert (await failure(http, panel_server.base_url.replace("http:", "https:"))).reason is Reason.TLS


async def test_an_answer_that_is_no_http(http):
    async with talking(b"SSH-2.0-OpenSSH Smith v. Jones\r\n\r\n") as url:
        error = await failure(http, url)
    assert error.reason is Reason.DECODE
    assert "Smith" not in str(error)


async def test_redirects_and_cookies_are_not_followed(http, panel_server):
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
        (403, Reason.FORBIDDEN),
        (407, Reason.CONNECT),
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


def test_a_fault_of_ours_tells_its_kind_and_place_and_no_more():
    try:
        {}["Smith v. Jones"]
    except KeyError as error:
        ours = of_exception(error, "users")
    assert ours.reason is Reason.INTERNAL
    assert ours.detail.startswith("users: KeyError at test_client.py:")
    assert "Smith" not in ours.detail
    assert of_exception(ssl.SSLError("Smith"), "users").reason is Reason.TLS
