"""The tree against the design page's own words: an oracle that shares nothing with it, over every combination."""

from itertools import product
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from syncwatch.diagnosis.tree import Circumstances, diagnose, stall_limit
from syncwatch.model import Finding, Mailbox, Owner, Running, SessionFacts, State, Switch, UserFacts, Verdict
from unit.given import GUARD, HOUR, MINUTE, T0, THROTTLED, TOKEN, enabled, ended

OWNERS = {
    "no_recent_session": Owner.VENDOR_SUPPORT,
    "session_too_long": Owner.VENDOR_SUPPORT,
    "no_message": Owner.VENDOR_SUPPORT,
}
USUAL = Circumstances(interval=1800, max_session=HOUR, active_since=None, owners=OWNERS)
LIMIT = 75 * MINUTE  # 2 plan intervals + 15 min

FAILED = ended(finding=TOKEN)
MUTE = ended(ok=False)
BLIP = ended(finding=THROTTLED)
OLD = ended(at=T0 - LIMIT)
SITUATIONS = {
    "completed": {"last": ended()},
    "failed": {"last": FAILED},
    "failed without a message": {"last": MUTE},
    "first transient failure": {"last": BLIP, "before": ended("s0"), "before_known": True},
    "second transient failure": {"last": BLIP, "before": ended("s0", finding=TOKEN), "before_known": True},
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
        assert verdict.path


def test_the_owner_is_the_findings_own_and_else_the_catalogues():
    assert diagnose(enabled(last=FAILED), USUAL, T0).owner is Owner.END_USER
    mine = replace(USUAL, owners=OWNERS | {"no_message": Owner.OPERATOR})
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
    effective=st.sampled_from(Switch),
    error=st.booleans(),
    created=st.none() | times,
    last=st.none() | sessions(),
    before=st.none() | sessions(),
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
        odd_session=False,
    ),
    users,
)
circumstances = st.builds(
    Circumstances,
    interval=st.sampled_from([60.0, 1800.0, 7200.0]),
    max_session=st.sampled_from([600.0, HOUR]),
    active_since=st.none() | times,
    owners=st.just(OWNERS),
)


def says(verdict: Verdict) -> tuple[object, ...]:
    return verdict.state, verdict.class_, verdict.owner, verdict.path, verdict.since, verdict.finding


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
