"""From what rows hold to a patch that reads them: what is sure, what is gone, and what a person is asked."""

import pytest
import yaml

from syncwatch.model import (
    AccessType,
    Change,
    Condition,
    Direction,
    Mailbox,
    Operation,
    Outcome,
    Source,
    Switch,
)
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.survey.lists import Surveyed
from syncwatch.panel.survey.patch import suggest
from syncwatch.panel.survey.seen import Rows
from syncwatch.panel.survey.shape import Shape
from syncwatch.panel.survey.vocabulary import meaning, name_tokens
from unit.panel.made import SESSIONS, compiled, written

ORGANIZATIONS = {
    "path": "organizations",
    "fields": {"id": "id", "switch": {"path": "switch", "values": {"On": "enabled"}}},
}
WORDS = {"mailboxState": "connected", "enabled": True}


@pytest.fixture
def patched(tmp_path):
    """The patch for tables whose rows are these, as a whole profile that has been loaded; and as it was written."""

    def patched(change, **tables):
        profile = compiled(tmp_path, change)
        seen = {}
        for name, plan in profile.tables.items():
            table = seen[name] = Surveyed(plan, Rows(plan.maker.times), pages=1, lists=1, shape=Shape(()))
            for row in tables[name]:
                table.rows.add(row)
        patch = suggest(seen, "small", "Firm 1")
        file = tmp_path / "patch.yaml"
        file.write_text(patch.text, encoding="utf-8")
        loaded = load_profiles([written(tmp_path, change), file])["firm-1-panel"]
        return yaml.safe_load(patch.text), patch.unsure, loaded

    return patched


def people(**more):
    return [
        {"userId": f"user-{n}", **WORDS, **{key: make(n) for key, make in more.items()}} for n in range(8)
    ]


def fields(text, table="users"):
    return text["tables"][table]["fields"]


def test_fields_are_found_by_their_names_and_by_what_they_hold(patched):
    text, unsure, _ = patched({}, users=people())
    assert text["extends"] == "small"
    assert fields(text) == {
        "id": "userId",
        "mailbox": {"path": "mailboxState", "values": {"connected": "initialized"}},
        "switch": {"path": "enabled", "values": {"true": "enabled"}},
    }
    assert unsure == ()


def test_a_name_alone_is_not_enough(patched):
    rows = [{**row, "enabled": f"since {n}"} for n, row in enumerate(people())]
    text, unsure, _ = patched({}, users=rows)
    assert "switch" not in fields(text)
    assert unsure == ("users.switch: nothing looks like it",)


def test_two_that_are_as_likely_are_left_to_a_person(patched):
    rows = [{**row, "userKey": f"key-{n}"} for n, row in enumerate(people())]
    text, unsure, _ = patched({}, users=rows)
    assert "id" not in fields(text)
    assert unsure == ("users.id: userId or userKey?",)


def test_one_path_is_never_two_kinds_of_thing(patched):
    text, unsure, _ = patched({}, users=[{"mailboxKey": word} for word in ("connected", "pending")])
    assert fields(text) == {
        "mailbox": {
            "path": "mailboxKey",
            "values": {"connected": "initialized", "pending": "not_initialized"},
        }
    }
    assert unsure == ("users.id: nothing looks like it", "users.switch: nothing looks like it")


def test_what_the_panel_does_not_have_is_taken_away(patched):
    change = {
        "tables": {
            "users": {
                "fields": {
                    "plan": "planId",
                    "issues": "issues",
                    "session_job": "last.job",
                    "session_started": "last.at",
                    "session_outcome": {"path": "last.status", "values": {"ok": "completed"}},
                }
            }
        }
    }
    text, _, loaded = patched(change, users=people())
    gone = {"plan", "issues", "session_job", "session_started", "session_outcome"}
    assert {name for name, source in fields(text).items() if source is None} == gone
    assert not gone & loaded.tables.users.fields.sources().keys()


def test_what_may_yet_come_is_kept(patched):
    text, _, _ = patched(
        {"tables": {"users": {"fields": {"issues": "last.issues", "created": "since"}}}},
        users=people(last=lambda _: None),
    )
    assert not {"issues", "created"} & fields(text).keys()


@pytest.mark.parametrize("make", [lambda n: n + 5, lambda n: f"u{n}@firm.example"], ids=["number", "address"])
def test_an_id_that_is_none_is_hashed(patched, make):
    text, _, _ = patched({}, users=people(userId=make))
    assert fields(text)["id"] == {"hash": ["userId"]}


def test_lists_that_cannot_be_asked_for_by_a_hash_are_told(patched):
    sessions = {**SESSIONS, "scope": "user", "path": "{user}", "fields": {**SESSIONS["fields"], "user": None}}
    _, unsure, _ = patched({"tables": {"sessions": sessions}}, users=people(userId=lambda n: n), sessions=[])
    assert unsure == ("users.id: no list can be asked for by a hash: sessions",)


def test_a_reference_is_found_by_what_it_refers_to(patched):
    change = {"tables": {"organizations": ORGANIZATIONS, "users": {"fields": {"organization": "org"}}}}
    text, _, _ = patched(
        change,
        organizations=[{"id": "quay-1", "switch": "On"}, {"id": "quay-2", "switch": "On"}],
        users=people(belongsTo=lambda n: f"quay-{n % 2 + 1}", likes=lambda n: f"tea-{n % 2}"),
    )
    assert fields(text)["organization"] == "belongsTo"


def test_who_refers_to_a_hash_is_hashed_too(patched):
    change = {"tables": {"organizations": ORGANIZATIONS, "users": {"fields": {"organization": "org"}}}}
    text, _, _ = patched(change, organizations=[{"id": 1, "switch": "On"}], users=people(org=lambda _: 1))
    assert fields(text, "organizations")["id"] == {"hash": ["id"]}
    assert fields(text)["organization"] == {"hash": ["org"]}


def test_whose_a_row_is_is_told_by_values_that_the_users_have(patched):
    text, unsure, loaded = patched(
        {"tables": {"sessions": SESSIONS}},
        users=people(email=lambda n: f"u{n}@firm.example", colour=lambda n: f"blue {n}"),
        sessions=[
            {
                "runId": f"run-{n}",
                "owner": f"U{n}@Firm.example",
                "start": f"2026-01-0{n}T00:00:00Z",
                "state": "done",
            }
            for n in range(1, 8)
        ],
    )
    assert fields(text)["address"] == "email"
    assert fields(text, "sessions") == {
        "user": {"path": "owner", "join": ["address"]},
        "job": "runId",
        "started": "start",
        "outcome": {"path": "state", "values": {"done": "completed"}},
    }
    assert unsure == ()
    assert loaded.tables.sessions.fields.user.join == ("address",)


def test_a_list_in_which_nobody_is_known_is_left_to_a_person(patched):
    _, unsure, _ = patched(
        {"tables": {"sessions": SESSIONS}},
        users=people(),
        sessions=[{"who": f"somebody-{n}"} for n in range(9)],
    )
    assert any(line.startswith("sessions.user:") for line in unsure)


@pytest.mark.parametrize(
    ("make", "formats"),
    [
        (lambda n: 1_790_000_000.5 + n, ["unix"]),
        (lambda n: 1_790_000_000_000 + n, ["unix_ms"]),
        (lambda n: f"{n + 12}.03.2026 10:00", ["%d.%m.%Y %H:%M"]),
        (lambda n: f"03/{n + 13}/2026 10:00", ["%m/%d/%Y %H:%M"]),
        (lambda n: f"2026-03-0{n + 1}T10:00:00Z", None),
    ],
)
def test_times_are_read_as_they_are_written(patched, make, formats):
    text, _, _ = patched(
        {"tables": {"users": {"fields": {"created": "since"}}}}, users=people(createdOn=make)
    )
    assert fields(text)["created"] == "createdOn"
    assert text.get("datetime_format") == formats


def test_days_that_could_be_months_are_left_to_a_person(patched):
    text, unsure, _ = patched(
        {"tables": {"users": {"fields": {"created": "since"}}}},
        users=people(since=lambda n: f"03/0{n + 1}/2026 10:00"),
    )
    assert "datetime_format" not in text
    assert "%m/%d/%Y %H:%M or as %d/%m/%Y %H:%M" in unsure[0]


def test_minutes_are_not_taken_for_seconds(patched):
    change = {"tables": {"plans": {"path": "plans", "fields": {"id": "id", "interval": "seconds"}}}}
    text, unsure, _ = patched(change, users=people(), plans=[{"id": "a", "syncInterval": 30}])
    assert "plans" not in text["tables"]
    assert unsure == ("plans.interval: syncInterval? it must be seconds",)


def test_a_word_is_added_to_those_that_are_known(patched):
    rows = [
        {"id": f"u-{n}", "mailbox": "Ready", "switch": word}
        for n, word in enumerate(["On", "paused", "bad luck"])
    ]
    text, unsure, loaded = patched({}, users=rows)
    assert text["tables"] == {"users": {"fields": {"switch": {"values": {"paused": "disabled"}}}}}
    assert loaded.tables.users.fields.switch.values == {
        "On": "enabled",
        "Off": "disabled",
        "paused": "disabled",
    }
    assert unsure == ("users.switch: words without a meaning that are not shown: 1",)


def test_numbers_of_which_nobody_knows_the_meaning_are_left_to_a_person(patched):
    rows = [{"id": f"u-{n}", "mailbox": "Ready", "switch": n % 3} for n in range(9)]
    text, unsure, _ = patched({}, users=rows)
    assert "tables" not in text
    assert unsure == tuple(f'users.switch: what does "{n}" mean?' for n in range(3))


def test_a_dot_in_a_name_stays_in_the_name(patched):
    text, _, loaded = patched({}, users=[{"user.id": f"u-{n}", **WORDS} for n in range(3)])
    assert fields(text)["id"] == "user\\.id"
    assert loaded.tables.users.fields.id.path[0].path == "user\\.id"


@pytest.mark.parametrize(
    ("kind", "word", "meant"),
    [
        (Switch, "ON", "enabled"),
        (Switch, "Disabled due to an error", "disabled_by_error"),
        (Switch, "NOT_ENABLED", "disabled"),
        (Switch, "enabled with errors", None),
        (Switch, "Disabled by Jane Roe", None),
        (Mailbox, "Not Initialized", "not_initialized"),
        (Mailbox, "pending", "not_initialized"),
        (Mailbox, "Ready", "initialized"),
        (Outcome, "completedWithErrors", "errors"),
        (Outcome, "in progress", "running"),
        (Outcome, "SUCCEEDED", "completed"),
        (Outcome, "not completed", None),
        (Condition, "healthy", "up"),
        (bool, "not connected", False),
        (bool, "yes", True),
        (AccessType, "Microsoft 365 OAuth (Graph API) - App-only", "m365_graph_app_only"),
        (AccessType, "Google Direct Logon", "google_direct"),
        (Switch, "", None),
        (Direction, "ExchangeToSalesforce", "to_crm"),
        (Direction, "SALESFORCE_TO_OUTLOOK", "to_mailbox"),
        (Direction, "exchange, salesforce", None),
        (Direction, "mailbox", "to_mailbox"),
        (Operation, "Insert", "create"),
        (Operation, "modified", "update"),
        (Source, "ExchangeConnector", "exchange"),
        (Source, "Synchronization engine", "engine"),
        (Change, "User synchronization is disabled due to authorization error", "disabled_by_authorization"),
        (Change, "User synchronization is disabled due to an error", "disabled_by_other"),
        (Change, "User synchronization is disabled", "disabled"),
        (Change, "User synchronization is disabled by Jane Roe", None),
    ],
)
def test_what_words_mean(kind, word, meant):
    assert meaning(kind, word) == meant


def test_an_id_may_be_made_of_a_name_that_is_read_too(patched):
    change = {
        "tables": {"organizations": {**ORGANIZATIONS, "fields": {**ORGANIZATIONS["fields"], "name": "n"}}}
    }
    offices = [{"title": f"Office {n}!", "count": n, "switch": "On"} for n in range(4)]
    text, _, loaded = patched(change, organizations=offices, users=people())
    assert fields(text, "organizations") == {"id": {"hash": ["title"]}, "name": "title"}
    assert loaded.tables.organizations.fields.sources().keys() == {"id", "name", "switch"}


def test_settings_and_activity_are_found_too(patched):
    change = {
        "tables": {
            "organizations": ORGANIZATIONS,
            "settings": {"path": "{organization}/settings", "fields": {"name": "n", "value": "v"}},
            "activity": {
                "path": "{user}/activity",
                "fields": {"at": "a", "change": {"path": "c", "values": {"x": "unrelated"}}},
            },
        }
    }
    words = ("Synchronization enabled", "Synchronization disabled due to throttling error")
    text, unsure, _ = patched(
        change,
        organizations=[{"id": f"o-{n}", "switch": "On"} for n in range(3)],
        users=people(),
        settings=[{"settingName": f"S{n % 3}", "settingValue": str(n)} for n in range(9)],
        activity=[
            {"changedOn": f"2023-05-0{n + 1}T10:00:00Z", "changedBy": "Jane", "details": words[n % 2]}
            for n in range(8)
        ],
    )
    assert fields(text, "settings") == {"name": "settingName", "value": "settingValue"}
    assert fields(text, "activity") == {
        "at": "changedOn",
        "change": {
            "path": "details",
            "values": dict(zip(words, ("enabled", "disabled_by_throttling"), strict=True)),
        },
    }
    assert unsure == ()


def test_names_are_cut_into_words_however_they_are_written():
    assert (
        name_tokens("lastSyncStartedOn")
        == name_tokens("LAST_SYNC-started on")
        == name_tokens("lastsyncstartedon")
    )
