"""Lists by organization, and lists of many users whose rows must find their user."""

from typing import Any

import pytest

from syncwatch.errors import ConfigError, PollError, Reason
from syncwatch.model import Outcome
from unit.panel.made import SESSIONS, SWITCH, ids, loaded, merged, row, users

AT = "2026-01-01T10:00:00Z"
KEYED = {"logon": "logon", "address": "mail", "name": "name"}
ORGANIZATIONS = {"path": "firms", "fields": {"id": "id", "switch": SWITCH}}
ISSUES = {"path": "issues", "scope": "tenant", "fields": {"user": "who", "text": "text"}}


def session(who: Any, job: str, at: str = AT, status: str = "ok") -> dict[str, Any]:
    return {"who": who, "job": job, "at": at, "status": status}


def wide(join: list[str] | None = None, **sessions: Any) -> dict[str, Any]:
    change = merged(SESSIONS, {"fields": {"user": {"join": join or ["id"]}}, **sessions})
    return {"tables": {"users": {"fields": KEYED}, "sessions": change}}


def person(id_: str, **keys: str) -> dict[str, Any]:
    return row(id_, logon=keys.get("logon"), mail=keys.get("mail"), name=keys.get("name"))


async def jobs(reading) -> dict[str, str | None]:
    """The newest session's job of each user."""
    return {each.id: each.session_job for page in await reading.users({}) for each in page.rows}


@pytest.mark.parametrize(
    ("key", "written", "named"),
    [
        ("id", "a", "a"),
        ("logon", r"FIRM\Ann", r"firm\ann"),
        ("mail", "Ann@Firm.example", " ann@firm.example "),
        ("name", "Ann  Well", "ann well"),
    ],
)
async def test_a_row_finds_its_user_by_each_key(small, panel_server, key, written, named):
    ann = {**person("a"), **({} if key == "id" else {key: written})}
    panel_server.json("users", [ann, person("b", name="Bob")])
    panel_server.json("sessions", [session(named, "j1"), session("Bob", "j2")])
    reading = small(wide(["id", "logon", "address", "name"])).reading()
    assert await jobs(reading) == {"a": "j1", "b": "j2"}
    assert not reading.figures.unknown_values


async def test_the_first_key_that_fits_counts(small, panel_server):
    panel_server.json("users", [person("a", name="x"), person("b", logon="x")])
    panel_server.json("sessions", [session("x", "j1")])
    assert await jobs(small(wide(["logon", "name"])).reading()) == {"a": None, "b": "j1"}
    assert await jobs(small(wide(["name", "logon"])).reading()) == {"a": "j1", "b": None}


async def test_a_key_that_is_not_named_is_not_compared(small, panel_server):
    panel_server.json("users", [person("a", name="x"), person("b", logon="b")])
    panel_server.json("sessions", [session("x", "j1"), session("b", "j2")])
    reading = small(wide(["logon"])).reading()
    assert await jobs(reading) == {"a": None, "b": "j2"}
    assert reading.figures.unknown_values == {"sessions.user": 1}


async def test_two_users_of_one_name_get_no_session_and_are_not_said_to_have_had_none(small, panel_server):
    panel_server.json("users", [person("a", name="Hal"), person("b", name="hal "), person("c", name="Cat")])
    panel_server.json("sessions", [session("Hal", "j1"), session("HAL", "j2"), session("Cat", "j3")])
    reading = small(wide(["name"], complete=True)).reading()
    [page] = await reading.users({})
    assert [each.session_job for each in page.rows] == [None, None, "j3"]
    assert [each.session_outcome for each in page.rows] == [
        Outcome.UNKNOWN,
        Outcome.UNKNOWN,
        Outcome.COMPLETED,
    ]
    assert reading.figures.unknown_values == {"sessions.user": 2}
    assert await reading.sessions("a", back_to=None) == ()


@pytest.mark.parametrize("named", [None, "", "  ", "ghost"])
async def test_a_row_of_nobody_is_counted_and_costs_nobody(small, panel_server, named):
    panel_server.json("users", [person("a"), person("b", mail="", name="  ")])
    panel_server.json("sessions", [session(named, "j1"), session("a", "j2")])
    reading = small(wide(["id", "address", "name"])).reading()
    assert await jobs(reading) == {"a": "j2", "b": None}
    assert reading.figures.unknown_values == {"sessions.user": 1}


async def test_a_join_that_fits_nobody_at_all_is_told(small, panel_server):
    panel_server.json("users", [person("a")])
    panel_server.json("sessions", [session(who, f"j{who}") for who in "xyz"])
    with pytest.raises(PollError, match="schema: sessions: no row names a user"):
        await small(wide(["id"])).reading().users({})


async def test_sessions_of_a_few_who_were_deleted_do_not_fail_a_poll(small, panel_server):
    panel_server.json("users", [person("a")])
    panel_server.json("sessions", [session("x", "j1"), session("y", "j2")])
    reading = small(wide(["id"])).reading()
    assert await jobs(reading) == {"a": None}
    assert reading.figures.unknown_values == {"sessions.user": 2}


async def test_a_firm_without_sessions_is_read(small, panel_server):
    panel_server.json("users", [person("a")])
    panel_server.json("sessions", [])
    assert await jobs(small(wide()).reading()) == {"a": None}


async def test_the_newest_session_is_the_users_and_all_of_them_are_to_be_had(small, panel_server):
    panel_server.json("users", [person("a"), person("b")])
    late = "2026-01-01T11:00:00Z"
    panel_server.json("sessions", [session("a", "old"), session("a", "new", late), session("b", "other")])
    reading = small(wide()).reading()
    assert await jobs(reading) == {"a": "new", "b": "other"}
    assert {each.job for each in await reading.sessions("a", back_to=None)} == {"old", "new"}
    assert await reading.sessions("ghost", back_to=None) == ()
    assert len(panel_server.asked) == 2, "one list for everybody"


async def test_a_users_sessions_come_newest_first(small, panel_server):
    panel_server.json("users", [person("a")])
    late = "2026-01-01T11:00:00Z"
    panel_server.json("sessions", [session("a", "old"), session("a", "new", late)])
    reading = small(wide()).reading()
    await reading.users({})
    assert [each.job for each in await reading.sessions("a", back_to=None)] == ["new", "old"]


async def test_users_who_are_joined_to_other_lists_are_not_taken_from_memory(small, panel_server):
    panel_server.pages("users", [person("a")], etags=True)
    panel_server.json("sessions", [session("a", "j1")])
    paged = {
        "etag": True,
        "paging": {"cursor": {"parameter": "cursor"}},
        "page": {"rows": "data", "next": "nextCursor"},
    }
    panel = small(merged(wide(), users(**paged)))
    first = await panel.reading().users({})
    assert first[0].mark
    panel_server.json("sessions", [session("a", "j2", "2026-01-01T11:00:00Z")])
    second = await panel.reading().users({"": first[0].mark})
    assert [each.session_job for each in second[0].rows] == ["j2"]


async def test_issues_of_everybody_are_each_users_own(small, panel_server):
    panel_server.json("users", [person("a"), person("b"), person("h1", name="Hal"), person("h2", name="Hal")])
    rows = [{"who": who, "text": text} for who, text in [("a", "1"), ("a", "2"), ("Hal", "3"), ("h1", "4")]]
    panel_server.json("issues", rows)
    issues = merged(ISSUES, {"fields": {"user": {"path": "who", "join": ["id", "name"]}}})
    reading = small({"tables": {"users": {"fields": KEYED}, "issues": issues}}).reading()
    [page] = await reading.users({})
    assert [each.issues for each in page.rows] == [2, 0, 1, 0]
    tabs = {id_: await reading.issues(id_) for id_ in ("a", "b", "h1", "h2")}
    assert {id_: len(tab.rows) for id_, tab in tabs.items()} == {"a": 2, "b": 0, "h1": 1, "h2": 0}
    assert {id_: tab.whole for id_, tab in tabs.items()} == {"a": True, "b": True, "h1": False, "h2": False}
    assert reading.figures.unknown_values == {"issues.user": 1}
    assert len(panel_server.asked) == 2


async def test_an_issue_that_cannot_be_read_leaves_nobodys_tab_whole(small, panel_server):
    panel_server.json("users", [person("a")])
    panel_server.json("issues", [{"who": "a", "text": "1"}, {"who": "a", "text": []}])
    reading = small({"tables": {"issues": ISSUES}}).reading()
    await reading.users({})
    tab = await reading.issues("a")
    assert (len(tab.rows), tab.whole) == (1, False)


def by_organization(**more: Any) -> dict[str, Any]:
    table = {"scope": "organization", "path": "firms/{organization}/users", **more}
    return {"tables": {"organizations": ORGANIZATIONS, "users": table}}


async def test_users_by_organization_get_the_organization_in_whose_list_they_are(small, panel_server):
    panel_server.json("firms", [{"id": "o/1", "switch": "On"}, {"id": "o2", "switch": "Off"}])
    panel_server.json("firms/o%2F1/users", [row("a"), row("b")])
    panel_server.json("firms/o2/users", [row("c")])
    reading = small(by_organization()).reading()
    await reading.organizations({})
    pages = await reading.users({})
    found = {each.id: each.organization for page in pages for each in page.rows}
    assert found == {"a": "o/1", "b": "o/1", "c": "o2"}
    assert len({page.cursor for page in pages}) == len(pages)


async def test_each_organizations_pages_are_remembered_apart(small, panel_server):
    cut = {"paging": {"cursor": {"parameter": "cursor"}}, "page": {"rows": "data", "next": "nextCursor"}}
    change = merged(by_organization(etag=True, **cut), {"tables": {"organizations": {"etag": True, **cut}}})
    panel_server.pages("firms", [{"id": "o1", "switch": "On"}], [{"id": "o2", "switch": "On"}], etags=True)
    panel_server.pages("firms/o1/users", [row("a")], [row("b")], etags=True)
    panel_server.pages("firms/o2/users", [row("c")], etags=True)
    panel, seen = small(change), []
    known: tuple[dict, dict] = ({}, {})
    for _ in range(2):
        reading = panel.reading()
        lists = (await reading.organizations(known[0]), await reading.users(known[1]))
        known = tuple({page.cursor: page.mark for page in pages} for pages in lists)
        seen.append((lists[1], dict(reading.figures.requests)))
    assert ids(seen[0][0]) == ["a", "b", "c"]
    assert [page.rows for page in seen[1][0]] == [None] * 3
    assert seen[1][1] == {("organizations", "304"): 2, ("users", "304"): 3}


async def test_an_organization_that_could_not_be_read_is_asked_for_its_users_all_the_same(
    small, panel_server
):
    panel_server.json("firms", [{"id": "o1", "switch": "On"}, {"id": "o2", "switch": []}])
    panel_server.json("firms/o1/users", [row("a")])
    panel_server.json("firms/o2/users", [row("b")])
    reading = small(by_organization()).reading()
    await reading.organizations({})
    assert ids(await reading.users({})) == ["a", "b"]


async def test_an_organization_in_a_query_must_be_plain(small, panel_server):
    panel_server.json("firms", [{"id": "o1&admin=1", "switch": "On"}])
    table = {"tables": {"users": {"path": "users", "query": {"firm": "{organization}"}}}}
    reading = small(merged(by_organization(), table)).reading()
    await reading.organizations({})
    with pytest.raises(PollError) as caught:
        await reading.users({})
    assert caught.value.reason is Reason.SCHEMA
    assert len(panel_server.asked) == 1


async def test_sessions_by_organization_are_joined_to_the_users_of_all(small, panel_server):
    panel_server.json("firms", [{"id": "o1", "switch": "On"}, {"id": "o2", "switch": "On"}])
    panel_server.json("users", [person("a"), person("b")])
    panel_server.json("firms/o1/runs", [session("a", "j1")])
    panel_server.json("firms/o2/runs", [session("b", "j2")])
    runs = wide(scope="organization", path="firms/{organization}/runs")
    reading = small(merged(runs, {"tables": {"organizations": ORGANIZATIONS}})).reading()
    await reading.organizations({})
    assert await jobs(reading) == {"a": "j1", "b": "j2"}


@pytest.mark.parametrize("listed", ["users", "firms/{organization}/users"])
async def test_a_users_history_is_had_without_any_other_list_having_been_asked_for(
    small, panel_server, listed
):
    panel_server.json("firms", [{"id": "o1", "switch": "On"}, {"id": "o2", "switch": "On"}])
    panel_server.json("users", [person("a"), person("b")])
    panel_server.json("firms/o1/users", [person("a")])
    panel_server.json("firms/o2/users", [person("b")])
    panel_server.json("firms/o1/runs", [session("a", "j1")])
    panel_server.json("firms/o2/runs", [session("b", "j2")])
    runs = wide(scope="organization", path="firms/{organization}/runs")
    scope = {"scope": "organization"} if "{" in listed else {}
    tables = {"tables": {"organizations": ORGANIZATIONS, "users": {"path": listed, **scope}}}
    reading = small(merged(runs, tables)).reading()
    assert [each.job for each in await reading.sessions("b", back_to=0.0)] == ["j2"]


@pytest.mark.parametrize(
    ("user_id", "path"),
    [("a b", "users/a%20b/runs"), ("a/b", "users/a%2Fb/runs"), ("ä", "users/%C3%A4/runs")],
)
async def test_an_id_in_a_path_is_escaped_whatever_the_query(small, panel_server, user_id, path):
    runs = merged(SESSIONS, {"scope": "user", "path": "users/{user}/runs", "fields": {"user": None}})
    panel_server.json(path, [session(user_id, "j1")])
    for query in ({}, {"newest": "true"}):
        reading = small({"tables": {"sessions": {**runs, "query": query}}}).reading()
        assert [each.job for each in await reading.sessions(user_id, back_to=None)] == ["j1"]


@pytest.mark.parametrize(
    "sessions",
    [
        {"fields": {"user": None}},
        {"path": "users/{user}/sessions"},
        {"scope": "user"},
        {"scope": "user", "path": "users/{user}/sessions"},
        {"scope": "organization", "path": "{organization}/sessions"},
        {"scope": "user", "path": "users/{user}/sessions", "fields": {"user": None}, "complete": True},
        {"fields": {"user": {"path": "who", "join": ["mailbox"]}}},
        {"fields": {"user": {"path": "who", "join": []}}},
    ],
)
def test_a_table_of_many_users_that_cannot_work_is_refused(tmp_path, sessions):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: tables\.sessions"):
        loaded(tmp_path, {"tables": {"sessions": merged(SESSIONS, sessions)}})


async def test_a_session_that_cannot_be_read_does_not_mean_that_there_was_none(small, panel_server):
    panel_server.json("users", [person("a"), person("b")])
    panel_server.json("sessions", [session("a", "j1", "yesterday"), session("b", "j2")])
    reading = small(wide(complete=True)).reading()
    assert reading.sight.silence
    await reading.users({})
    assert not reading.sight.silence
