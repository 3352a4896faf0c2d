"""The figures of one tenant, each against a small fleet of users."""

import pytest
from msgspec.structs import replace

from syncwatch.model import (
    Cause,
    IssueFacts,
    Mailbox,
    OrganizationFacts,
    Owner,
    Side,
    State,
    UserFacts,
    Verdict,
)
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.memory import TenantMemory, UserMemory
from syncwatch.state.snapshot import Snapshot
from unit.given import DAY, GUARD, HOUR, NOTHING, REQUIRED, T0, TOKEN, enabled, ended


def snapshot(
    *users: tuple[UserFacts, Verdict], baseline=True, organizations=None, sight=EVERYTHING, **since
) -> Snapshot:
    memory = TenantMemory(
        baseline=baseline,
        organizations=organizations or {},
        users={
            facts.id: UserMemory(
                facts, verdict.state, since.get(facts.id, T0), down_since=since.get(facts.id)
            )
            for facts, verdict in users
        },
    )
    verdicts = {facts.id: verdict for facts, verdict in users}
    return Snapshot("firm-1", T0, memory, verdicts, Owner.VENDOR_SUPPORT, sight=sight)


def blamed(state, finding, **rest):
    return Verdict(state, finding.class_, finding.owner, finding=finding, **rest)


UP = Verdict(State.UP)


def test_all_eight_states_are_there_and_sum_to_the_users():
    counts = snapshot((enabled(), UP), (enabled(id="u2"), blamed(State.DOWN, TOKEN))).counts()
    assert set(counts.users) == set(State)
    assert (counts.users[State.UP], counts.users[State.DOWN], sum(counts.users.values())) == (1, 1, 2)


def test_syncs_down_sum_to_failing_down_and_stalled():
    silent = Verdict(State.STALLED, "no_recent_session", TOKEN.owner)
    counts = snapshot(
        (enabled(), UP),
        (enabled(id="u2"), blamed(State.DOWN, TOKEN)),
        (enabled(id="u3"), blamed(State.FAILING, TOKEN)),
        (enabled(id="u4"), silent),
        (enabled(id="u5"), Verdict(State.PAUSED)),
    ).counts()
    assert counts.down == {("oauth_token_expired", "end_user"): 2, ("no_recent_session", "end_user"): 1}
    assert sum(counts.down.values()) == sum(n for state, n in counts.users.items() if state.sync_is_down)


def test_issues_are_absent_until_every_tab_was_read_once():
    tab = (IssueFacts(b"1" * 12, REQUIRED, 2), IssueFacts(b"2" * 12, GUARD))
    shown = snapshot((enabled(issues=tab), UP)).counts()
    assert shown.issues == {
        ("salesforce_required_field", "salesforce_admin"): 2,
        ("duplicate_events", "end_user"): 1,
        ("unclassified", "vendor_support"): 0,
    }
    assert shown.dedup == {"user": 0, "item": 1}
    partly = snapshot((enabled(issues=tab), UP), baseline=False).counts()
    assert partly.issues is None
    assert "item" not in partly.dedup


def test_tokens_and_the_guard_are_users_who_are_down():
    counts = snapshot(
        (enabled(), blamed(State.DOWN, TOKEN)), (enabled(id="u2"), blamed(State.DOWN, GUARD))
    ).counts()
    assert counts.tokens == {Side.MAILBOX: 1, Side.CRM: 0}
    assert counts.dedup["user"] == 1


def test_a_users_mailbox_is_his_own_or_the_organizations_or_unknown():
    counts = snapshot(
        (enabled(access_type="google_direct"), UP),
        (enabled(id="u2"), UP),
        (enabled(id="u3", organization="o2"), UP),
        organizations={"o1": OrganizationFacts("o1", access_type="m365_graph_user", crm_connected=False)},
    ).counts()
    assert counts.mailboxes == {"google_direct": 1, "m365_graph_user": 1, "unknown": 1}
    assert counts.crm_disconnected == 1


def test_the_newest_session_is_anybodys_and_the_oldest_that_of_who_should_have_one():
    counts = snapshot(
        (enabled(last=ended(at=T0 - 5)), Verdict(State.PAUSED)),
        (enabled(id="u2", last=ended(at=T0 - HOUR)), UP),
        (enabled(id="u3", last=ended(at=T0 - DAY)), blamed(State.DOWN, TOKEN)),
        (enabled(id="u4", last=None), UP),
    ).counts()
    assert (counts.newest_session, counts.oldest_session) == (T0 - 5, T0 - HOUR)
    nobody = snapshot((enabled(last=None), UP)).counts()
    assert (nobody.newest_session, nobody.oldest_session, nobody.oldest_down) == (None, None, None)


def test_the_longest_down_user_and_the_never_initialized_ones():
    waiting = Verdict(State.NOT_INITIALIZED)
    counts = snapshot(
        (enabled(), blamed(State.DOWN, TOKEN)),
        (enabled(id="u2"), blamed(State.FAILING, TOKEN)),
        (enabled(id="u3", mailbox=Mailbox.NOT_INITIALIZED), waiting),
        (enabled(id="u4", mailbox=Mailbox.NOT_INITIALIZED), waiting),
        u1=T0 - 9, u2=T0 - 99, u3=T0 - 7 * DAY, u4=T0 - 7 * DAY - 1,
    ).counts()  # fmt: skip
    assert (counts.oldest_down, counts.overdue) == (T0 - 99, 1)


def test_causes_are_counted_by_class_and_owner_and_told_of_one_organization():
    denied = Cause("o1", "impersonation_denied", Owner.MAIL_ADMIN, 80, 80)
    causes = (denied, replace(denied, organization="o2"), replace(denied, class_="salesforce_limit"))
    shown = Snapshot("firm-1", T0, TenantMemory(causes=causes), {}, Owner.VENDOR_SUPPORT)
    assert shown.counts().causes == {
        ("impersonation_denied", "mail_admin"): 2,
        ("salesforce_limit", "mail_admin"): 1,
    }
    assert shown.causes() == causes
    assert shown.causes("o2") == (causes[1],)
    assert snapshot((enabled(), UP)).counts().causes == {}


def test_it_holds_until_the_first_user_changes_by_time_alone():
    soon = Verdict(State.UP, until=T0 + 60)
    assert snapshot((enabled(), soon), (enabled(id="u2"), UP)).until == T0 + 60
    assert snapshot().until == float("inf")


def test_old_data_is_not_looked_at_again_before_there_is_newer():
    soon = Verdict(State.UP, until=T0 + 60)
    assert snapshot((enabled(), soon), sight=Sight(live=False)).until == float("inf")


TAB = (IssueFacts(b"1" * 12, GUARD, 2),)


def hidden(**sight):
    users = (
        (enabled(issues=TAB), UP),
        (enabled(id="u2"), blamed(State.DOWN, TOKEN)),
        (enabled(id="u3"), blamed(State.DOWN, GUARD)),
    )
    return snapshot(*users, sight=Sight(**sight)).counts()


def test_what_needs_issues_is_absent_where_none_are_shown():
    counts = hidden(issues=False)
    assert (counts.issues, counts.dedup) == (None, {"user": 1})


def test_what_needs_messages_is_absent_where_none_are_shown():
    counts = hidden(messages=False)
    assert (counts.tokens, counts.dedup) == ({}, {"item": 2})


@pytest.mark.parametrize("sight", [{"sessions": False}, {"silence": False}])
def test_session_times_are_absent_where_sessions_are_not_shown_or_some_are_left_out(sight):
    counts = hidden(**sight)
    assert (counts.newest_session, counts.oldest_session) == (None, None)
    whole = hidden()
    assert None not in (whole.newest_session, whole.oldest_session)


def test_a_connection_or_a_mailbox_that_nobody_tells_of_is_absent():
    nothing = OrganizationFacts("o1")
    counts = snapshot((enabled(), UP), organizations={"o1": nothing}).counts()
    assert (counts.crm_disconnected, counts.mailboxes) == (None, {})
    told = {"o1": nothing, "o2": OrganizationFacts("o2", crm_connected=True)}
    assert snapshot((enabled(), UP), organizations=told).counts().crm_disconnected == 0
    some = snapshot((enabled(), UP), (enabled(id="u2", access_type="google_direct"), UP)).counts()
    assert some.mailboxes == {"google_direct": 1, "unknown": 1}


def test_it_is_read_through_its_three_calls():
    shown = snapshot((enabled(), UP), (enabled(id="u2"), blamed(State.DOWN, TOKEN)), u2=T0 - 9)
    assert shown.user("nobody") is None
    assert (shown.user("u2").since, shown.user("u2").down_since) == (T0 - 9, T0 - 9)
    assert [view.facts.id for view in shown.users()] == ["u1", "u2"]
    assert [view.facts.id for view in shown.users(lambda view: view.verdict.state is State.DOWN)] == ["u2"]
    with pytest.raises(AttributeError, match="immutable"):
        shown.counts().users = {}  # type: ignore[misc]


def test_templates_are_of_those_who_are_down_and_of_open_issues():
    odd = replace(NOTHING, template="<*> is odd")
    tab = (IssueFacts(b"1" * 12, odd, 2), IssueFacts(b"2" * 12, REQUIRED))
    counts = snapshot(
        (enabled(issues=tab), UP),
        (enabled(id="u2"), blamed(State.DOWN, odd)),
        (enabled(id="u3"), blamed(State.UP, replace(odd, template="passed"))),
        (enabled(id="u4"), blamed(State.FAILING, TOKEN)),
    ).counts()
    assert counts.templates == {"<*> is odd": 3}
