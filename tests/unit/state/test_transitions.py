"""What one event is: each example is a sentence of the design page."""

from types import MappingProxyType

import pytest
from msgspec.structs import replace

from syncwatch.model import Cause, IssueFacts, Mailbox, Owner, State, UserFacts, Verdict
from syncwatch.rows import EVERYTHING
from syncwatch.state.memory import Mark, TenantMemory
from syncwatch.state.reading import Reading, UserReading
from syncwatch.state.roster import HELD, muster
from syncwatch.state.transitions import Events, transitions
from unit.given import (
    CRM_TOKEN,
    DAY,
    GUARD,
    HOUR,
    MINUTE,
    NOTHING,
    REQUIRED,
    T0,
    TOKEN,
    enabled,
    ended,
)


def reading(*users: UserReading, time: float = T0, **changes) -> Reading:
    usual = {
        "rules": "r1",
        "complete": True,
        "whole_list": True,
        "organization_pages": {},
        "user_pages": {},
        "organizations": {},
        "plans": {},
        "plans_read": None,
        "odd_plans": frozenset(),
        "sight": EVERYTHING,
    }
    return Reading(time=time, users={user.facts.id: user for user in users}, **{**usual, **changes})


def verdict_of(facts: UserFacts) -> Verdict:
    """Not the tree: just enough for a state."""
    if facts.mailbox is Mailbox.NOT_INITIALIZED:
        return Verdict(State.NOT_INITIALIZED, since=facts.created)
    if facts.last and not facts.last.completed:
        finding = facts.last.finding or NOTHING
        return Verdict(State.FAILING, finding.class_, finding.owner, since=facts.last.ended, finding=finding)
    return Verdict(State.UP)


def went(memory: TenantMemory, found: Reading, *more) -> tuple[TenantMemory, Events]:
    return transitions(memory, found, muster(memory, found), *more)


def step(memory: TenantMemory, *users: UserReading, **changes) -> tuple[TenantMemory, Events]:
    verdicts = {user.facts.id: verdict_of(user.facts) for user in users}
    if changes.get("whole_list") is False:
        verdicts = {i: verdict_of(user.facts) for i, user in memory.users.items()} | verdicts
    return went(memory, reading(*users, **changes), verdicts)


def quiet(**facts) -> UserReading:
    return UserReading(enabled(**facts), fresh_issues=True)


def ran(*sessions, **facts) -> UserReading:
    return UserReading(enabled(last=sessions[-1], **facts), sessions=sessions, fresh_issues=True)


def with_tab(*issues: IssueFacts, **facts) -> UserReading:
    return quiet(issues=issues, **facts)


@pytest.fixture
def watched() -> TenantMemory:
    """A tenant after its baseline, with one user."""
    return step(TenantMemory(), ran(ended()))[0]


def print_(number: int, count: int = 1) -> IssueFacts:
    return IssueFacts(bytes([number]) * 12, REQUIRED, count)


def test_the_first_complete_poll_counts_nothing_and_remembers_everything():
    memory, events = step(
        TenantMemory(),
        UserReading(
            enabled(last=ended(finding=TOKEN), issues=(print_(1),)),
            sessions=(ended(finding=TOKEN),),
            fresh_issues=True,
        ),
    )
    assert events == Events()
    assert (memory.counters.sessions, memory.counters.issues, memory.baseline) == (0, 0, True)
    _, again = step(memory, with_tab(print_(1), last=ended(finding=TOKEN)))
    assert again == Events()


def test_an_incomplete_first_poll_is_no_baseline_yet():
    partly, events = step(
        TenantMemory(), ran(ended()), UserReading(enabled(id="u2"), pending=True), complete=False
    )
    assert (events, partly.baseline) == (Events(), False)
    whole, events = step(partly, ran(ended("s2", T0)), ran(ended("s9", T0), id="u2"))
    assert (events, whole.baseline, whole.counters.sessions) == (Events(), True, 0)


def test_each_session_counts_once_when_first_seen_ended(watched):
    after, events = step(watched, ran(ended("s2", T0, finding=TOKEN), ended("s3", T0 + 60)))
    assert (events.sessions, events.failures, events.durations) == (2, {"oauth_token_expired": 1}, {30: 2})
    assert (after.counters.sessions, after.counters.failures) == (2, 1)
    assert after.users["u1"].mark.job == "s3"
    _, events = step(after, quiet(last=ended("s3", T0 + 60)))
    assert events.sessions == 0


def test_a_failed_session_without_a_message_has_the_class_no_message(watched):
    _, events = step(watched, ran(ended("s2", ok=False)))
    assert events.failures == {"no_message": 1}


def test_the_mark_does_not_move_while_issues_are_pending(watched):
    after, events = step(watched, UserReading(enabled(last=ended("s2", T0)), pending=True), complete=False)
    assert (after.users["u1"].mark.job, after.users["u1"].pending, events.sessions) == ("s1", True, 0)
    final, events = step(after, ran(ended("s2", T0)))
    assert (final.users["u1"].mark.job, final.users["u1"].pending, events.sessions) == ("s2", False, 1)


def test_what_was_there_before_the_baseline_is_not_new_when_it_is_read_at_last():
    unread = UserReading(enabled(id="u2", last=None), pending=True, failed=True)
    memory, _ = step(TenantMemory(), ran(ended()), unread)
    assert (memory.baseline, memory.users["u2"].uncounted, memory.users["u2"].failed) == (True, True, True)
    memory, _ = step(memory, quiet(), unread)
    fails = ended("t1", finding=TOKEN)
    memory, events = step(memory, quiet(), ran(fails, id="u2", issues=(print_(1),)))
    assert [(change.user, change.verdict.state) for change in events.changes] == [("u2", State.FAILING)]
    assert (events, memory.users["u2"].uncounted) == (Events(changes=events.changes), False)
    memory, events = step(
        memory, quiet(), ran(ended("t2", T0, finding=TOKEN), id="u2", issues=(print_(1, 2),))
    )
    assert (events.sessions, events.issues.total(), events.tokens) == (1, 1, {})


def test_who_comes_after_the_baseline_and_cannot_be_read_at_once_is_counted_when_it_can(watched):
    memory, _ = step(watched, quiet(), UserReading(enabled(id="u2", last=None), pending=True, failed=True))
    _, events = step(memory, quiet(), ran(ended("t1"), id="u2", issues=(print_(1),)))
    assert (events.sessions, events.issues.total()) == (1, 1)


def test_equal_issues_form_a_multiset(watched):
    memory, events = step(watched, with_tab(print_(1, 2)))
    assert (events.issues, events.rules) == ({"salesforce_required_field": 2}, {"required": 2})
    memory, events = step(memory, with_tab(print_(1, 3), print_(2)))
    assert events.issues.total() == 2
    memory, events = step(memory, with_tab(print_(1, 1), print_(2)))
    assert events.issues.total() == 0
    memory, events = step(memory, with_tab(print_(1, 3), print_(2)), time=T0 + 60)
    assert events.issues.total() == 0
    assert memory.counters.issues == 4


@pytest.mark.parametrize(("away", "new"), [(DAY - 1, 0), (DAY, 1)])
def test_an_issue_back_within_a_day_is_not_new(watched, away, new):
    memory, _ = step(watched, with_tab(print_(1)))
    memory, _ = step(memory, with_tab(), time=T0)
    _, events = step(memory, with_tab(print_(1)), time=T0 + away)
    assert events.issues.total() == new


def test_the_day_of_a_fingerprint_begins_when_its_last_row_goes(watched):
    memory, _ = step(watched, with_tab(print_(1, 2)))
    memory, _ = step(memory, with_tab(print_(1, 1)), time=T0)
    memory, _ = step(memory, with_tab(), time=T0 + 23 * HOUR)
    _, events = step(memory, with_tab(print_(1, 1)), time=T0 + 25 * HOUR)
    assert events.issues.total() == 0, "it was gone for two hours"


def test_issues_that_were_only_carried_over_resolve_nothing(watched):
    memory, _ = step(watched, with_tab(print_(1)))
    carried, _ = step(memory, UserReading(enabled(issues=(print_(1),))), time=T0 + 60)
    assert carried.users["u1"].known == memory.users["u1"].known


def test_a_token_expiry_counts_again_only_after_a_completed_session(watched):
    memory = watched
    for number, (finding, expected) in enumerate(
        [(TOKEN, 1), (TOKEN, 1), (REQUIRED, 1), (TOKEN, 1), (None, 1), (TOKEN, 2)], 2
    ):
        memory, _ = step(memory, ran(ended(f"s{number}", T0 + 60 * number, finding=finding)))
        assert memory.counters.tokens.get("mailbox", 0) == expected, number
    memory, _ = step(memory, ran(ended("s9", T0 + 999, finding=CRM_TOKEN)))
    assert memory.counters.tokens == {"mailbox": 2, "crm": 1}


def test_a_token_that_was_expired_at_the_baseline_is_not_new(watched):
    memory, _ = step(TenantMemory(), ran(ended(finding=TOKEN)))
    memory, events = step(memory, ran(ended("s2", T0, finding=TOKEN)))
    assert (events.tokens, events.sessions) == ({}, 1)


def test_a_stop_by_the_duplicate_guard_counts_once_until_a_session_completes(watched):
    memory = watched
    for number, (finding, expected) in enumerate([(GUARD, 1), (GUARD, 1), (None, 1), (GUARD, 2)], 2):
        memory, _ = step(memory, ran(ended(f"s{number}", T0 + 60 * number, finding=finding)))
        assert memory.counters.dedup.get("user", 0) == expected, number


def test_duplicate_items_count_as_items(watched):
    item = IssueFacts(b"d" * 12, GUARD, 2)
    memory, events = step(watched, with_tab(item))
    assert (events.dedup, memory.counters.dedup) == ({"item": 2}, {"item": 2})


def test_what_a_new_user_brings_is_new(watched):
    bringing = UserReading(
        enabled(id="u2", last=ended("t1", finding=TOKEN), issues=(print_(7),)),
        sessions=(ended("t1", finding=TOKEN),),
        fresh_issues=True,
    )
    memory, events = step(watched, quiet(), bringing)
    assert (events.sessions, events.issues.total(), events.tokens) == (1, 1, {"mailbox": 1})
    assert set(memory.users) == {"u1", "u2"}


def test_other_rules_move_no_counter(watched):
    memory, _ = step(watched, ran(ended("s2", T0, finding=TOKEN), issues=(print_(1),)))
    other = replace(REQUIRED, class_="validation_rule", rule="new")
    reread = UserReading(
        enabled(
            last=ended("s2", T0, finding=replace(TOKEN, class_="auth_policy_blocked")),
            issues=(IssueFacts(bytes([1]) * 12, other),),
        ),
        fresh_issues=True,
    )
    after, events = step(memory, reread, rules="r2")
    assert (after.rules, after.counters) == ("r2", memory.counters)
    assert (events.sessions, events.issues, events.failures, events.rules, events.tokens) == (
        0,
        {},
        {},
        {},
        {},
    )
    assert [change.verdict.class_ for change in events.changes] == ["auth_policy_blocked"]


def test_since_is_when_the_state_changed_and_down_since_outlives_the_kind_of_it(watched):
    fails = ended("s2", T0 + MINUTE, finding=TOKEN)
    memory, events = step(watched, ran(fails), time=T0 + 2 * MINUTE)
    assert (memory.users["u1"].since, memory.users["u1"].down_since) == (fails.ended, fails.ended)
    assert [(change.before, change.verdict.state) for change in events.changes] == [(State.UP, State.FAILING)]
    down = Verdict(State.DOWN, "oauth_token_expired", Owner.END_USER)
    memory, _ = went(memory, reading(quiet(last=fails), time=T0 + HOUR), {"u1": down})
    assert (memory.users["u1"].since, memory.users["u1"].down_since) == (T0 + HOUR, fails.ended)
    memory, events = step(memory, quiet(), time=T0 + 2 * HOUR)
    assert (memory.users["u1"].since, memory.users["u1"].down_since) == (T0 + 2 * HOUR, None)
    memory, events = step(memory, quiet(), time=T0 + 3 * HOUR)
    assert (memory.users["u1"].since, events.changes) == (T0 + 2 * HOUR, [])


def test_becoming_active_under_watch_is_remembered():
    memory, _ = step(TenantMemory(), quiet(mailbox=Mailbox.NOT_INITIALIZED))
    memory, _ = step(memory, quiet(), time=T0 + HOUR)
    assert memory.users["u1"].active_since == T0 + HOUR
    memory, _ = step(memory, quiet(), time=T0 + 2 * HOUR)
    assert memory.users["u1"].active_since == T0 + HOUR


def test_coming_back_from_down_is_becoming_active_too(watched):
    down = Verdict(State.DOWN, "oauth_token_expired", Owner.END_USER)
    memory, _ = went(watched, reading(quiet(), time=T0 + HOUR), {"u1": down})
    memory, _ = step(memory, quiet(), time=T0 + 2 * HOUR)
    assert memory.users["u1"].active_since == T0 + 2 * HOUR


def test_the_session_counted_last_is_remembered_while_an_export_leaves_it_out(watched):
    fails = ended("s2", T0, finding=TOKEN)
    memory, events = step(watched, ran(fails))
    assert events.sessions == 1
    memory, events = step(memory, quiet(last=None))
    counted = Mark("s2", fails.started)
    assert (memory.users["u1"].mark, events.sessions) == (counted, 0)
    memory, _ = step(memory, quiet(last=ended("s1")))
    assert memory.users["u1"].mark == counted, "nor does an older one take its place"


def test_the_memory_before_is_left_alone_and_the_journal_says_what_version_it_is(watched):
    before = watched.counters, watched.polls, dict(watched.users)
    after, _ = step(watched, ran(ended("s2", T0), issues=(print_(3),)))
    assert (after.version, after.polls) == (watched.version, watched.polls + 1)
    assert (watched.counters, watched.polls, dict(watched.users)) == before
    assert isinstance(watched.counters.dedup, MappingProxyType)


def test_a_user_of_whom_nothing_changed_is_the_same_object(watched):
    watched, _ = step(watched, with_tab(print_(1)))
    after, _ = step(watched, with_tab(print_(1)), time=T0 + HOUR)
    assert after.users["u1"] is watched.users["u1"]
    after, _ = step(after, with_tab(print_(1, 2)), time=T0 + HOUR)
    assert after.users["u1"] is not watched.users["u1"]
    assert after.users["u1"].known[bytes([1]) * 12].first_seen == T0


def test_when_not_one_user_is_known_any_more_the_ids_have_changed_and_nothing_is_new(watched):
    strangers = [
        ran(ended("s9", T0, finding=TOKEN), id=f"hash-{number}", issues=(print_(number),))
        for number in range(3)
    ]
    for _ in range(HELD):
        watched, events = step(watched, *strangers)
        assert (set(watched.users), events.strangers) == ({"u1"}, False), "nobody believes it yet"
    memory, events = step(watched, *strangers)
    assert (set(memory.users), events.strangers) == ({"u1", "hash-0", "hash-1", "hash-2"}, True)
    assert memory.counters == watched.counters
    memory, events = step(memory, quiet(id="hash-0"), ran(ended("s10", T0 + HOUR), id="hash-2"))
    assert not events.strangers
    assert memory.counters.sessions == watched.counters.sessions + 1


def test_a_new_user_beside_a_known_one_is_new(watched):
    memory, events = step(watched, ran(ended()), ran(ended("s9", T0, finding=TOKEN), id="u2"))
    assert not events.strangers
    assert memory.counters.sessions == watched.counters.sessions + 2


def test_a_list_that_is_empty_for_once_changes_no_ids(watched):
    _, events = step(watched)
    assert not events.strangers


def test_what_takes_a_whole_organization_down_begins_once_and_is_over_once():
    cause = Cause("o1", "impersonation_denied", Owner.MAIL_ADMIN, 80, 80)
    fewer, other = replace(cause, down=30), replace(cause, organization="o2")
    memory, said = TenantMemory(), []
    for causes in ((), (cause,), (fewer,), (fewer, other), (other,), ()):
        memory, events = went(memory, reading(), {}, causes)
        assert memory.causes == causes
        said.append((events.began, events.over))
    assert said == [([], []), ([cause], []), ([], []), ([other], []), ([], [fewer]), ([], [other])]
