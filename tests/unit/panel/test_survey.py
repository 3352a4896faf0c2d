"""What one look at a panel tells, over real HTTP and from real files."""

import json
from itertools import count

import pytest
from aiohttp import web

from syncwatch.clock import SystemClock
from syncwatch.errors import PollError, Reason
from syncwatch.panel.panel import Panel
from syncwatch.panel.survey.findings import findings
from syncwatch.panel.survey.lists import MAX_OWNERS, MAX_PAGES
from syncwatch.panel.survey.seen import MAX_PATHS, MAX_WORDS, showable
from syncwatch.transport.client import Http
from unit.panel.made import SESSIONS, compiled, row

NAME, ADDRESS = "Philippa Zwölfbein", "philippa@firm.example"
BY_USER = {
    "path": "users/{user}/sessions",
    "fields": {name: source for name, source in SESSIONS["fields"].items() if name != "user"},
}


async def test_it_tells_what_is_found_what_is_missing_and_what_is_unknown(small, panel_server):
    panel_server.json("users", [row("a", mail=ADDRESS), {"id": "b", "switch": "On", "more": {"inside": 1}}])
    seen = (await small({"tables": {"users": {"fields": {"created": "since"}}}}).survey())["users"]
    told = findings(seen)
    assert (seen.rows.count, seen.pages, seen.failure) == (2, 1, None)
    assert told.found == ("id", "mailbox", "switch")
    assert told.missing == ("created",)
    assert set(told.unknown) == {"mail", "more.inside"}
    assert told.well, "a field that need not be there"


async def test_words_without_a_meaning_are_told(small, panel_server):
    panel_server.json("users", [row("a", switch="paused"), row("b", switch="Off")])
    told = findings((await small({}).survey())["users"])
    assert told.strange["switch"].shown == ("paused",)
    assert not told.well


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"no JSON", Reason.DECODE),
        (b"[" * 5000, Reason.DECODE),
        (b'{"nothing": 1}', Reason.SCHEMA),
        (b"[" + b"1," * 400_000 + b"1]", Reason.DECODE),
        (b"<html>", Reason.AUTH),
    ],
    ids=["no JSON", "too deep", "no rows", "too large", "a login page"],
)
async def test_a_table_that_cannot_be_read_does_not_stop_the_others(small, panel_server, body, reason):
    panel_server.json("users", [row("a")])
    panel_server.body("sessions", body)
    seen = await small({"tables": {"sessions": SESSIONS}}).survey()
    assert seen["sessions"].failure.reason is reason
    assert not findings(seen["sessions"]).well
    assert findings(seen["users"]).well


async def test_a_list_without_end_is_a_sample(small, panel_server):
    numbers = count()

    async def endless(_: web.Request) -> web.Response:
        return web.json_response([row(f"u-{next(numbers)}")])

    panel_server.routes["users"] = endless
    seen = await small({"paging": {"page_number": {"parameter": "page"}}}).survey()
    assert (seen["users"].pages, seen["users"].rows.count) == (MAX_PAGES, MAX_PAGES)


async def test_rows_and_cursor_are_found_where_no_profile_says(small, panel_server):
    pages = {
        "": {"meta": {"nextCursor": "c1"}, "result": {"items": [row("a")]}},
        "c1": {"meta": {"nextCursor": None}, "result": {"items": [row("b")]}},
    }

    async def paged(request: web.Request) -> web.Response:
        return web.json_response(pages[request.query.get("after", "")])

    panel_server.routes["users"] = paged
    change = {
        "paging": {"cursor": {"parameter": "after"}},
        "tables": {"users": {"page": {"rows": "data", "next": "cursor"}}},
    }
    seen = (await small(change).survey())["users"]
    assert seen.rows.count == 2
    assert seen.shape.rows == ("result", "items")
    assert seen.shape.next == ("meta", "nextCursor")


async def test_the_lists_of_a_few_users_are_read_even_before_the_profile_knows_their_id(small, panel_server):
    ids = [f"user-{number}" for number in range(20)]
    panel_server.json("users", [{"userKey": id_, "state": "On"} for id_ in ids])
    for id_ in ids:
        panel_server.json(f"users/{id_}/sessions", [{"job": f"job-of-{id_}"}])
    seen = await small({"tables": {"sessions": BY_USER}}).survey()
    assert seen["sessions"].lists == seen["sessions"].rows.count == MAX_OWNERS


async def test_whose_lists_cannot_be_told_is_said(small, panel_server):
    panel_server.json("users", [{"x": "same"}, {"x": "same"}])
    seen = await small({"tables": {"sessions": BY_USER}}).survey()
    assert "no user's id" in str(seen["sessions"].failure)


async def test_what_is_kept_is_bounded(small, panel_server):
    deep: dict = {}
    for _ in range(50):
        deep = {"d": deep}
    rows = [row(f"u-{n}", **{f"key{n}x{m}": m for m in range(20)}, deep=deep) for n in range(250)]
    panel_server.json("users", rows)
    seen = (await small({}).survey())["users"].rows
    assert seen.count == 250
    assert len(seen.columns) == MAX_PATHS
    assert seen.more
    assert max(map(len, seen.columns)) <= 5
    assert len(seen.columns["id",].words) == MAX_WORDS


async def test_keys_that_are_no_keys_are_only_counted(small, panel_server):
    rows = [row(f"u-{number}", syncedAt=number) for number in range(20)]
    rows[3] |= {NAME: 1, ADDRESS: 2, "Zwoelfbein": 3, "x" * 65: 4}
    panel_server.json("users", rows)
    told = findings((await small({}).survey())["users"])
    assert told.unknown == ("syncedAt",)
    assert told.hidden == 4


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["On", "Off", "paused"], {"On", "Off", "paused"}),
        (["On", NAME, "Zwoelfbein"], {"On"}),
        (["On", ADDRESS], set()),
        (["On"] * 9 + ["Quiesced"] * 3, {"On", "Quiesced"}),
        (["On"] * 2 + ["Zwoelfbein"] * 9, {"On"}),
        ([f"on {number}" for number in range(13)], set()),
        (["on", "off", "up", "down", "ok", "new"], set()),
    ],
    ids=["ours", "once", "an address", "often", "the rule", "too many", "each another"],
)
async def test_only_words_of_statuses_are_shown(small, panel_server, words, shown):
    panel_server.json("users", [row(f"u-{n}", switch=word) for n, word in enumerate(words)])
    seen = (await small({}).survey())["users"].rows.columns["switch",]
    assert {word for word in seen.words if showable(word, seen)} == shown


def exported(tmp_path, change):
    change = {"format": "csv", "tables": {"users": {"path": "users.csv", **change}}}
    return compiled(tmp_path, change)


async def survey_of(tmp_path, text, encoding="utf-8"):
    (tmp_path / "users.csv").write_text(text, encoding=encoding)
    async with Http() as http:
        panel = Panel(f"file://{tmp_path}", exported(tmp_path, {}), None, http, SystemClock())
        return (await panel.survey())["users"]


async def test_a_file_is_looked_at_by_its_columns(tmp_path):
    seen = await survey_of(tmp_path, "ID,Mailbox,State\r\na,Ready,on\r\nb,New,off\r\n", "utf-16")
    told = findings(seen)
    assert (told.found, told.missing, told.unknown) == (("id", "mailbox"), ("switch",), ("state",))
    assert not told.well


async def test_a_file_without_headings_shows_none(tmp_path):
    told = findings(
        await survey_of(tmp_path, f"{NAME},{ADDRESS},2026-01-02\r\nJ. Roe,j@x.example,2026-01-03\r\n")
    )
    assert told.unknown == ()
    assert told.hidden == 3


async def test_a_file_that_is_not_there_is_a_failure_of_its_table(tmp_path):
    async with Http() as http:
        panel = Panel(f"file://{tmp_path}", exported(tmp_path, {}), None, http, SystemClock())
        assert (await panel.survey())["users"].failure.reason is Reason.CONNECT


async def test_nothing_that_was_seen_prints_itself(small, panel_server):
    panel_server.json("users", [row("a", note=NAME)])
    seen = (await small({}).survey())["users"]
    assert NAME not in f"{seen!r} {seen.rows!r} {seen.rows.columns!r}"
    assert NAME in seen.rows.columns["note",].words


async def test_it_only_reads(small, panel_server):
    panel_server.body("users", json.dumps([row("a")]).encode())
    await small({}).survey()
    assert {method for method, _, _ in panel_server.asked} == {"GET"}


async def test_a_secret_place_that_is_none_is_told_at_once(tmp_path, http, clock, secret):
    secret.value = NAME
    with pytest.raises(PollError, match="holds none") as caught:
        await Panel(secret, compiled(tmp_path, {}), None, http, clock).survey()
    assert NAME not in str(caught.value)
