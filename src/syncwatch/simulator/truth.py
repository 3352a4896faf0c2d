"""What a right monitor reports of the simulated world, written from the design's words alone.

It looks at the world, not at what the panel serves, and knows the class of a text because it chose the text. So
a monitor that agrees with it has read the panel, the times and the texts right. States and times are judged
at the instant of the question, even while the world is frozen.
"""

from collections import Counter
from typing import Any

from syncwatch.simulator.birth import ACCESS_TYPES
from syncwatch.simulator.faults.catalogue import NONE
from syncwatch.simulator.people import (
    DISABLED,
    DISABLED_BY_ERROR,
    ENABLED,
    INITIALIZED,
    LONGEST_SESSION,
    NOT_INITIALIZED,
    Session,
    User,
)
from syncwatch.simulator.texts import OWNERS, Text
from syncwatch.simulator.wordings import INTERRUPTED
from syncwatch.simulator.world import Tenant

STATES = ("unknown", "not_initialized", "organization_off", "down", "paused", "stalled", "failing", "up")
SYNC_DOWN = frozenset({"down", "stalled", "failing"})


def state_of(user: User, now: float) -> str:
    """The state of `user` at `now`: the first one that fits."""
    strange = user.mailbox not in {INITIALIZED, NOT_INITIALIZED} or user.switch not in {ENABLED, DISABLED}
    in_order = (
        ("unknown", strange),
        ("not_initialized", user.mailbox == NOT_INITIALIZED),
        ("organization_off", user.switch == ENABLED and user.effective == DISABLED),
        ("down", user.effective == DISABLED_BY_ERROR),
        ("paused", user.switch == DISABLED),
        ("stalled", _too_long(user, now) or _silent(user, now)),
        ("failing", _failing(user)),
    )
    return next((state for state, fits in in_order if fits), "up")


def class_of(user: User, state: str, now: float) -> str:
    """Why the sync of `user` is down, given that `state` is one of `SYNC_DOWN`."""
    if state == "stalled":
        return "session_too_long" if _too_long(user, now) else "no_recent_session"
    if _cut_three_times(user):
        return "session_time_limit"
    text = _complaint(user)
    return text.class_ if text else "no_message"


def owner_of(user: User, class_: str) -> str:
    """Who must act about a sync that is down with this class."""
    text = _complaint(user)
    return text.owner if text and text.owner and text.class_ == class_ else OWNERS[class_]


def truth_of(tenant: Tenant, now: float, *, fault: str) -> dict[str, Any]:
    """All figures of one tenant at `now`; `fault` is how its panel misbehaves."""
    states = [(user, state_of(user, now)) for user in tenant.users]
    down = [(user, state) for user, state in states if state in SYNC_DOWN]
    classes = [(user, class_of(user, state, now)) for user, state in down]
    complaints = [_complaint(user) for user, state in down if state != "stalled"]
    issues = [issue.text.class_ for user in tenant.users for issue in user.issues]
    counts = Counter(state for _, state in states)
    tokens = Counter(text.expired for text in complaints if text)
    access = Counter(ACCESS_TYPES[user.enters] for user in tenant.users)
    return {
        "users": {state: counts[state] for state in STATES},
        "syncs_down": _by_class(Counter((class_, owner_of(user, class_)) for user, class_ in classes)),
        "issues_open": _by_class(Counter((class_, OWNERS[class_]) for class_ in issues)),
        "mailboxes": dict(sorted(access.items())),
        "organizations_crm_disconnected": sum(one.crm == "Disconnected" for one in tenant.organizations),
        "tokens_expired": {"mailbox": tokens["mailbox"], "crm": tokens["crm"]},
        "dedup_conflicts": {
            "user": sum(text is not None and text.guard for text in complaints),
            "item": issues.count("duplicate_events"),
        },
        "broken": fault != NONE,
        "fault": fault,
    }


def _too_long(user: User, now: float) -> bool:
    return user.running is not None and now - user.running.started > LONGEST_SESSION


def _silent(user: User, now: float) -> bool:
    """Whether no session has ended within the stall limit, of `createdOn` if none ever has."""
    last = user.ended[0].ended if user.ended else None
    return now - (user.created if last is None else last) > user.stall_limit


def _failing(user: User) -> bool:
    """Whether the last ended session failed; for what usually passes by itself, the one before it too."""
    if not user.ended or user.ended[0].completed:
        return False
    passing = user.ended[0].text is not None and user.ended[0].text.transient
    return not passing or (len(user.ended) > 1 and not user.ended[1].completed)


def _cut_three_times(user: User) -> bool:
    """Whether the last three sessions were interrupted after about as long as one may take."""
    last = list(user.ended)[:3]
    return len(last) == 3 and all(  # noqa: PLR2004 - the third time is no accident
        one.text is INTERRUPTED and one.ended is not None and one.ended - one.started >= 0.9 * LONGEST_SESSION
        for one in last
    )


def _complaint(user: User) -> Text | None:
    """The text of the last ended session, if that one failed."""
    last: Session | None = user.ended[0] if user.ended else None
    return None if last is None or last.completed else last.text


def _by_class(counts: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"class": class_, "owner": owner, "count": count} for (class_, owner), count in sorted(counts.items())
    ]
