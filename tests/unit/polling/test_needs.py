"""What is read of a user: the sentences of the design page, one by one."""

from msgspec.structs import replace

from syncwatch.model import IssueFacts, Running, State, UserFacts
from syncwatch.polling import needs
from syncwatch.polling.needs import settle, with_issues
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.memory import UserMemory
from syncwatch.state.reading import UserReading
from unit.given import MINUTE, NOTHING, REQUIRED, T0, THROTTLED, TOKEN, enabled, ended

PLAN = 1800.0
ISSUE = IssueFacts(b"1" * 12, REQUIRED)
RUNS = Running("r", T0 - MINUTE)


def remembered(facts: UserFacts, **changes) -> UserMemory:
    return UserMemory(facts, State.UP, T0, **{"mark": facts.last, **changes})


def carry(
    listed: UserFacts, old: UserMemory | None, sight: Sight = EVERYTHING, *, reread: bool = False
) -> UserFacts:
    return needs.carry(listed, old, sight, reread=reread)


def needs_sessions(
    facts: UserFacts, old: UserMemory | None, sight: Sight = EVERYTHING, *, reread: bool = False
) -> bool:
    return needs.needs_sessions(facts, old, PLAN, sight, reread=reread)


def needs_issues(
    user: UserReading, old: UserMemory | None, sight: Sight = EVERYTHING, *, reread: bool = False
) -> bool:
    return needs.needs_issues(user, old, sight, reread=reread)


def asks(
    listed: UserFacts, old: UserMemory | None, sight: Sight = EVERYTHING, *, reread: bool = False
) -> bool:
    return needs_sessions(carry(listed, old, sight, reread=reread), old, sight, reread=reread)


def test_a_session_that_runs_lets_the_ended_one_before_it_count():
    before = ended("s1", finding=TOKEN)
    old = remembered(enabled(last=before, issues=(ISSUE,)))
    facts = carry(enabled(last=None, running=RUNS), old)
    assert (facts.last, facts.running, facts.issues) == (before, RUNS, (ISSUE,))


def test_the_session_in_memory_becomes_the_one_before():
    old = remembered(enabled(last=ended("s1", finding=THROTTLED)))
    facts = carry(enabled(last=ended("s2", T0, finding=THROTTLED)), old)
    assert (facts.before, facts.before_known) == ((old.facts.last,), True)


def test_the_table_is_asked_when_the_last_session_runs_and_then_not_again_for_it():
    assert asks(enabled(last=None, running=RUNS), None)
    old = remembered(enabled(running=RUNS))
    assert not asks(enabled(last=None, running=RUNS), old)
    assert asks(enabled(last=None, running=Running("r2", T0)), old)


def test_the_table_is_asked_when_the_list_has_no_message_and_only_once_a_session():
    silent = enabled(last=ended("s2", T0, ok=False))
    assert asks(silent, remembered(enabled()))
    assert not asks(silent, remembered(silent))


def test_the_table_is_asked_when_sessions_were_missed():
    old = remembered(enabled(last=ended("s1", T0 - 2 * PLAN)))
    assert asks(enabled(last=ended("s9", T0)), old)
    assert not asks(enabled(last=ended("s2", T0 - PLAN)), old)


def test_the_table_is_asked_when_a_transient_failure_has_no_known_session_before_it():
    blip = enabled(last=ended("s2", T0, finding=THROTTLED))
    assert asks(blip, None)
    assert not asks(blip, remembered(enabled(last=ended("s1", T0 - PLAN))))


def test_nothing_is_asked_for_a_user_who_did_not_change():
    old = remembered(enabled())
    assert not asks(old.facts, old)
    assert not asks(enabled(), old)
    assert not needs_issues(settle(enabled(), None, old), old)


def test_all_ended_sessions_since_the_mark_are_seen_oldest_first():
    s1, s2, s3 = (ended(f"s{n}", T0 + n * PLAN) for n in (1, 2, 3))
    old = remembered(enabled(last=s1))
    user = settle(carry(enabled(last=s3), old), (s3, s2, s1), old)
    assert user.sessions == (s2, s3)
    assert (user.facts.last, user.facts.before, user.facts.before_known) == (s3, (s2,), True)


def test_a_session_that_ended_after_the_list_belongs_to_the_next_poll():
    s1, running = ended("s1"), Running("s2", T0 - 40)
    late = replace(ended("s2", T0 - 10), started=T0 - 40)
    old = remembered(enabled(last=s1))
    user = settle(carry(enabled(last=None, running=running), old), (late, s1), old)
    assert (user.facts.last, user.sessions) == (s1, ())


def test_a_table_that_does_not_have_the_listed_session_yet_does_not_take_it_back():
    s1, s2 = ended("s1", T0 - PLAN), ended("s2", T0, ok=False)
    old = remembered(enabled(last=s1))
    user = settle(carry(enabled(last=s2), old), (s1,), old)
    assert user.facts.last.job == "s2"


def test_every_session_of_the_table_is_new_to_a_user_who_had_none():
    s1, s2 = ended("s1", T0 - PLAN), ended("s2", T0, ok=False)
    old = remembered(enabled(last=None))
    assert settle(carry(enabled(last=s2), old), (s2, s1), old).sessions == (s1, s2)


def test_an_empty_table_is_an_answer_too():
    blip = enabled(last=ended("s1", finding=THROTTLED))
    facts = settle(blip, (), None).facts
    old = remembered(facts)
    assert not needs_sessions(carry(facts, old), old)


def test_issues_are_read_after_a_new_ended_session_if_there_are_or_were_any():
    old = remembered(enabled(issues=(ISSUE,), issue_rows=1))
    new = settle(carry(enabled(last=ended("s2", T0)), old), None, old)
    assert needs_issues(new, old), "there were"
    none = remembered(enabled())
    assert not needs_issues(settle(enabled(last=ended("s2", T0)), None, none), none)
    rows = enabled(last=ended("s2", T0), issue_rows=2)
    assert needs_issues(settle(rows, None, none), none), "there are"
    assert needs_issues(settle(enabled(issue_rows=1), None, None), None), "never seen"


def test_what_is_pending_is_asked_for_again():
    old = remembered(enabled(last=ended("s2", T0), issue_rows=1), mark=ended("s1"), pending=True)
    assert needs_issues(settle(old.facts, None, old), old)
    running = enabled(last=None, running=RUNS)
    assert asks(running, remembered(enabled(running=RUNS), pending=True))


def test_only_a_completed_session_resolves_issues():
    failed = UserReading(enabled(last=ended("s2", finding=TOKEN), issues=(ISSUE,)))
    assert with_issues(failed, ()).facts.issues == (ISSUE,)
    assert with_issues(replace(failed, facts=enabled(issues=(ISSUE,))), ()).facts.issues == ()
    more = IssueFacts(ISSUE.fingerprint, NOTHING, 3)
    assert with_issues(failed, (more,)).facts.issues == (more,)
    fewer = replace(failed, facts=replace(failed.facts, issues=(more,)))
    assert with_issues(fewer, (ISSUE,)).facts.issues[0].count == 3


def test_a_tab_that_is_not_whole_resolves_no_issue():
    other = IssueFacts(b"2" * 12, REQUIRED)
    user = UserReading(enabled(issues=(replace(ISSUE, count=3),)))
    part = with_issues(user, (ISSUE, other), whole=False)
    assert {issue.fingerprint: issue.count for issue in part.facts.issues} == {
        ISSUE.fingerprint: 3, other.fingerprint: 1,
    }  # fmt: skip
    assert with_issues(user, (other,)).facts.issues == (other,)


def test_other_rules_read_every_open_text_again():
    old = remembered(enabled(issues=(ISSUE,), issue_rows=1))
    assert needs_issues(settle(enabled(issues=(ISSUE,), issue_rows=1), None, old), old, reread=True)
    assert asks(
        enabled(last=ended("s1", ok=False)), remembered(enabled(last=ended("s1", ok=False))), reread=True
    )


def test_other_rules_read_a_message_again_that_only_the_table_has():
    old = remembered(enabled(last=ended("s1", finding=TOKEN)))
    assert asks(enabled(last=ended("s1", ok=False)), old, reread=True)


WELL_AGAIN = enabled(last=None)  # what an export that leaves out what went well says of a user
PART = Sight(silence=False)


def test_a_session_that_a_filtered_export_drops_is_not_kept_from_memory():
    old = remembered(enabled(last=ended("s1", finding=TOKEN), issues=(ISSUE,)))
    facts = carry(WELL_AGAIN, old, PART)
    assert (facts.last, facts.before, facts.issues) == (None, (), (ISSUE,))
    assert carry(WELL_AGAIN, old).last == old.facts.last, "a panel that shows all is only slow to say it"
    assert carry(enabled(last=None, running=RUNS), old, PART).last == old.facts.last


def test_a_session_that_comes_back_is_not_new_and_its_message_is_asked_for_again():
    silent = ended("s1", ok=False)
    old = remembered(WELL_AGAIN, mark=ended("s1", finding=TOKEN))
    assert settle(carry(enabled(last=silent), old, PART), (silent,), old).sessions == ()
    assert asks(enabled(last=silent), old, PART)


def test_a_list_that_goes_back_in_time_takes_nothing_back_and_counts_nothing_again():
    s1, s2 = ended("s1", T0 - PLAN, finding=TOKEN), ended("s2", T0)
    old = remembered(enabled(last=s2))
    user = settle(carry(enabled(last=s1), old, PART), None, old)
    assert (user.facts.last, user.sessions) == (s2, ())
    forgotten = remembered(WELL_AGAIN, mark=s2)
    assert settle(carry(enabled(last=s1), forgotten, PART), None, forgotten).sessions == ()


def test_what_a_panel_does_not_show_is_not_asked_for():
    old = remembered(enabled())
    silent = enabled(last=ended("s2", T0, ok=False))
    assert not asks(silent, old, Sight(messages=False))
    assert asks(enabled(last=None, running=RUNS), old)
    assert not asks(enabled(last=None, running=RUNS), old, Sight(sessions=False))
    new = settle(enabled(last=ended("s2", T0), issue_rows=2, issues=(ISSUE,)), None, old)
    assert needs_issues(new, old)
    assert not needs_issues(new, old, Sight(issues=False))


def test_where_the_list_does_not_count_issues_the_tab_is_asked_for_after_each_session():
    old = remembered(enabled(issue_rows=None))
    assert needs_issues(settle(enabled(last=ended("s2", T0), issue_rows=None), None, old), old)
    assert not needs_issues(settle(enabled(issue_rows=None), None, old), old)
    assert needs_issues(settle(enabled(issue_rows=None), None, None), None), "never seen"
