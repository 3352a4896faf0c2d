import asyncio
from collections import Counter
from itertools import count

import pytest
from aiohttp import web

from syncwatch.errors import PollError, Reason
from syncwatch.panel import live
from syncwatch.panel.pages import Caps
from syncwatch.panel.panel import Panel
from syncwatch.rows import IssueTab, PageMark, PanelReading

API = "api/admin/v1"


def session(job: str, minute: int) -> dict:
    return {"jobId": job, "startedAt": f"2023-05-02T10:{minute:02}:00Z", "status": "finished"}


def marks(pages) -> dict[str, PageMark]:
    return {page.cursor: page.mark for page in pages if page.mark}


async def test_a_list_is_read_to_its_last_page_below_the_base_path(panel, panel_server, user):
    panel_server.pages(f"{API}/users", [user(userId="a")], [], [user(userId="b")])
    reading: PanelReading = panel.reading()
    pages = await reading.users({})
    assert [row.id for page in pages for row in page.rows or ()] == ["a", "b"]
    assert [path for _, path, _ in panel_server.asked] == [
        "/panel/firm-1/api/admin/v1/users?limit=200",
        "/panel/firm-1/api/admin/v1/users?limit=200&cursor=c1",
        "/panel/firm-1/api/admin/v1/users?limit=200&cursor=c2",
    ]
    assert {headers["Authorization"] for _, _, headers in panel_server.asked} == {"Bearer token-1"}
    assert reading.figures.requests == Counter({("users", "200"): 3})


async def test_a_page_that_has_not_changed_is_not_sent_again(panel, panel_server, user):
    rows = [[user(userId="a")], [user(userId="b"), user(userId="bad", issues=None)], [user(userId="c")]]
    panel_server.pages(f"{API}/users", *rows, etags=True)
    first = marks(await panel.reading().users({}))
    assert first["c1"] == PageMark('"v1"', "c2", ("b", "bad"))
    stale = {**first, "c1": PageMark('"old"', "c2", ("b",))}
    pages = await panel.reading().users(stale)
    assert [page.rows is None for page in pages] == [True, False, True]
    assert [page.mark for page in pages] == list(first.values())
    assert pages[1].refused == ("bad",)


async def test_304_to_nobody_is_not_an_answer(panel, panel_server):
    panel_server.body(f"{API}/users", b"", status=304)
    with pytest.raises(PollError) as caught:
        await panel.reading().users({})
    assert caught.value.reason is Reason.DECODE


async def test_a_list_that_goes_in_circles_is_cut_off_and_says_so(panel, panel_server, user):
    numbers = count()

    async def circle(_: web.Request) -> web.Response:
        return web.json_response({"data": [user(userId=f"u{next(numbers)}")], "nextCursor": "again"})

    panel_server.routes[f"{API}/users"] = circle
    reading = panel.reading()
    assert len(await reading.users({})) == 2
    assert (reading.figures.truncated, reading.users_whole) == (True, False)


async def test_a_page_that_comes_again_byte_for_byte_is_the_last_and_the_list_is_cut(
    panel, panel_server, user
):
    panel_server.json(f"{API}/users", {"data": [user()], "nextCursor": "again"})
    reading = panel.reading()
    assert len(await reading.users({})) == 1
    assert reading.figures.truncated
    assert reading.figures.requests == {("users", "200"): 2}


async def test_a_list_without_end_is_cut_off(panel, panel_server, monkeypatch):
    monkeypatch.setitem(live.Live.read.__kwdefaults__, "caps", Caps(pages=7))
    numbers = count()

    async def endless(_: web.Request) -> web.Response:
        return web.json_response({"data": [], "nextCursor": f"c{next(numbers)}"})

    panel_server.routes[f"{API}/plans"] = endless
    reading = panel.reading()
    assert await reading.plans() == ()
    assert reading.figures.requests == {("plans", "200"): 7}
    assert (reading.figures.truncated, reading.users_whole) == (True, True)


async def test_only_a_list_of_which_nothing_fits_is_a_schema_failure(panel, panel_server, user):
    panel_server.pages(f"{API}/users", [user(userId="a")], [user(issues=None)])
    reading = panel.reading()
    assert len(await reading.users({})) == 2
    assert reading.figures.refused_rows == {"users": 1}
    panel_server.pages(f"{API}/users", [user(issues=None)])
    with pytest.raises(PollError) as caught:
        await panel.reading().users({})
    assert caught.value.reason is Reason.SCHEMA


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"\n <!doctype html><p>Please log in", "application/json"), (b"{}", "text/html")],
)
async def test_a_login_page_is_an_auth_failure(panel, panel_server, body, content_type):
    panel_server.body(f"{API}/users", body, content_type=content_type)
    with pytest.raises(PollError) as caught:
        await panel.reading().users({})
    assert caught.value.reason is Reason.AUTH


async def test_a_rate_limit_tells_how_long_to_wait(panel, panel_server):
    panel_server.body(f"{API}/users", b"", status=429, headers={"Retry-After": "17"})
    reading = panel.reading()
    with pytest.raises(PollError) as caught:
        await reading.users({})
    assert (caught.value.reason, caught.value.retry_after) == (Reason.RATE_LIMITED, 17.0)
    assert reading.figures.requests == {("users", "429"): 1}


async def test_a_request_that_nobody_waits_for_any_more_is_counted_as_out_of_time(panel, panel_server):
    release = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    panel_server.routes[f"{API}/organizations/o/settings"] = hang
    reading = panel.reading()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reading.settings("o")
    release.set()
    assert reading.figures.requests == {("settings", "timeout"): 1}


async def test_a_failed_request_is_counted_by_its_reason(panel, panel_server):
    async def drop(request: web.Request) -> web.Response:
        request.transport.abort()
        return web.Response()

    panel_server.routes[f"{API}/users"] = drop
    reading = panel.reading()
    with pytest.raises(PollError):
        await reading.users({})
    assert reading.figures.requests == {("users", "connect"): 1}


async def test_sessions_are_one_page_or_as_many_as_are_asked_for(panel, panel_server):
    pages = [[session(f"j{at}", 50 - at)] for at in range(9)]
    panel_server.pages(f"{API}/users/u/sessions", *pages)
    reading = panel.reading()
    assert [row.job for row in await reading.sessions("u", back_to=None)] == ["j0"]
    back_to = 1683021600.0 + 48.5 * 60
    assert [row.job for row in await reading.sessions("u", back_to=back_to)] == ["j0", "j1", "j2"]
    assert not reading.figures.truncated
    assert len(await reading.sessions("u", back_to=0.0)) == 5
    assert reading.figures.truncated


async def test_issues_of_one_user_are_bounded(panel, panel_server):
    rows = [{"errorText": str(at)} for at in range(900)]
    panel_server.pages(f"{API}/users/u/issues", rows, rows, rows, rows)
    reading = panel.reading()
    tab = await reading.issues("u")
    assert (len(tab.rows), tab.whole) == (2000, False)
    assert reading.figures.truncated
    assert len(panel_server.asked) == 3


async def test_an_issues_tab_with_a_row_that_does_not_fit_is_not_whole(panel, panel_server):
    panel_server.pages(f"{API}/users/u/issues", [{"errorText": "one"}, {"errorText": ["two"]}])
    tab = await panel.reading().issues("u")
    assert ([row.text for row in tab.rows], tab.whole) == (["one"], False)


async def test_a_user_who_is_gone_is_none_and_one_without_issues_is_not(panel, panel_server):
    panel_server.pages(f"{API}/users/u/issues", [])
    reading = panel.reading()
    assert await reading.issues("gone") is None
    assert await reading.sessions("gone", back_to=None) is None
    assert await reading.issues("u") == IssueTab(())
    with pytest.raises(PollError, match="http_4xx: plans: HTTP 404"):
        await reading.plans()


async def test_a_panel_without_settings_or_activity_says_so_by_404(panel, panel_server):
    panel_server.pages(f"{API}/organizations/o/settings", [{"name": "n", "value": "1"}])
    panel_server.pages(f"{API}/organizations/bad/settings", [{"value": "1"}])
    reading = panel.reading()
    assert [row.name for row in await reading.settings("o")] == ["n"]
    assert await reading.settings("gone") is None
    assert await reading.activity("gone") is None
    with pytest.raises(PollError, match="schema: settings: no row fits"):
        await reading.settings("bad")


async def test_of_the_activity_only_the_newest_page_is_read(panel, panel_server):
    pages = [[{"date": f"2023-05-0{day}T10:00:00Z", "details": "x"}] for day in (3, 2, 1)]
    panel_server.pages(f"{API}/users/u/activity", *pages)
    reading = panel.reading()
    assert len(await reading.activity("u")) == 1
    assert (len(panel_server.asked), reading.figures.truncated) == (1, False)


@pytest.mark.parametrize("user_id", ["../../oauth", "a/b?c=d#e", "%2e%2e", "\u00fc "])
async def test_an_id_cannot_lead_out_of_its_place(panel, panel_server, user_id):
    assert await panel.reading().issues(user_id) is None
    [(_, path, _)] = panel_server.asked
    assert path.startswith("/panel/firm-1/api/admin/v1/users/")
    assert path.endswith("/issues?limit=200")
    assert path.count("/") == 8


@pytest.mark.parametrize("user_id", [".", ".."])
async def test_an_id_that_means_a_folder_is_not_asked_for(panel, panel_server, user_id):
    with pytest.raises(PollError, match="a user's id that cannot stand in a URL"):
        await panel.reading().sessions(user_id, back_to=None)
    assert not panel_server.asked


async def test_a_cursor_cannot_add_parameters(panel, panel_server):
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({"data": [], "nextCursor": None if len(asked) == 2 else "a&limit=9#x"})

    panel_server.routes[f"{API}/plans"] = handler
    await panel.reading().plans()
    assert asked[1] == {"limit": "200", "cursor": "a&limit=9#x"}


async def test_a_fault_of_ours_is_a_poll_error_too(panel, panel_server, user, monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("Smith v. Jones")

    panel_server.pages(f"{API}/users", [user()])
    monkeypatch.setattr("syncwatch.panel.live.decode", broken)
    with pytest.raises(PollError, match=r"internal: users: KeyError at test_reading\.py:\d+$") as caught:
        await panel.reading().users({})
    assert caught.value.__context__ is None


async def test_a_whole_poll_sends_nothing_but_get(panel: Panel, panel_server, user):
    panel_server.pages(f"{API}/users", [user(userId="u")])
    tabs = ("users/u/sessions", "users/u/issues", "users/u/activity")
    for table in ("organizations", "organizations/o/settings", "plans", *tabs):
        panel_server.pages(f"{API}/{table}", [])
    reading = panel.reading()
    await reading.organizations({})
    await reading.settings("o")
    await reading.users({})
    await reading.plans()
    await reading.sessions("u", back_to=0.0)
    await reading.issues("u")
    await reading.activity("u")
    assert [method for method, _, _ in panel_server.asked] == ["GET"] * 7
