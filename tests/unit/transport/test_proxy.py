"""Through a real little proxy, to a real server, with TLS all the way behind it."""

from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from yarl import URL

from syncwatch.config.fleet import Proxy, Tls
from syncwatch.config.secrets import FileSecret
from syncwatch.errors import PollError, Reason
from syncwatch.transport.client import Http, Shown, Timeouts
from syncwatch.transport.way import Way
from unit.transport.forward import forward

NAME, PASSWORD = "syncwatch", "pr0xy-s3cret"


@dataclass
class Given:
    """A secret that a test has."""

    value: str = PASSWORD

    def read(self) -> SecretStr:
        return SecretStr(self.value)


@pytest.fixture
async def secure(authority):
    """An https server that tells which headers it was sent."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers))

    app = web.Application()
    app.router.add_get("/", handle)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=authority.server())
    yield URL(f"https://127.0.0.1:{server.port}/?sig=s3cret")
    await server.close()


async def asked(http: Http, url: URL, proxy: Proxy, tls: Tls | None = None):
    shown = Shown("Authorization", "Bearer t0ken")
    return await http.get(url, "users", shown=shown, etag=None, timeouts=Timeouts(), way=Way(tls, proxy))


async def refused(http: Http, url: URL, proxy: Proxy) -> PollError:
    with pytest.raises(PollError) as caught:
        await asked(http, url, proxy)
    assert caught.value.reason is Reason.CONNECT
    assert caught.value.__context__ is None
    assert PASSWORD not in repr(caught.value.args)
    return caught.value


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_https_goes_through_a_tunnel_that_sees_nothing_of_it(http, secure, authority, password):
    async with forward(wanted=f"{NAME}:{password}" if password else None) as proxy:
        who = (NAME, Given(password)) if password else ()
        answer = await asked(http, secure, Proxy(proxy.url, *who), Tls(ca_file=authority.file))
    [(line, headers)] = proxy.asked
    assert line == f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1"
    assert "Authorization" not in headers
    assert b"t0ken" in answer.body
    assert b"Proxy-Authorization" not in answer.body


async def test_behind_a_proxy_a_certificate_is_verified_all_the_same(http, secure, stranger):
    async with forward() as proxy:
        with pytest.raises(PollError) as caught:
            await asked(http, secure, Proxy(proxy.url), Tls(ca_file=stranger.file))
    assert caught.value.reason is Reason.TLS


async def test_plain_http_is_asked_of_the_proxy_by_whole_urls(http, panel_server):
    panel_server.body("x", b"here")
    async with forward(wanted=f"{NAME}:{PASSWORD}") as proxy:
        url = URL(f"{panel_server.base_url}/x")
        answer = await asked(http, url, Proxy(proxy.url, NAME, Given()))
    assert answer.body == b"here"
    assert proxy.asked[0][0] == f"GET {url} HTTP/1.1"
    assert "Proxy-Authorization" not in panel_server.asked[0][2]


async def test_a_password_may_be_rotated(http, panel_server):
    panel_server.body("x", b"here")
    secret = Given("old")
    async with forward(wanted=f"{NAME}:{PASSWORD}") as proxy:
        url = URL(f"{panel_server.base_url}/x")
        assert (await asked(http, url, Proxy(proxy.url, NAME, secret))).status == 407
        secret.value = PASSWORD
        assert (await asked(http, url, Proxy(proxy.url, NAME, secret))).status == 200


async def test_a_proxy_that_does_not_let_us_through_has_words_of_its_own(http, secure, tmp_path):
    async with forward(wanted="other:one") as proxy:
        error = await refused(http, secure, Proxy(proxy.url, NAME, Given()))
        assert error.detail == "users: HTTP 407: the proxy does not accept who we are"
    async with forward(refusal=403) as proxy:
        error = await refused(http, secure, Proxy(proxy.url))
        assert error.detail == "users: HTTP 403: the proxy refuses the connection"
    error = await refused(http, secure, Proxy(proxy.url))
    assert error.detail == "users: no connection to the proxy"
    error = await refused(http, secure, Proxy("http://no-such-host.invalid:3128"))
    assert error.detail == "users: the proxy's host name cannot be resolved"
    error = await refused(http, secure, Proxy(proxy.url, NAME, FileSecret(tmp_path / "gone")))
    assert error.detail.startswith("the proxy's password: the file ")


async def test_a_proxy_of_the_environment_is_not_used(http, panel_server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    panel_server.body("x", b"here")
    url = URL(f"{panel_server.base_url}/x")
    assert (await http.get(url, "x", shown=None, etag=None, timeouts=Timeouts())).body == b"here"


def test_a_way_shows_no_password():
    assert PASSWORD not in repr(Way(None, Proxy("http://p", NAME, FileSecret("/run/secrets/proxy"))))
