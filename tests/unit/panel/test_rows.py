import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.console import Console
from rich.pretty import Pretty

from syncwatch.model import Change, Direction, Mailbox, Operation, Outcome, Source, Switch
from syncwatch.panel.compile import compile_profile
from syncwatch.panel.decode import decode
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.visible import plain, shows
from syncwatch.rows import Figures

SHIPPED = Path(__file__).parents[3] / "config" / "panels" / "litify-inbox.yaml"


UNTOLD = (Direction.UNKNOWN, Operation.UNKNOWN)


def read(profile, table, *rows, figures=None):
    body = json.dumps({"data": rows, "nextCursor": None}).encode()
    return decode(profile.tables[table].usual(), body, figures or Figures()).rows


def test_a_user_row_by_the_contract(profile, user):
    [row] = read(profile, "users", user())
    assert (row.id, row.organization, row.plan) == ("4e8a3d12-fa32-4d92-9170-74cac44a1530", "org-1", "plan-1")
    assert (row.mailbox, row.switch, row.effective) == (
        Mailbox.INITIALIZED,
        Switch.ENABLED,
        Switch.DISABLED_BY_ERROR,
    )
    assert (row.error, row.issues, row.created) == (True, 3, 1667376000.0)
    assert row.access_type == "m365_ews_impersonated"
    assert (row.session_job, row.session_started, row.session_ended) == ("job-1", 1683021603.0, 1683021631.0)
    assert (row.session_outcome, row.session_message) == (Outcome.ERRORS, "Canceled (SW0001)")


def test_no_session_is_none_throughout(profile, user):
    [row] = read(profile, "users", user(lastSession=None))
    assert (row.session_job, row.session_started, row.session_ended) == (None, None, None)
    assert (row.session_outcome, row.session_message) == (None, None)


def test_what_is_harmless_may_be_absent(profile, user):
    whole = user(organizationId=None)
    for key in ("planId", "mailboxAccessType", "createdOn", "name", "email"):
        del whole[key]
    [row] = read(profile, "users", whole)
    assert (row.organization, row.plan, row.access_type, row.created) == ("", None, None, None)


def test_words_that_nobody_knows_are_kept_and_counted(profile, user):
    figures = Figures()
    session = {"jobId": "j", "startedAt": "2023-05-02T10:00:03Z", "status": "napping"}
    strange = user(mailboxStatus="Migrating", mailboxAccessType="Lotus Notes", lastSession=session)
    rows = read(profile, "users", strange, user(), user(synchronizationStatus=None), figures=figures)
    assert (rows[0].mailbox, rows[0].access_type, rows[0].session_outcome) == (
        Mailbox.UNKNOWN,
        "unknown",
        Outcome.UNKNOWN,
    )
    assert rows[2].switch is Switch.UNKNOWN
    assert figures.unknown_values == {"users.mailbox": 1, "users.access_type": 1, "users.session_outcome": 1}


def test_organizations_plans_and_issues(profile):
    firm = {
        "id": "o",
        "name": "n",
        "mailboxAccessType": "Google Direct Logon",
        "synchronizationStatus": "Disabled",
    }
    connected, silent, odd = read(
        profile,
        "organizations",
        {**firm, "crmConnection": "Connected"},
        firm,
        {**firm, "crmConnection": "Maybe"},
    )
    assert (connected.switch, connected.access_type) == (Switch.DISABLED, "google_direct")
    assert (connected.crm_connected, silent.crm_connected, odd.crm_connected) == (True, None, None)
    [plan] = read(profile, "plans", {"id": "p", "synchronizationIntervalSeconds": 1800, "active": True})
    assert plan.interval == 1800
    number, text, none = read(
        profile,
        "issues",
        {
            "type": "Task",
            "name": "n",
            "direction": "SalesforceToExchange",
            "operation": "Create",
            "errorCode": 1,
            "errorText": "t",
        },
        {"errorCode": "SE001", "errorText": None, "direction": "Sideways", "operation": None},
        {"errorText": ""},
    )
    assert (number.code, text.code, none.code) == ("1", "SE001", "")
    assert (number.type, number.name) == ("Task", "n")
    assert (number.direction, number.operation) == (Direction.TO_MAILBOX, Operation.CREATE)
    assert (text.direction, text.operation) == (none.direction, none.operation) == UNTOLD
    assert (number.text, text.text, none.name) == ("t", "", "")


def test_settings_are_read_whatever_they_are_set_to(profile):
    values = ("1", 1, 1.5, True, "a@firm.example;" * 100, None)
    rows = read(profile, "settings", *({"name": "n", "value": value, "mode": "Force"} for value in values))
    assert [row.value for row in rows] == ["1", "1", "1.5", "True", "a@firm.example;" * 100, ""]


def test_activity_tells_why_and_not_by_whom(profile):
    figures = Figures()
    details = (
        "User synchronization is disabled due to authorization error",
        "User synchronization is disabled",
        "Somebody had a look",
        None,
    )
    rows = read(
        profile,
        "activity",
        *(
            {"date": "2023-05-02T10:00:03Z", "changedBy": "a@firm.example", "details": each}
            for each in details
        ),
        figures=figures,
    )
    assert [row.change for row in rows] == [
        Change.DISABLED_BY_AUTHORIZATION,
        Change.DISABLED,
        Change.UNKNOWN,
        Change.UNKNOWN,
    ]
    assert rows[0].at == 1683021603.0
    assert not hasattr(rows[0], "changedBy")
    assert figures.unknown_values == {"activity.change": 1}


def test_a_session_names_the_part_of_the_product_that_failed(profile, user):
    session = {**user()["lastSession"], "errorSource": "Microsoft Exchange"}
    [named, silent] = read(profile, "users", user(lastSession=session), user())
    assert (named.session_source, silent.session_source) == (Source.EXCHANGE, None)
    figures = Figures()
    words = ("Connector", "Synchronization engine", None, "Unknown", "Gremlins")
    rows = read(profile, "sessions", *({**session, "errorSource": word} for word in words), figures=figures)
    assert [row.source for row in rows] == [
        Source.CONNECTOR, Source.ENGINE, None, Source.UNKNOWN, Source.UNKNOWN,
    ]  # fmt: skip
    assert figures.unknown_values == {"sessions.source": 1}


@pytest.mark.parametrize("strange", [7, None, ["A. Example"], {"first": "A."}, "x" * 401])
def test_no_row_is_refused_for_a_strange_name(profile, user, strange):
    figures = Figures()
    rows = read(profile, "users", user(), user(name=strange, email=strange), figures=figures)
    assert [(row.name, row.address) for row in rows] == [("A. Example", "a@firm.example"), (None, None)]
    assert not figures.refused_rows


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2023-05-02T10:00:03Z", 1683021603.0),
        ("2023-05-02T10:00:03", 1683021603.0),
        ("2023-05-02T12:00:03.5000000+02:00", 1683021603.5),
        ("0001-01-01T00:00:00", -62135596800.0),
    ],
)
def test_times_are_iso_8601_and_utc_unless_they_say_otherwise(profile, written, seconds):
    [row] = read(profile, "sessions", {"jobId": "j", "startedAt": written, "status": "running"})
    assert (row.started, row.ended, row.message) == (seconds, None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"userId": ""},
        {"userId": "x" * 201},
        {"userId": 7.5},
        {"mailboxStatus": 1.5},
        {"issues": -1},
        {"issues": None},
        {"lastSession": {}},
        {"lastSession": {"jobId": "j", "startedAt": "yesterday", "status": "errors"}},
    ],
)
def test_a_row_on_which_no_verdict_could_rest_is_refused(profile, user, change):
    figures = Figures()
    assert len(read(profile, "users", user(), user(**change), figures=figures)) == 1
    assert figures.refused_rows == {"users": 1}


FORGED = "1\nowner:         nobody"


@pytest.mark.parametrize("id_", [FORGED, "\x1b[2J", "a\u202eb", "a\u200bb", "a\x7f", "a\u2028b", "\x85"])
def test_an_id_that_could_forge_what_is_written_about_it_is_refused_with_its_row(profile, user, id_):
    figures = Figures()
    session = {**user()["lastSession"], "jobId": id_}
    changed = ({"organizationId": id_}, {"planId": id_}, {"lastSession": session})
    body = json.dumps({"data": [user(userId=id_), *(user(**change) for change in changed)]}).encode()
    content = decode(profile.tables["users"].usual(), body, figures)
    assert (content.rows, content.refused) == ((), (user()["userId"],) * 3), "told by their own ids"
    read(profile, "sessions", session, figures=figures)
    read(profile, "organizations", {"id": id_, "synchronizationStatus": "Enabled"}, figures=figures)
    assert figures.refused_rows == {"users": 4, "sessions": 1, "organizations": 1}


def test_every_letter_may_stand_in_an_id_and_nothing_that_does_not_show():
    every = map(chr, range(sys.maxunicode + 1))
    hidden = [each for each in every if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert not [each for each in hidden if shows(f"a{each}")]
    assert not [each for each in hidden if plain(json.dumps(each).encode())]
    assert not [
        each
        for each in hidden
        if plain(json.dumps(each, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    ]
    for id_ in ("", "a", "Ann Well", "a@firm.example", "Zoë", "\u5f20\u4f1f", "{4e8a-3d12}/7", "no\xa0break"):
        assert shows(id_), id_


@pytest.mark.parametrize("key", ["synchronizationStatus", "disabledDueToError", "lastSession", "issues"])
def test_a_required_key_that_is_gone_is_not_guessed(profile, user, key):
    incomplete = user()
    del incomplete[key]
    figures = Figures()
    assert len(read(profile, "users", user(), incomplete, figures=figures)) == 1
    assert figures.refused_rows == {"users": 1}


def test_another_panel_with_other_names_needs_only_another_profile(tmp_path, user):
    text = SHIPPED.read_text()
    for old, new in [
        ("id: userId", "id: user.ids.sync-id"),
        ("error: disabledDueToError", "error: {path: state.effective, values: {Broken: true, Fine: false}}"),
        (
            "path: effectiveSynchronizationStatus, values: *switch",
            "path: state.effective, values: {Fine: enabled}",
        ),
        ("session_job: lastSession.jobId", "session_job: job"),
        ("      plan: planId\n", ""),
        ("page: {rows: data, next: nextCursor}", "page: {rows: result.rows, next: result.more}"),
    ]:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "other.yaml"
    file.write_text(text)
    table = compile_profile(load_profiles([file])["litify-inbox"], b"key").tables["users"].usual()
    other = user(user={"ids": {"sync-id": "u1"}}, state={"effective": "Broken"}, job=None)
    page = {"result": {"rows": [other], "more": "next"}}
    figures = Figures()
    content = decode(table, json.dumps(page).encode(), figures)
    [row] = content.rows
    assert (row.id, row.error, row.effective, row.plan, row.session_job) == (
        "u1",
        True,
        Switch.UNKNOWN,
        None,
        None,
    )
    assert content.following == "next"
    assert figures.unknown_values == {"users.effective": 1}


def test_a_row_shows_nothing_of_itself(profile, user):
    rows = read(profile, "users", user(lastSession={**user()["lastSession"], "message": "Smith v. Jones"}))
    out = io.StringIO()
    Console(file=out, width=200).print(Pretty(rows), rows[0])
    shown = out.getvalue() + repr(rows) + str(rows[0])
    assert "Smith" not in shown
    assert "org-1" not in shown
