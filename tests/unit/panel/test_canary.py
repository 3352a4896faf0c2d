"""Planted secrets and privileged texts come out of nothing: no message, no traceback, no context, no repr."""

import io
import json
import traceback

import pytest
from aiohttp import web
from rich.console import Console
from rich.pretty import Pretty

from syncwatch.config.fleet import Proxy
from syncwatch.config.secrets import Credential
from syncwatch.errors import PollError
from syncwatch.panel.pages import Walked
from syncwatch.panel.panel import Panel
from syncwatch.state.memory import TenantMemory
from syncwatch.transport.client import Timeouts
from syncwatch.transport.way import Way

SUBJECT = "O'Neill v. Canary deposition"
ADDRESS = "canary@firm.example"
SECRET = "s3cret-canary"
TOKEN = "t0ken-canary"
PLANTED = ("Neill", "deposition", "firm.example", "s3cret", "t0ken")
API = "api/admin/v1"


def everything_about(error: BaseException) -> str:
    """What a careless logger could print: messages, tracebacks, and the arguments of all that is chained."""
    text = "".join(traceback.format_exception(error))
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            text += repr(one) + repr(one.args) + repr(vars(one))
            todo += [one.__cause__, one.__context__]
    return text


def shown(*values: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200)
    for value in values:
        console.print(Pretty(value), value)
    return out.getvalue() + "".join(map(repr, values)) + "".join(map(str, values))


@pytest.fixture
def canary(panel_server, profile, secret, http, clock) -> Panel:
    secret.value = SECRET
    panel_server.json("oauth/token", {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 60})
    credential = Credential("c", "syncwatch", secret, None, frozenset({"127.0.0.1"}))
    return Panel(panel_server.base_url, profile, credential, http, clock)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"data": [{"userId": ADDRESS, "message": SUBJECT}], "nextCursor": None}).encode(),
        b'{"data": [{"userId": "canary@firm.example", "mailboxStatus": "Canary \xff"}], "nextCursor": null}',
        b'{"data": [{"userId": "canary@firm.example", "x": ' + b"[" * 9000,
        f'{{"{SUBJECT}": "{ADDRESS}"'.encode(),
        f"<html>{SUBJECT} {ADDRESS}".encode(),
        json.dumps({SUBJECT: ADDRESS}).encode(),
    ],
)
async def test_what_a_page_holds_is_in_no_error(canary, panel_server, body):
    panel_server.body(f"{API}/users", body)
    with pytest.raises(PollError) as caught:
        await canary.reading().users({})
    assert not any(planted in everything_about(caught.value) for planted in PLANTED)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 302])
async def test_what_an_error_page_holds_is_in_no_error(canary, panel_server, status):
    headers = {"Location": f"/login?user={ADDRESS}", "Retry-After": SUBJECT}
    panel_server.json(f"{API}/users", {"error": {"message": SUBJECT}}, status=status, headers=headers)
    with pytest.raises(PollError) as caught:
        await canary.reading().users({})
    assert not any(planted in everything_about(caught.value) for planted in PLANTED)


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"access_token": f"{TOKEN}\r\nX: y"}),
        json.dumps({"access_token": TOKEN, "token_type": SECRET}),
        json.dumps({"token": TOKEN}),
        json.dumps({"access_token": TOKEN, "expires_in": [SECRET]}),
        f'"{TOKEN}',
        f"<html>{SECRET}",
    ],
)
async def test_a_renewal_that_fails_tells_no_secret(canary, panel_server, answer):
    panel_server.body("oauth/token", answer.encode())
    with pytest.raises(PollError) as caught:
        await canary.reading().users({})
    assert not any(planted in everything_about(caught.value) for planted in PLANTED)


async def test_a_connection_that_breaks_tells_no_secret(canary, panel_server):
    async def drop(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    panel_server.routes["oauth/token"] = drop
    with pytest.raises(PollError) as caught:
        await canary.reading().users({})
    assert not any(planted in everything_about(caught.value) for planted in PLANTED)


async def test_nothing_that_lives_here_shows_what_it_holds(canary, panel_server, user, http):
    last = {**user()["lastSession"], "message": SUBJECT}
    panel_server.pages(f"{API}/users", [user(email=ADDRESS, lastSession=last), user(issues=SUBJECT)])
    panel_server.pages(f"{API}/users/u/issues", [{"name": SUBJECT, "errorText": ADDRESS}])
    panel_server.pages(f"{API}/organizations/o/settings", [{"name": SUBJECT, "value": ADDRESS}])
    activity = {"date": "2026-01-01T00:00:00Z", "changedBy": ADDRESS, "details": SUBJECT}
    panel_server.pages(f"{API}/users/u/activity", [activity])
    reading = canary.reading()
    pages, tab = await reading.users({}), await reading.issues("u")
    settings, activities = await reading.settings("o"), await reading.activity("u")
    assert pages[0].rows[0].address == settings[0].value == ADDRESS
    assert pages[0].rows
    assert pages[0].rows[0].session_message == SUBJECT
    assert tab.rows[0].name == SUBJECT
    access = reading._lists._access
    lived = (
        pages,
        pages[0].rows[0],
        tab,
        tab.rows,
        settings,
        activities,
        reading,
        reading.figures,
        canary,
        access,
        access.authorizer,
        access.urls,
        http,
    )
    assert not any(planted in shown(*lived) for planted in PLANTED)


async def test_no_query_and_no_cursor_shows(panel_server, profile, secret, http, clock):
    """The query of a base URL is a secret, and what a panel calls its pages may be anything."""
    cursor, query = f"{SUBJECT}&x", f"sig={SECRET}"

    async def handler(request: web.Request) -> web.Response:
        following = None if "cursor" in request.query else cursor
        headers = {
            "ETag": f'"{len(request.query)}"',
            "Link": f"<?{query}>; rel=next",
            "Location": f"/?{query}",
        }
        return web.json_response({"data": [], "nextCursor": following}, headers=headers)

    panel_server.routes[f"{API}/users"] = handler
    credential = Credential("c", None, None, secret, frozenset({"127.0.0.1"}))
    proxy = Proxy("http://127.0.0.1:9", "me", secret)
    panel = Panel(f"{panel_server.base_url}?{query}", profile, credential, http, clock)
    reading = panel.reading()
    pages = await reading.users({})
    assert [page.cursor for page in pages] == ["", cursor]
    access = reading._lists._access
    url = access.urls.of(profile.tables["users"].table)
    answer = await http.get(url, "users", shown=None, etag=None, timeouts=Timeouts())
    assert query in str(answer.url)
    assert SECRET in answer.following
    marks = {page.cursor: page.mark for page in pages}
    memory, walked = TenantMemory(user_pages=marks), Walked(pages)
    lived = (
        panel,
        reading,
        pages,
        pages[1].mark,
        walked,
        memory,
        answer,
        access,
        access.urls,
        Way(None, proxy),
    )
    assert not any(planted in shown(*lived) for planted in PLANTED)
    with pytest.raises(PollError) as caught:
        await Panel(f"http://127.0.0.1:1/?{query}", profile, credential, http, clock).reading().users({})
    assert not any(planted in everything_about(caught.value) for planted in PLANTED)
