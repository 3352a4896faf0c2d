"""A user's state, why, and who must act: the one place that decides it.

`diagnose` is a pure function of facts and an instant, asked for every user in every poll. It never sees a text and
asks nobody; what it cannot know it does not guess: where a panel does not show sessions, or may leave some out, silence
is no stall. Because time alone turns a silent user `stalled` elsewhere, every verdict says until when it holds.
`tree` tells the same in the words of the vendor's troubleshooting article.
"""

from math import inf
from typing import NamedTuple

import msgspec

from syncwatch.model import (
    NO_CONTEXT,
    NO_MESSAGE,
    UNCLASSIFIED,
    Condition,
    Context,
    Finding,
    Ground,
    Mailbox,
    OwnerOf,
    SessionFacts,
    State,
    Switch,
    UserFacts,
    Verdict,
    Why,
)
from syncwatch.rows import EVERYTHING, Sight

STALL_MARGIN = 900.0  # seconds granted on top of two plan intervals before silence means something
NO_RECENT_SESSION = "no_recent_session"
SESSION_TOO_LONG = "session_too_long"
INTERRUPTED = "sync_interrupted"
TIME_LIMIT = "session_time_limit"
SESSION_TIME_LIMIT = 3600.0  # seconds, the engine's own default
CUT_IN_A_ROW = 3  # sessions interrupted at the engine's limit, before it is the limit and nobody's cancel
ALMOST = 0.9  # of the limit: the engine and the panel do not measure alike
BY_ACTIVITY = {Why.AUTHORIZATION: "oauth_token_expired", Why.THROTTLING: "exchange_throttled"}


class Circumstances(msgspec.Struct, frozen=True, gc=False):
    """What a verdict depends on beside the user's facts.

    Attributes:
        interval: seconds between two sessions by the user's plan.
        max_session: seconds after which a running session counts as stuck.
        active_since: since when the user is seen active, if it became so under watch.
        owner_of: who must act about a class of which no text speaks.
        context: what stands around the user, for `owner_of`.
        organization: the switch of the user's organization; None if none is named or the panel lists none.
        sight: what the panel shows.
        session_time_limit: seconds after which the engine itself cuts a session.
    """

    interval: float
    max_session: float
    active_since: float | None
    owner_of: OwnerOf
    context: Context = NO_CONTEXT
    organization: Switch | None = None
    sight: Sight = EVERYTHING
    session_time_limit: float = SESSION_TIME_LIMIT


class _Deadlines(NamedTuple):
    """The instants from which time alone makes a user stalled."""

    running: float  # the session that runs has run for too long
    silent: float  # no session ended for too long


def diagnose(user: UserFacts, circumstances: Circumstances, now: float) -> Verdict:
    """The verdict on one user at the instant `now`: the first state that fits."""
    verdict = _by_statuses(user, circumstances)
    if verdict is not None:
        return verdict
    if not circumstances.sight.sessions:
        return _by_condition(user, circumstances, Ground.HIDDEN)
    deadlines = _deadlines(user, circumstances)
    return _by_time(deadlines, circumstances, now) or _by_sessions(user, circumstances, deadlines, now)


def stall_limit(interval: float) -> float:
    """Seconds without an ended session after which a user with this plan interval is stalled."""
    return 2 * interval + STALL_MARGIN


def _by_statuses(user: UserFacts, circumstances: Circumstances) -> Verdict | None:
    """The verdict where the sync is not meant to run, or was switched off; None where it is enabled."""
    effective = _effective(user, circumstances.organization)
    statuses = (user.mailbox, user.switch, effective)
    odd = user.odd_session or user.condition is Condition.UNKNOWN
    if odd or Mailbox.UNKNOWN in statuses or Switch.UNKNOWN in statuses:
        return Verdict(State.UNKNOWN)
    if user.mailbox is Mailbox.NOT_INITIALIZED:
        return Verdict(State.NOT_INITIALIZED, since=user.created)
    if user.error or Switch.DISABLED_BY_ERROR in statuses:
        return _switched_off(user, circumstances)
    if user.switch is Switch.DISABLED:
        return Verdict(State.PAUSED)
    if effective is Switch.DISABLED:
        return Verdict(State.ORGANIZATION_OFF)
    return None


def _effective(user: UserFacts, organization: Switch | None) -> Switch:
    """The effective status: the panel's own, else what error and organization leave of the user's switch."""
    if user.effective is not None:
        return user.effective
    if user.error:
        return Switch.DISABLED_BY_ERROR
    if user.switch is not Switch.ENABLED:
        return user.switch
    return Switch.ENABLED if organization is None else organization


def _switched_off(user: UserFacts, circumstances: Circumstances) -> Verdict:
    """Down for what the last failed session says; where no text speaks, for what the Activity tab does."""
    finding = _finding(user)
    if finding is None or finding.class_ == UNCLASSIFIED:
        off = user.switched_off
        class_ = BY_ACTIVITY.get(off.why) if off else None
        lifted = off and user.last and user.last.started > off.at  # it ran again since
        if off is not None and class_ is not None and not lifted:
            owner = circumstances.owner_of(class_, circumstances.context)
            return Verdict(State.DOWN, class_, owner, Ground.ACTIVITY, off.at, finding=finding)
    return _blamed(State.DOWN, user, circumstances, Ground.FAILURE if _failed(user.last) else Ground.STATUSES)


def _by_time(deadlines: _Deadlines, circumstances: Circumstances, now: float) -> Verdict | None:
    """Stalled, if a deadline has passed; a session that runs for too long is the plainer reason."""
    if now < min(deadlines):
        return None
    if now >= deadlines.running:
        class_, ground, until = SESSION_TOO_LONG, Ground.ENDLESS, inf
    else:
        class_, ground, until = NO_RECENT_SESSION, Ground.SILENCE, deadlines.running
    owner = circumstances.owner_of(class_, circumstances.context)
    return Verdict(State.STALLED, class_, owner, ground, min(deadlines), until)


def _by_sessions(user: UserFacts, circumstances: Circumstances, deadlines: _Deadlines, now: float) -> Verdict:
    """By the sessions that are shown; one that is left out may have ended since the last of them."""
    if circumstances.sight.silence or user.running is not None:
        return _by_outcome(user, circumstances, until=min(deadlines))
    heard = user.last.ended + stall_limit(circumstances.interval) if user.last else -inf
    if now < heard:
        return _by_outcome(user, circumstances, until=heard)
    return _by_condition(user, circumstances, Ground.LEFT_OUT)


def _by_condition(user: UserFacts, circumstances: Circumstances, ground: Ground) -> Verdict:
    """By what the panel itself says of the sync, where its sessions do not; unknown if it says nothing."""
    if user.condition is Condition.UP:
        return Verdict(State.UP, ground=ground)
    if user.condition is Condition.FAILING:
        return _blamed(State.FAILING, user, circumstances, ground)
    return Verdict(State.UNKNOWN, ground=ground)


def _by_outcome(user: UserFacts, circumstances: Circumstances, *, until: float) -> Verdict:
    """Up or failing, by the last ended session."""
    if user.last is None:
        return Verdict(State.UP, ground=Ground.NOT_DUE, until=until)
    if user.last.completed:
        return Verdict(State.UP, ground=Ground.COMPLETION, until=until)
    if user.last.transient and not _failed(next(iter(user.before), None)):
        return Verdict(State.UP, ground=Ground.BLIP, until=until)
    return _blamed(State.FAILING, user, circumstances, Ground.FAILURE, until=until)


def _deadlines(user: UserFacts, circumstances: Circumstances) -> _Deadlines:
    """Both lie at least a stall limit after the user became active, where that was seen.

    Where silence says nothing, no instant makes it a stall.
    """
    limit = stall_limit(circumstances.interval)
    grace = -inf if circumstances.active_since is None else circumstances.active_since + limit
    running = user.running.started + circumstances.max_session if user.running else inf
    if not circumstances.sight.silence:
        return _Deadlines(max(running, grace), inf)
    evidence = user.last.ended if user.last else user.created
    silent = grace if evidence is None else evidence + limit
    return _Deadlines(max(running, grace), inf if silent == -inf else max(silent, grace))


def _failed(session: SessionFacts | None) -> bool:
    return session is not None and not session.completed


def _finding(user: UserFacts) -> Finding | None:
    return user.last.finding if user.last and not user.last.completed else None


def _blamed(
    state: State, user: UserFacts, circumstances: Circumstances, ground: Ground, *, until: float = inf
) -> Verdict:
    """A verdict with the class and owner that the failed session's message names."""
    since = user.last.ended if user.last and not user.last.completed else None
    finding = _finding(user)
    if finding is None:
        owner = circumstances.owner_of(NO_MESSAGE, circumstances.context)
        return Verdict(state, NO_MESSAGE, owner, ground, since, until)
    if _cut_in_a_row(user, circumstances.session_time_limit):
        owner = circumstances.owner_of(TIME_LIMIT, circumstances.context)
        return Verdict(state, TIME_LIMIT, owner, Ground.TIME_LIMIT, since, until, finding)
    return Verdict(state, finding.class_, finding.owner, ground, since, until, finding)


def _cut_in_a_row(user: UserFacts, limit: float) -> bool:
    """Whether the last sessions were all interrupted after as long as a session may take.

    The engine words its time limit as if the user had cancelled; nobody cancels three times at the same hour.
    """
    if user.last is None or len(user.before) < CUT_IN_A_ROW - 1:
        return False
    return all(
        session.finding is not None
        and session.finding.class_ == INTERRUPTED
        and session.ended - session.started >= ALMOST * limit
        for session in (user.last, *user.before[: CUT_IN_A_ROW - 1])
    )
