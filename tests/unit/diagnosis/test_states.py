"""States against the design page's own words: an oracle that shares nothing with it, over every combination."""

from itertools import product
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from syncwatch.diagnosis.states import Circumstances, diagnose, stall_limit
from syncwatch.model import (
    Condition,
    Context,
    Finding,
    Ground,
    Mailbox,
    Owner,
    Running,
    SessionFacts,
    State,
    Switch,
    SwitchedOff,
    UserFacts,
    Verdict,
    Why,
)
from syncwatch.rows import EVERYTHING, Sight
from unit.given import GUARD, HOUR, MINUTE, T0, THROTTLED, TOKEN, enabled, ended, owner_of

USUAL = Circumstances(interval=1800, max_session=HOUR, active_since=None, owner_of=owner_of)
LIMIT = 75 * MINUTE  # 2 plan intervals + 15 min

FAILED = ended(finding=TOKEN)
MUTE = ended(ok=False)
BLIP = ended(finding=THROTTLED)
OLD = ended(at=T0 - LIMIT)
SITUATIONS = {
    "completed": {"last": ended()},
    "failed": {"last": FAILED},
    "failed without a message": {"last": MUTE},
    "first transient failure": {"last": BLIP, "before": (ended("s0"),), "before_known": True},
    "second transient failure": {"last": BLIP, "before": (ended("s0", finding=TOKEN),), "before_known": True},
    "transient, the one before not known": {"last": BLIP},
    "none, and created just now": {"last": None, "created": T0 - MINUTE},
    "none, and created long ago": {"last": None, "created": T0 - LIMIT},
    "silent": {"last": OLD},
    "silent after a failure": {"last": replace(OLD, completed=False, finding=TOKEN)},
    "running after a failure": {"last": FAILED, "running": Running("r", T0 - MINUTE)},
    "running for too long": {"running": Running("r", T0 - HOUR)},
    "of an unknown status": {"odd_session": True},
}
SESSIONS = {
    "completed": (State.UP, None),
    "failed": (State.FAILING, "oauth_token_expired"),
    "failed without a message": (State.FAILING, "no_message"),
    "first transient failure": (State.UP, None),
    "second transient failure": (State.FAILING, "exchange_throttled"),
    "transient, the one before not known": (State.UP, None),
    "none, and created just now": (State.UP, None),
    "none, and created long ago": (State.STALLED, "no_recent_session"),
    "silent": (State.STALLED, "no_recent_session"),
    "silent after a failure": (State.STALLED, "no_recent_session"),
    "running after a failure": (State.FAILING, "oauth_token_expired"),
    "running for too long": (State.STALLED, "session_too_long"),
}


def by_the_page(user: UserFacts, situation: str) -> tuple[State, str | None]:
    """State and class, read off the design page's list: the first that fits."""
    by_error = (
        user.error or user.switch is Switch.DISABLED_BY_ERROR or user.effective is Switch.DISABLED_BY_ERROR
    )
    odd = "unknown" in (user.mailbox, user.switch, user.effective) or user.odd_session
    last = user.last
    speaks = last is not None and not last.completed and last.finding
    in_order = (
        (odd, State.UNKNOWN, None),
        (user.mailbox is Mailbox.NOT_INITIALIZED, State.NOT_INITIALIZED, None),
        (
            user.switch is Switch.ENABLED and user.effective is Switch.DISABLED and not by_error,
            State.ORGANIZATION_OFF,
            None,
        ),
        (by_error, State.DOWN, last.finding.class_ if speaks else "no_message"),
        (user.switch is Switch.DISABLED, State.PAUSED, None),
    )
    return next(((state, class_) for fits, state, class_ in in_order if fits), SESSIONS.get(situation))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_combination_of_statuses_is_what_the_design_page_says(situation):
    for mailbox, switch, effective, error in product(Mailbox, Switch, Switch, (False, True)):
        user = enabled(
            mailbox=mailbox, switch=switch, effective=effective, error=error, **SITUATIONS[situation]
        )
        verdict = diagnose(user, USUAL, T0)
        expected = by_the_page(user, situation)
        assert (verdict.state, verdict.class_) == expected, (mailbox, switch, effective, error)
        assert (verdict.owner is None) == (verdict.class_ is None)
        assert (verdict.class_ is not None) == verdict.state.sync_is_down


def test_the_owner_is_the_findings_own_and_else_the_catalogues():
    assert diagnose(enabled(last=FAILED), USUAL, T0).owner is Owner.END_USER
    mine = replace(USUAL, owner_of=lambda class_, context: Owner.OPERATOR)
    assert diagnose(enabled(last=MUTE), mine, T0).owner is Owner.OPERATOR


def test_a_user_switched_off_by_an_error_is_down_for_what_the_last_failed_session_says():
    guarded = diagnose(enabled(error=True, last=ended(finding=GUARD)), USUAL, T0)
    assert (guarded.state, guarded.class_, guarded.finding) == (State.DOWN, "duplicate_events", GUARD)
    assert diagnose(enabled(error=True), USUAL, T0).class_ == "no_message"
    assert guarded.until == inf, "time alone never switches a user on"


def test_the_stall_limit_is_two_plan_intervals_and_fifteen_minutes():
    assert stall_limit(1800) == LIMIT
    user = enabled(last=ended(at=T0))
    assert diagnose(user, USUAL, T0 + LIMIT - 0.001).state is State.UP
    assert diagnose(user, USUAL, T0 + LIMIT).state is State.STALLED
    slow = replace(USUAL, interval=4 * HOUR)
    assert diagnose(user, slow, T0 + LIMIT).state is State.UP


def test_becoming_active_gives_one_stall_limit_of_grace():
    user = enabled(last=ended(at=T0 - 90 * HOUR))
    graced = replace(USUAL, active_since=T0)
    assert diagnose(user, graced, T0).state is State.UP
    assert diagnose(user, graced, T0).until == T0 + LIMIT
    assert diagnose(user, graced, T0 + LIMIT).class_ == "no_recent_session"


def test_within_the_grace_a_session_that_hangs_since_before_is_no_stall():
    user = enabled(last=ended(at=T0 - 90 * HOUR), running=Running("r", T0 - 2 * HOUR))
    assert diagnose(user, replace(USUAL, active_since=T0), T0).state is State.UP


def test_a_session_that_starts_after_a_failure_changes_nothing():
    before = diagnose(enabled(last=FAILED), USUAL, T0)
    running = diagnose(enabled(last=FAILED, running=Running("r", T0)), USUAL, T0)
    assert (running.state, running.class_, running.since) == (before.state, before.class_, before.since)


def test_a_session_may_run_for_max_session_and_no_longer():
    user = enabled(running=Running("r", T0), last=ended(at=T0))
    at_the_limit = T0 + HOUR
    assert diagnose(user, USUAL, at_the_limit - 0.001).state is State.UP
    assert diagnose(user, USUAL, at_the_limit).class_ == "session_too_long"
    assert diagnose(user, replace(USUAL, max_session=2 * HOUR), at_the_limit).state is State.UP


def test_a_stall_began_when_the_first_of_its_reasons_did():
    user = enabled(last=ended(at=T0 - 9 * HOUR), running=Running("r", T0 - 2 * HOUR))
    assert diagnose(user, USUAL, T0).since == T0 - 9 * HOUR + LIMIT


def test_evidence_says_since_when():
    assert diagnose(enabled(last=FAILED), USUAL, T0).since == FAILED.ended
    assert diagnose(enabled(last=OLD), USUAL, T0 + 5).since == OLD.ended + LIMIT
    assert diagnose(enabled(mailbox=Mailbox.NOT_INITIALIZED, created=7.0), USUAL, T0).since == 7.0


CUT = Finding("sync_interrupted", Owner.CLIENT_ADMIN, transient=True)


def ran(minutes: float, finding: Finding | None = CUT, ago: float = 0) -> SessionFacts:
    """A session that took so long."""
    end = T0 - ago * HOUR
    return SessionFacts(f"s{ago}", end - minutes * MINUTE, end, finding is None, finding)


@pytest.mark.parametrize(
    ("minutes", "class_"),
    [
        ((60, 60, 60), "session_time_limit"),
        ((54, 61, 75), "session_time_limit"),
        ((53, 60, 60), "sync_interrupted"),
        ((60, 60, 10), "sync_interrupted"),
        ((60, 60), "sync_interrupted"),
    ],
)
def test_three_sessions_interrupted_at_their_longest_are_the_time_limit(minutes, class_):
    last, *before = (ran(each, ago=2 * n) for n, each in enumerate(minutes))
    user = enabled(last=last, before=tuple(before), before_known=True)
    verdict = diagnose(user, USUAL, T0)
    owner = Owner.VENDOR_SUPPORT if class_ == "session_time_limit" else Owner.CLIENT_ADMIN
    assert (verdict.state, verdict.class_, verdict.owner) == (State.FAILING, class_, owner)
    assert diagnose(replace(user, error=True), USUAL, T0).class_ == class_
    assert diagnose(user, replace(USUAL, max_session=3 * HOUR), T0).class_ == class_, (
        "ours, and not the engine's"
    )
    longer = diagnose(user, replace(USUAL, session_time_limit=3 * HOUR), T0)
    assert longer.class_ == "sync_interrupted", "far from a limit that was raised"


def test_a_session_in_between_that_failed_for_something_else_is_no_time_limit():
    before = (ran(60, TOKEN, ago=2), ran(60, ago=4))
    assert diagnose(enabled(last=ran(60), before=before), USUAL, T0).class_ == "sync_interrupted"


NOTHING_SAID = [ended(ok=False), ended(finding=Finding("unclassified", Owner.VENDOR_SUPPORT)), None, ended()]


@pytest.mark.parametrize("last", NOTHING_SAID)
@pytest.mark.parametrize(
    ("why", "access", "class_", "owner"),
    [
        (Why.AUTHORIZATION, "m365_graph_user", "oauth_token_expired", Owner.END_USER),
        (Why.AUTHORIZATION, "google_service_account", "oauth_token_expired", Owner.CLIENT_ADMIN),
        (Why.THROTTLING, "m365_graph_user", "exchange_throttled", Owner.NOBODY),
    ],
)
def test_where_no_text_speaks_the_activity_tab_says_what_a_user_was_switched_off_for(
    last, why, access, class_, owner
):
    user = enabled(error=True, last=last, switched_off=SwitchedOff(T0, why))
    verdict = diagnose(user, replace(USUAL, context=Context(access)), T0)
    assert (verdict.state, verdict.class_, verdict.owner, verdict.since) == (State.DOWN, class_, owner, T0)
    assert verdict.finding is (last.finding if last else None), "what no rule knows stays so"


@pytest.mark.parametrize("why", [Why.PERSON, Why.OTHER])
def test_another_reason_on_the_activity_tab_names_no_class(why):
    user = enabled(error=True, last=MUTE, switched_off=SwitchedOff(T0, why))
    assert diagnose(user, USUAL, T0).class_ == "no_message"


def test_a_text_speaks_louder_than_the_activity_tab_and_an_old_row_of_it_says_nothing():
    off = SwitchedOff(T0, Why.AUTHORIZATION)
    told = enabled(error=True, last=ended(finding=GUARD), switched_off=off)
    assert diagnose(told, USUAL, T0).class_ == "duplicate_events"
    ran_since = enabled(error=True, last=ended("s2", T0 + HOUR, ok=False), switched_off=off)
    assert diagnose(ran_since, USUAL, T0 + HOUR).class_ == "no_message"
    assert diagnose(enabled(last=MUTE, switched_off=off), USUAL, T0).class_ == "no_message", "it is on again"


WORKED_OUT = [
    # own switch, error flag, organization's switch -> state
    (Switch.ENABLED, False, None, State.UP),
    (Switch.ENABLED, False, Switch.ENABLED, State.UP),
    (Switch.ENABLED, False, Switch.DISABLED, State.ORGANIZATION_OFF),
    (Switch.ENABLED, False, Switch.DISABLED_BY_ERROR, State.DOWN),
    (Switch.ENABLED, False, Switch.UNKNOWN, State.UNKNOWN),
    (Switch.ENABLED, True, Switch.DISABLED, State.DOWN),
    (Switch.ENABLED, True, Switch.UNKNOWN, State.DOWN),
    (Switch.DISABLED, False, Switch.UNKNOWN, State.PAUSED),
    (Switch.DISABLED, False, Switch.ENABLED, State.PAUSED),
    (Switch.DISABLED, True, None, State.DOWN),
    (Switch.DISABLED_BY_ERROR, False, Switch.ENABLED, State.DOWN),
    (Switch.UNKNOWN, False, Switch.ENABLED, State.UNKNOWN),
]


@pytest.mark.parametrize(("switch", "error", "organization", "state"), WORKED_OUT)
def test_a_missing_effective_status_follows_from_switch_error_and_organization(
    switch, error, organization, state
):
    user = enabled(switch=switch, error=error, effective=None)
    assert diagnose(user, replace(USUAL, organization=organization), T0).state is state
    said = replace(user, effective=Switch.ENABLED)
    alone = replace(USUAL, organization=None)
    assert diagnose(said, replace(USUAL, organization=Switch.DISABLED), T0) == diagnose(said, alone, T0)


HIDDEN = replace(USUAL, sight=Sight(sessions=False, messages=False))
PART = replace(USUAL, sight=Sight(silence=False))
SAID = {
    None: (State.UNKNOWN, None),
    Condition.UP: (State.UP, None),
    Condition.FAILING: (State.FAILING, "no_message"),
    Condition.UNKNOWN: (State.UNKNOWN, None),
}


@pytest.mark.parametrize("condition", SAID)
@pytest.mark.parametrize("active_since", [None, T0])
def test_where_sessions_are_not_visible_the_panels_own_word_counts_and_time_does_not(condition, active_since):
    user = enabled(condition=condition, last=None, effective=None)
    for later in (0, 90 * HOUR):
        verdict = diagnose(user, replace(HIDDEN, active_since=active_since), T0 + later)
        assert (verdict.state, verdict.class_) == SAID[condition]
        assert verdict.until == inf
    assert diagnose(replace(user, switch=Switch.DISABLED), HIDDEN, T0).state is (
        State.UNKNOWN if condition is Condition.UNKNOWN else State.PAUSED
    )


def test_a_user_of_whom_nothing_is_shown_is_unknown_for_another_reason_than_an_odd_status():
    assert diagnose(enabled(last=None), HIDDEN, T0).ground is Ground.HIDDEN
    assert diagnose(enabled(last=None), PART, T0).ground is Ground.LEFT_OUT
    assert diagnose(enabled(switch=Switch.UNKNOWN), USUAL, T0).ground is Ground.STATUSES


def test_failing_by_the_panels_own_word_has_the_class_of_a_text_that_is_known():
    verdict = diagnose(enabled(condition=Condition.FAILING, last=FAILED), HIDDEN, T0)
    assert (verdict.state, verdict.class_, verdict.owner) == (
        State.FAILING,
        "oauth_token_expired",
        Owner.END_USER,
    )


def test_a_panel_that_shows_all_sessions_is_not_overruled_by_its_own_word():
    assert diagnose(enabled(condition=Condition.FAILING), USUAL, T0).state is State.UP
    assert diagnose(enabled(condition=Condition.UP, last=OLD), USUAL, T0).state is State.STALLED


IN_PART = {  # where it differs from SESSIONS, without a word of the panel's
    "none, and created just now": (State.UNKNOWN, None),
    "none, and created long ago": (State.UNKNOWN, None),
    "silent": (State.UNKNOWN, None),
    "silent after a failure": (State.UNKNOWN, None),
    "of an unknown status": (State.UNKNOWN, None),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_in_an_export_that_may_leave_sessions_out_silence_is_never_a_stall(situation):
    user = enabled(**SITUATIONS[situation])
    verdict = diagnose(user, PART, T0)
    assert (verdict.state, verdict.class_) == {**SESSIONS, **IN_PART}[situation]
    assert diagnose(user, replace(PART, active_since=T0), T0).class_ != "no_recent_session"
    if IN_PART.get(situation) and not user.odd_session:
        assert diagnose(replace(user, condition=Condition.UP), PART, T0).state is State.UP
        assert diagnose(replace(user, condition=Condition.FAILING), PART, T0).state is State.FAILING


def test_a_failure_that_is_still_shown_counts_until_the_stall_limit_and_then_nothing_is_known():
    user = enabled(last=ended(at=T0, finding=TOKEN))
    verdict = diagnose(user, PART, T0)
    assert (verdict.state, verdict.until) == (State.FAILING, T0 + LIMIT)
    assert diagnose(user, PART, T0 + LIMIT).state is State.UNKNOWN


times = st.integers(-int(6 * HOUR), int(HOUR)).map(lambda offset: T0 + offset)
findings = st.sampled_from([None, TOKEN, THROTTLED, Finding("unclassified", Owner.VENDOR_SUPPORT)])


@st.composite
def sessions(draw: st.DrawFn) -> SessionFacts:
    end, ok = draw(times), draw(st.booleans())
    return SessionFacts(draw(st.sampled_from("abc")), end - 30, end, ok, None if ok else draw(findings))


users = st.builds(
    UserFacts,
    id=st.just("u"),
    mailbox=st.sampled_from(Mailbox),
    switch=st.sampled_from(Switch),
    effective=st.none() | st.sampled_from(Switch),
    condition=st.none() | st.sampled_from(Condition),
    error=st.booleans(),
    created=st.none() | times,
    last=st.none() | sessions(),
    before=st.lists(sessions(), max_size=2).map(tuple),
    running=st.none() | st.builds(Running, st.just("r"), times),
    odd_session=st.booleans(),
)
enabled_users = st.builds(
    lambda user: replace(
        user,
        mailbox=Mailbox.INITIALIZED,
        switch=Switch.ENABLED,
        effective=Switch.ENABLED,
        error=False,
        condition=None if user.condition is Condition.UNKNOWN else user.condition,
        odd_session=False,
    ),
    users,
)
circumstances = st.builds(
    Circumstances,
    interval=st.sampled_from([60.0, 1800.0, 7200.0]),
    max_session=st.sampled_from([600.0, HOUR]),
    active_since=st.none() | times,
    owner_of=st.just(owner_of),
    organization=st.none() | st.sampled_from(Switch),
    sight=st.just(EVERYTHING) | st.builds(Sight, sessions=st.booleans(), silence=st.booleans()),
)


def says(verdict: Verdict) -> tuple[object, ...]:
    return verdict.state, verdict.class_, verdict.owner, verdict.ground, verdict.since, verdict.finding


@settings(max_examples=300, deadline=None)
@given(enabled_users | users, circumstances, st.floats(0, 1, exclude_max=True), st.floats(0, 1e9))
def test_a_verdict_holds_until_its_own_instant_and_changes_there(user, terms, share, later):
    verdict = diagnose(user, terms, T0)
    assert verdict == diagnose(user, terms, T0), "pure"
    assert verdict.until > T0
    if verdict.until == inf:
        assert says(diagnose(user, terms, T0 + later)) == says(verdict)
        return
    between = T0 + share * (verdict.until - T0)
    if between < verdict.until:
        assert says(diagnose(user, terms, between)) == says(verdict)
        assert diagnose(user, terms, between).until == verdict.until
    assert says(diagnose(user, terms, verdict.until)) != says(verdict)
