"""Each way to show a panel who we are, by what a real server is sent."""

import socket
from base64 import b64decode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from syncwatch.config.hosts import own_host
from syncwatch.config.secrets import Credential
from syncwatch.errors import ConfigError, PollError, Reason
from syncwatch.panel.auth import misfit
from syncwatch.panel.panel import Panel
from syncwatch.setup import load
from syncwatch.transport.client import Http
from unit.panel.conftest import SetSecret
from unit.panel.made import compiled, loaded, row, written
from unit.served import FakePanel

HOST = "127.0.0.1"


def asking(**kinds):
    return {"authentication": {"none": None, **kinds}}


def named(secret, *hosts, **kind) -> Credential:
    return Credential("c", None, None, kind.pop("token", None), frozenset(hosts or {HOST}), **kind)


@pytest.fixture
async def token_server():
    fake = FakePanel()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.base_url = str(server.make_url("/panel/firm-1"))
        yield fake


@pytest.fixture
def ask(tmp_path, panel_server, http, clock):
    """Read the users by a kind of authentication; gives what the panel was asked with."""

    async def users(change, credential, **parameters):
        panel_server.json("users", [row("a")])
        panel = Panel(
            panel_server.base_url, compiled(tmp_path, change), credential, http, clock, parameters=parameters
        )
        await panel.reading().users({})
        return panel_server.asked[-1][2]

    return users


async def test_basic_is_a_name_and_a_password_in_utf_8(ask):
    credential = named(None, username="watcher", password=SetSecret("pä:ss wörd"))
    sent = (await ask(asking(basic={}), credential))["Authorization"]
    assert b64decode(sent.removeprefix("Basic ")).decode() == "watcher:pä:ss wörd"


@pytest.mark.parametrize(("prefix", "sent"), [("", "t-1"), ("Token ", "Token t-1")])
async def test_a_token_goes_into_the_panels_own_header(ask, prefix, sent):
    headers = await ask(
        asking(header={"name": "X-Api-Key", "prefix": prefix}), named(None, token=SetSecret("t-1"))
    )
    assert headers["X-Api-Key"] == sent
    assert "Authorization" not in headers


async def test_a_header_that_is_refused_is_shown_again_only_when_the_secret_was_rotated(
    tmp_path, panel_server, http, clock
):
    secret = SetSecret("old")

    async def users(request: web.Request) -> web.Response:
        if request.headers["X-Api-Key"] == "old":
            secret.value = "new"
            return web.Response(status=401)
        return web.json_response([row("a")])

    panel_server.routes["users"] = users
    profile = compiled(tmp_path, asking(header={"name": "X-Api-Key"}))
    await Panel(panel_server.base_url, profile, named(None, token=secret), http, clock).reading().users({})
    assert [headers["X-Api-Key"] for *_, headers in panel_server.asked] == ["old", "new"]


async def test_none_shows_nothing(ask):
    headers = await ask({}, None)
    assert not {"Authorization", "Cookie", "X-Api-Key"} & headers.keys()


async def test_a_secret_that_would_add_a_header_is_not_sent(ask, panel_server):
    with pytest.raises(PollError) as caught:
        await ask(asking(header={"name": "X-Api-Key"}), named(None, token=SetSecret("a\r\nX-Evil: 1")))
    assert caught.value.reason is Reason.AUTH
    assert not panel_server.asked


async def test_a_token_comes_from_an_absolute_url_with_its_scope(ask, token_server):
    forms = []

    async def token(request: web.Request) -> web.Response:
        forms.append(dict(await request.post()))
        return web.json_response({"access_token": "t-9", "token_type": "Bearer"})

    token_server.routes["dir-7/token"] = token
    grant = {"token_url": f"{token_server.base_url}/{{directory}}/token", "scope": "{origin}/.default"}
    credential = Credential("c", "me", SetSecret("s3"), None, frozenset({HOST}))
    headers = await ask(asking(client_credentials=grant), credential, directory="dir-7")
    assert headers["Authorization"] == "Bearer t-9"
    assert [method for method, *_ in token_server.asked] == ["POST"]
    origin = f"http://{headers['Host']}"
    assert forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "me",
            "client_secret": "s3",
            "scope": f"{origin}/.default",
        }
    ]


async def test_only_the_token_endpoint_is_ever_posted_to(ask, panel_server):
    panel_server.json("oauth/token", {"access_token": "t-9"})
    credential = Credential("c", "me", SetSecret("s3"), None, frozenset({HOST}))
    await ask(asking(client_credentials={"token_path": "oauth/token"}), credential)
    assert [(method, path) for method, path, _ in panel_server.asked] == [
        ("POST", "/panel/firm-1/oauth/token"),
        ("GET", "/panel/firm-1/users"),
    ]


@pytest.mark.parametrize("host", ["xn--bcher-kva.example", "xn--a.example"], ids=["a name", "no name at all"])
async def test_a_panel_whose_name_is_not_ascii_gets_its_credential(tmp_path, panel_server, tls, clock, host):
    """Its own host is named as the URL has it, which is ASCII, be it right or not."""
    panel_server.json("users", [row("a")])
    url = str(URL(panel_server.base_url).with_host("placeholder")).replace("placeholder", host)
    credential = named(None, own_host(url), token=SetSecret("t-1"))
    at_home = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, 0))]
    async with Http(tls=tls, lookup=lambda _: at_home) as http:
        panel = Panel(url, compiled(tmp_path, asking(bearer={})), credential, http, clock)
        assert await panel.reading().users({})
    assert panel_server.asked[-1][2]["Authorization"] == "Bearer t-1"


async def test_a_secret_is_not_posted_to_a_host_that_the_credential_does_not_name(
    ask, panel_server, token_server
):
    elsewhere = token_server.base_url.replace(HOST, "localhost")
    credential = Credential("c", "me", SetSecret("s3"), None, frozenset({HOST}))
    with pytest.raises(PollError, match="auth: the credential may not be sent to this host"):
        await ask(asking(client_credentials={"token_url": f"{elsewhere}/token"}), credential)
    assert not token_server.asked
    assert not panel_server.asked


@pytest.mark.parametrize("hosts", [None, ["panel.example"], ["panel.example", "login.example"]])
def test_a_token_host_that_is_not_named_is_refused_at_load(tmp_path, hosts):
    written(tmp_path, asking(client_credentials={"token_url": "https://login.example/t"}))
    (tmp_path / "secret").write_text("s3")
    credential = "{client_id: me, client_secret_file: secret" + (f", hosts: {hosts}}}" if hosts else "}")
    config = tmp_path / "syncwatch.yaml"
    config.write_text(
        f"panels: {{files: [small.yaml]}}\ncredentials: {{c: {credential}}}\n"
        'tenants: [{id: firm, profile: small, url: "https://panel.example", credentials: c}]\n'
    )
    if hosts and "login.example" in hosts:
        assert load(config, {}).config.tenants[0].credential
        return
    with pytest.raises(ConfigError, match=r"syncwatch\.yaml:3: .*may not be sent to login\.example"):
        load(config, {})


def test_a_credential_of_another_kind_is_told_what_the_profile_wants(tmp_path):
    authentication = loaded(tmp_path, asking(basic={}, header={"name": "X-Api-Key"})).authentication
    client = Credential("c", "me", SetSecret("s"), None, frozenset())
    assert misfit(authentication, client) == "the profile wants username with a password or a token"
    nobody = loaded(tmp_path, {}).authentication
    assert misfit(nobody, client) == "the profile wants no credential"


@pytest.mark.parametrize(
    "kinds",
    [
        {"header": {"name": "Host"}},
        {"header": {"name": "X Y"}},
        {"header": {"name": "X-Y", "prefix": "a\r\nb "}},
        {"client_credentials": {}},
        {"client_credentials": {"token_path": "a", "token_url": "https://b.example/c"}},
        {"client_credentials": {"token_url": "https://me:pw@b.example/c"}},
        {"client_credentials": {"token_url": "https://{directory}/c"}},
        {"client_credentials": {"token_url": "ftp://b.example/c"}},
        {
            "client_credentials": {"token_url": "http://b.example/c"}
        },  # the secret would cross a network in the clear
        {"client_credentials": {"token_url": "https://b.example/c?x=y"}},
    ],
)
def test_an_authentication_that_cannot_work_is_refused(tmp_path, kinds):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: authentication\."):
        loaded(tmp_path, asking(**kinds))
