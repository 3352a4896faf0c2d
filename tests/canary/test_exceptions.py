"""No exception carries what is planted: neither in its words, nor in its arguments, nor in what it was raised from."""

import json
import traceback
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from canary.planted import ADDRESS, CLIENT_SECRET, IN_401, IN_ENVIRONMENT, PERSON, SUBJECT, leaks
from integration.bench import MovedClock
from syncwatch.config.secrets import Credential
from syncwatch.config.settings import load_settings
from syncwatch.config.shipped import shipped
from syncwatch.errors import ConfigError, PollError
from syncwatch.panel.compile import compile_profile
from syncwatch.panel.panel import Panel
from syncwatch.panel.profile.load import load_profiles
from syncwatch.setup import load
from syncwatch.transport.client import Http

Body = tuple[int, bytes]


class Given:
    """A secret that is simply there."""

    def read(self) -> SecretStr:
        return SecretStr(CLIENT_SECRET)


def everything(error: BaseException) -> str:
    """What a careless logger could print of an exception and of all that hangs on it."""
    todo: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while todo:
        one = todo.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    texts = [f"{one} {one!r} {one.args!r} {vars(one)!r}" for one in seen]
    return "".join((*traceback.format_exception(error), *texts))


@pytest.fixture
async def ask() -> AsyncIterator[Callable]:
    """Ask a panel whose token endpoint and lists answer these."""
    profile = compile_profile(
        load_profiles(shipped("panels"))["litify-inbox"], b"a key of 32 bytes for the hashes"
    )
    answers: dict[str, Body] = {}

    async def handle(request: web.Request) -> web.Response:
        status, body = answers["token" if request.path.endswith("oauth/token") else "list"]
        headers = {"Location": f"/login?user={ADDRESS}", "Retry-After": SUBJECT, "X-Who": IN_401}
        return web.Response(status=status, body=body, content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)

    async def asked(method: str, *arguments: object, token: Body, page: Body) -> object:
        answers.update(token=token, list=page)
        url = str(server.make_url("/panel"))
        credential = Credential("x", "syncwatch", Given(), None, frozenset({"127.0.0.1"}))
        reading = Panel(url, profile, credential, http, MovedClock()).reading()
        return await getattr(reading, method)(*arguments)

    async with TestServer(app) as server, Http() as http:
        yield asked


TOKEN: Body = (200, json.dumps({"access_token": IN_401, "token_type": "Bearer"}).encode())
PAGE: Body = (200, b'{"data": [], "nextCursor": null}')
PLANTED = f"{SUBJECT} {PERSON} {ADDRESS}"
UNREADABLE: dict[str, bytes] = {
    "another type": json.dumps({"data": {SUBJECT: ADDRESS}, "nextCursor": [PERSON]}).encode(),
    "no page": json.dumps([PLANTED]).encode(),
    "cut short": json.dumps({"data": [{"userId": PLANTED}]}).encode()[:-9],
    "no UTF-8": b'{"' + SUBJECT.encode() + b'\xff": "' + ADDRESS.encode() + b'"}',
    "too deep": b'{"data": ' + b"[" * 9000 + json.dumps(PLANTED).encode(),
    "a page for people": f"<html>{PLANTED}".encode(),
    "odd cursor": json.dumps({"data": [], "nextCursor": PLANTED * 99}).encode(),
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize(("method", "argument"), [("users", {}), ("organizations", {}), ("issues", "u-1")])
async def test_decoding(ask, what, method, argument):
    with pytest.raises(PollError) as caught:
        await ask(method, argument, token=TOKEN, page=(200, UNREADABLE[what]))
    assert not leaks(everything(caught.value))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 429, 500])
async def test_refusals(ask, status):
    with pytest.raises(PollError) as caught:
        await ask("users", {}, token=TOKEN, page=(status, PLANTED.encode()))
    assert not leaks(everything(caught.value))


RENEWALS: dict[str, Body] = {
    "refused": (401, json.dumps({"error": IN_401, "client_secret": CLIENT_SECRET}).encode()),
    "no token": (200, json.dumps({"token": IN_401}).encode()),
    "not sendable": (200, json.dumps({"access_token": f"{IN_401}\r\nX: y"}).encode()),
    "another type": (200, json.dumps({"access_token": IN_401, "token_type": CLIENT_SECRET}).encode()),
    "odd lifetime": (200, json.dumps({"access_token": IN_401, "expires_in": [CLIENT_SECRET]}).encode()),
    "no UTF-8": (200, b'{"access_token": "' + IN_401.encode() + b'\xff"}'),
    "fault": (500, CLIENT_SECRET.encode()),
}


@pytest.mark.parametrize("what", RENEWALS)
async def test_token_renewal(ask, what):
    with pytest.raises(PollError) as caught:
        await ask("users", {}, token=RENEWALS[what], page=PAGE)
    assert not leaks(everything(caught.value))


def configurations() -> Iterator[tuple[str, str]]:
    yield "unknown key", f"tenants: []\npolling: {{interval: '{CLIENT_SECRET}', x: '{CLIENT_SECRET}'}}\n"
    yield "no YAML", f"tenants: [\n  {{id: '{CLIENT_SECRET}\n"
    yield (
        "wrong types",
        f"tenants: ['{CLIENT_SECRET}', {{id: ['{CLIENT_SECRET}'], url: '{CLIENT_SECRET}'}}]\n",
    )
    yield (
        "credential",
        f"tenants: []\ncredentials: {{x: {{client_secret_env: [{{a: '{CLIENT_SECRET}'}}]}}}}\n",
    )


@pytest.mark.parametrize(
    "text", [text for _, text in configurations()], ids=[id_ for id_, _ in configurations()]
)
def test_configuration(tmp_path, text):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, {"SECRET": IN_ENVIRONMENT})
    assert not leaks(everything(caught.value))


def test_settings(monkeypatch):
    for name in ("LISTEN", "LOG_LEVEL", "LOG_FORMAT", "SHUTDOWN_GRACE"):
        monkeypatch.setenv(f"SYNCWATCH_{name}", IN_ENVIRONMENT)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert len(caught.value.problems) == 4
    assert not leaks(everything(caught.value))
