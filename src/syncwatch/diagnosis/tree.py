"""The vendor's troubleshooting tree, walked for one user: the one place that decides state, class and owner.

`diagnose` is a pure function of facts and an instant. It never sees a text and asks nobody; what it cannot know
it does not guess: where a panel does not show sessions, or may leave some out, silence is no stall. Because time
alone turns a silent user `stalled` elsewhere, every verdict says until when it holds.
"""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

import msgspec

from syncwatch.model import (
    Condition,
    Mailbox,
    Owner,
    SessionFacts,
    State,
    Step,
    Switch,
    UserFacts,
    Verdict,
)
from syncwatch.rows import EVERYTHING, Sight

STALL_MARGIN = 900.0  # seconds granted on top of two plan intervals before silence means something
NO_RECENT_SESSION = "no_recent_session"
SESSION_TOO_LONG = "session_too_long"
NO_MESSAGE = "no_message"
SESSIONS = "sessions"  # the node at which a user of whom too little is shown ends

# The ways through the tree, down to each leaf. Constants, because a poll walks it for every user.
_ODD = (Step("status values", "one that is not known, or of an organization that is not listed"),)
_KNOWN = (Step("status values", "known"),)
_NO_MAILBOX = (*_KNOWN, Step("mailbox", "not initialized"))
_MAILBOX = (*_KNOWN, Step("mailbox", "initialized"))
_ORGANIZATION_OFF = (
    *_MAILBOX,
    Step("synchronization", "enabled for the user, switched off with the organization"),
)
_DOWN = (*_MAILBOX, Step("synchronization", "disabled due to an error"))
_PAUSED = (*_MAILBOX, Step("synchronization", "disabled by a person"))
_ON = (*_MAILBOX, Step("synchronization", "enabled"))
_TOO_LONG = (*_ON, Step(SESSIONS, "the one that runs has not ended within the longest session allowed"))
_SILENT = (*_ON, Step(SESSIONS, "none ended within two plan intervals and 15 minutes"))
_GRACE = (*_ON, Step(SESSIONS, "none ended yet, and not due for long enough to matter"))
_HIDDEN = (*_ON, Step(SESSIONS, "not visible: this panel does not show them"))
_LEFT_OUT = (
    *_ON,
    Step(SESSIONS, "none shown within two plan intervals and 15 minutes, but this panel may leave some out"),
)
_RECENT = (*_ON, Step(SESSIONS, "none is overdue"))
_COMPLETED = (*_RECENT, Step("last ended session", "completed"))
_BLIP = (
    *_RECENT,
    Step("last ended session", "failed for the first time, for something that passes by itself"),
)
_FAILED = (*_RECENT, Step("last ended session", "failed"))
_SAYS = Step("its message", "classified")
_SAYS_NOTHING = Step("its message", "there is none")
_WORKS = Step("the panel's own word", "the sync works")
_FAILS = Step("the panel's own word", "the sync fails")


class Circumstances(msgspec.Struct, frozen=True, gc=False):
    """What a verdict depends on beside the user's facts.

    Attributes:
        interval: seconds between two sessions by the user's plan.
        max_session: seconds after which a running session counts as stuck.
        active_since: since when the user is seen active, if it became so under watch.
        owners: default owner of each class.
        organization: the switch of the user's organization; None if none is named or the panel lists none.
        sight: what the panel shows.
    """

    interval: float
    max_session: float
    active_since: float | None
    owners: Mapping[str, Owner]
    organization: Switch | None = None
    sight: Sight = EVERYTHING


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
        return _by_condition(user, circumstances, _HIDDEN)
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
        return Verdict(State.UNKNOWN, path=_ODD)
    if user.mailbox is Mailbox.NOT_INITIALIZED:
        return Verdict(State.NOT_INITIALIZED, path=_NO_MAILBOX, since=user.created)
    if user.error or Switch.DISABLED_BY_ERROR in statuses:
        return _blamed(State.DOWN, user.last, circumstances, path=_DOWN)
    if user.switch is Switch.DISABLED:
        return Verdict(State.PAUSED, path=_PAUSED)
    if effective is Switch.DISABLED:
        return Verdict(State.ORGANIZATION_OFF, path=_ORGANIZATION_OFF)
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


def _by_time(deadlines: _Deadlines, circumstances: Circumstances, now: float) -> Verdict | None:
    """Stalled, if a deadline has passed; a session that runs for too long is the plainer reason."""
    if now < min(deadlines):
        return None
    if now >= deadlines.running:
        class_, path, until = SESSION_TOO_LONG, _TOO_LONG, inf
    else:
        class_, path, until = NO_RECENT_SESSION, _SILENT, deadlines.running
    return Verdict(State.STALLED, class_, circumstances.owners[class_], path, min(deadlines), until)


def _by_sessions(user: UserFacts, circumstances: Circumstances, deadlines: _Deadlines, now: float) -> Verdict:
    """By the sessions that are shown; one that is left out may have ended since the last of them."""
    if circumstances.sight.silence or user.running is not None:
        return _by_outcome(user, circumstances, until=min(deadlines))
    heard = user.last.ended + stall_limit(circumstances.interval) if user.last else -inf
    if now < heard:
        return _by_outcome(user, circumstances, until=heard)
    return _by_condition(user, circumstances, _LEFT_OUT)


def _by_condition(user: UserFacts, circumstances: Circumstances, path: tuple[Step, ...]) -> Verdict:
    """By what the panel itself says of the sync, where its sessions do not; unknown if it says nothing."""
    if user.condition is Condition.UP:
        return Verdict(State.UP, path=(*path, _WORKS))
    if user.condition is Condition.FAILING:
        return _blamed(State.FAILING, user.last, circumstances, path=(*path, _FAILS))
    return Verdict(State.UNKNOWN, path=path)


def _by_outcome(user: UserFacts, circumstances: Circumstances, *, until: float) -> Verdict:
    """Up or failing, by the last ended session."""
    if user.last is None:
        return Verdict(State.UP, path=_GRACE, until=until)
    if user.last.completed:
        return Verdict(State.UP, path=_COMPLETED, until=until)
    if user.last.transient and not _failed(next(iter(user.before), None)):
        return Verdict(State.UP, path=_BLIP, until=until)
    return _blamed(State.FAILING, user.last, circumstances, path=_FAILED, until=until)


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


def _blamed(
    state: State,
    session: SessionFacts | None,
    circumstances: Circumstances,
    *,
    path: tuple[Step, ...],
    until: float = inf,
) -> Verdict:
    """A verdict with the class and owner that the failed session's message names."""
    since = session.ended if session and _failed(session) else None
    finding = session.finding if session and _failed(session) else None
    if finding is None:
        owner = circumstances.owners[NO_MESSAGE]
        return Verdict(state, NO_MESSAGE, owner, (*path, _SAYS_NOTHING), since, until)
    return Verdict(state, finding.class_, finding.owner, (*path, _SAYS), since, until, finding)
