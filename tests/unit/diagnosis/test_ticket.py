"""The support ticket: what is in it, since when, how many others; and that there is none where nothing is wrong."""

import pytest
from msgspec.structs import replace

from syncwatch.diagnosis.case import Case
from syncwatch.diagnosis.explain import explain
from syncwatch.diagnosis.ticket import Seen, Trouble, seen, ticket, trouble
from syncwatch.diagnosis.tree import walk
from syncwatch.model import (
    AccessType,
    Direction,
    Mailbox,
    Operation,
    Owner,
    Running,
    SessionFacts,
    State,
    Switch,
    Why,
)
from syncwatch.state.snapshot import UserView
from unit.diagnosis.cases import CASES, DENIED, FAULT, GUARD, PAUSED, RULE, WIDE, cut, down, made, off, open_
from unit.given import DAY, HOUR, MINUTE, NOTHING, T0, THROTTLED, enabled, ended


def written(
    case: Case,
    *others: UserView,
    sessions: tuple[SessionFacts, ...] = (),
    unread: frozenset[str] = frozenset(),
) -> dict[str, str]:
    about = trouble(case)
    assert about is not None
    lines = list(ticket("firm-1", case, about, seen(case, about, sessions), others, unread=unread))
    fields = dict(line.split(":", 1) for line in lines)
    assert len(fields) == len(lines)
    return {name: value.strip() for name, value in fields.items()}


def other(id_: str, organization: str = "o1", **changes: object) -> UserView:
    case = made(replace(down(FAULT), id=id_, organization=organization, **changes))
    assert case.user is not None
    return case.user


def test_everything_that_support_asks_for():
    case = made(down(FAULT), access=AccessType.M365_GRAPH_APP_ONLY)
    users = (other("u1"), other("u2"), other("u3", "o2"), other("u4", error=False, last=ended()))
    assert written(case, *users) == {
        "tenant": "firm-1",
        "organization": "o1",
        "user": "u1",
        "access type": "m365_graph_app_only",
        "as of": "2023-11-14T22:13:20Z",
        "state": "down",
        "class": "sync_engine_fault",
        "codes": "SI0001",
        "owner": "vendor_support",
        "job": "s1",
        "started": "2023-11-14T22:02:50Z",
        "ended": "2023-11-14T22:03:20Z",
        "concerns": "the whole synchronization",
        "direction": "none, it is not about one item",
        "operation": "none, it is not about one item",
        "first seen": "2023-11-14T22:03:20Z or earlier",
        "last seen": "2023-11-14T22:03:20Z",
        "others": "1 of the organization, 2 of the tenant",
        "to do": "Open a ticket with the code, the job id and the session's log.",
    }


def test_first_and_last_seen_are_those_of_the_unbroken_run():
    def failed(hours: float, finding=FAULT) -> SessionFacts:
        return ended(f"s{hours}", T0 - hours * HOUR, finding=finding)

    case = made(enabled(last=failed(0.5)))
    table = (failed(0.5), failed(1), failed(1.5), ended("ok", T0 - 2 * HOUR), failed(2.5))
    about = Trouble("sync_engine_fault", Owner.VENDOR_SUPPORT, FAULT)
    assert seen(case, about, table) == Seen(T0 - 1.5 * HOUR, T0 - 0.5 * HOUR)
    others = (*table[:2], failed(1.2, GUARD), *table[2:])
    assert seen(case, about, others).first == T0 - HOUR, "another trouble begins another run"
    assert seen(case, about, table[:3]) == Seen(T0 - 1.5 * HOUR, T0 - 0.5 * HOUR, earlier=True)
    newer = (ended("newer", T0), *table)
    assert seen(case, about, newer) == seen(case, about, table), (
        "what ended after the poll is not of this verdict"
    )


def test_without_a_table_the_sessions_that_the_poll_knows_tell():
    case = made(
        enabled(last=cut("s3", 0), before=(cut("s2", 2 * HOUR), cut("s1", 4 * HOUR)), before_known=True)
    )
    fields = written(case)
    assert (fields["class"], fields["codes"]) == ("session_time_limit", "SW0001")
    assert (fields["first seen"], fields["last seen"]) == (
        "2023-11-14T18:13:20Z or earlier", "2023-11-14T22:13:20Z",
    )  # fmt: skip


def test_what_the_activity_tab_blames_begins_with_its_row_or_with_the_failures_before_it():
    silent = made(enabled(error=True, last=None, **off(Why.AUTHORIZATION)))
    fields = written(silent)
    assert (fields["class"], fields["job"]) == ("oauth_token_expired", "none")
    assert fields["first seen"] == fields["last seen"] == "2023-11-14T22:08:20Z"
    fields = written(made(down(NOTHING, **off(Why.THROTTLING))))
    assert fields["first seen"] == "2023-11-14T22:03:20Z or earlier"
    assert fields["last seen"] == "2023-11-14T22:08:20Z"


def test_a_sync_that_stands_still_is_told_since_when_and_until_now():
    stuck = written(made(enabled(running=Running("r1", T0 - 2 * HOUR))))
    assert (stuck["job"], stuck["started"], stuck["ended"]) == ("r1", "2023-11-14T20:13:20Z", "not yet")
    assert (stuck["first seen"], stuck["last seen"]) == ("2023-11-14T21:13:20Z", "2023-11-14T22:13:20Z")
    assert written(made(enabled(last=None)))["job"] == "none"


def test_of_a_sync_that_runs_the_most_frequent_issue_is_told():
    update = (Direction.TO_MAILBOX, Operation.UPDATE)
    case = made(enabled(issues=(open_(GUARD), open_(RULE, 3, update))))
    others = (other("u2", error=False, last=ended(), issues=(open_(RULE),)), other("u3", "o2"))
    fields = written(case, *others, unread=frozenset({"u2"}))
    assert (fields["class"], fields["concerns"]) == ("salesforce_validation_rule", "items: 3")
    assert (fields["direction"], fields["operation"]) == ("to_mailbox", "update")
    assert (fields["first seen"], fields["last seen"]) == ("not visible", "2023-11-14T22:03:20Z")
    assert fields["others"] == "at least 1 of the organization, at least 1 of the tenant"
    fields = written(case, *others, unread=frozenset({"u3"}))
    assert fields["others"] == "1 of the organization, at least 1 of the tenant"
    unknown = made(enabled(issues=(open_(RULE, 1, (Direction.UNKNOWN, Operation.UNKNOWN)),)), access=None)
    assert {written(unknown)[name] for name in ("direction", "operation", "access type")} == {"not visible"}


def test_the_owner_is_the_verdicts_as_in_the_metrics_whomever_a_cause_above_names():
    case = made(down(replace(DENIED, owner=Owner.CLIENT_ADMIN)), causes=WIDE)
    assert written(case)["owner"] == "client_admin"
    said = "\n".join(explain(case))
    assert "  owner: mail_admin\n" in said, "the cause's"
    assert "\nowner:  client_admin\n" in said


def test_who_was_switched_off_for_an_authorization_error_has_a_ticket_be_it_called_paused():
    case = made(enabled(**PAUSED, **off(Why.AUTHORIZATION)), access=AccessType.M365_GRAPH_APP_ONLY)
    colleague = UserView(replace(case.facts, id="u2"), case.verdict, T0, None)
    by_a_person = made(enabled(id="u3", **PAUSED, **off(Why.PERSON))).user
    assert by_a_person is not None
    fields = written(case, colleague, by_a_person)
    leaf = walk(case).leaf
    assert (
        (fields["class"], fields["owner"])
        == (leaf.class_, leaf.owner)
        == ("oauth_token_expired", "mail_admin")
    )
    assert (fields["state"], fields["concerns"]) == ("paused", "the whole synchronization")
    assert (fields["first seen"], fields["last seen"]) == ("2023-11-14T22:08:20Z", "2023-11-14T22:13:20Z")
    assert fields["others"] == "1 of the organization, 1 of the tenant"


def test_where_the_tree_ends_at_a_class_there_is_a_ticket_about_it():
    for name, case in CASES.items():
        about = trouble(case) if case.user is not None else None
        leaf = walk(case).leaf
        told = (about.class_, about.owner) if about else None
        assert case.user is None or told == (
            (leaf.class_, leaf.owner or about.owner) if leaf.class_ else None
        ), name


def test_a_mailbox_that_was_never_set_up_has_a_ticket_too():
    case = made(enabled(mailbox=Mailbox.NOT_INITIALIZED, last=None), access=None)
    fields = written(case, *(UserView(replace(case.facts, id="u2"), case.verdict, T0, None),))
    assert (fields["class"], fields["first seen"]) == ("mailbox_not_initialized", "2023-10-15T22:13:20Z")
    assert fields["others"] == "1 of the organization, 1 of the tenant"


@pytest.mark.parametrize(
    "user",
    [
        enabled(),
        enabled(last=ended(finding=THROTTLED)),
        enabled(switch=Switch.DISABLED, last=ended(at=T0 - DAY)),
        enabled(effective=Switch.DISABLED),
        enabled(effective=Switch.UNKNOWN),
        enabled(last=None, created=T0 - MINUTE),
    ],
)
def test_where_monitoring_sees_nothing_wrong_there_is_no_ticket(user):
    case = made(user)
    assert case.verdict.state in {State.UP, State.PAUSED, State.ORGANIZATION_OFF, State.UNKNOWN}
    assert trouble(case) is None
