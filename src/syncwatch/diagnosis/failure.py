"""What a failure says to whoever walks the tree: the Activity tab, the last ended session, and what follows of them.

Sentences only; who must act is decided already. An impersonated user is never sent to a login, because there is none.
"""

from syncwatch.diagnosis.case import NOT_VISIBLE, Case, Step
from syncwatch.diagnosis.instant import instant
from syncwatch.diagnosis.states import BY_ACTIVITY, INTERRUPTED, TIME_LIMIT
from syncwatch.model import (
    IMPERSONATED,
    NO_MESSAGE,
    UNCLASSIFIED,
    AccessType,
    Finding,
    Ground,
    Marks,
    Owner,
    Side,
    Why,
)

UNTOLD = frozenset(
    {None, AccessType.UNKNOWN}
)  # ways into a mailbox of which nobody can say whose login it is
UNSEEN = {
    Ground.HIDDEN: "this panel does not show them",
    Ground.LEFT_OUT: "none is shown of late, and this panel may leave some out",
}
_WHY = {
    Why.PERSON: "switched off by a person",
    Why.AUTHORIZATION: "switched off for an authorization error",
    Why.THROTTLING: "switched off for a throttling error",
    Why.OTHER: "switched off for another error",
}
_ACTIVITY = {
    Why.PERSON: "on purpose: nothing to mend before that person was asked",
    Why.AUTHORIZATION: "a login that is no longer good, where no text says another thing",
    Why.THROTTLING: "the mail system wanted fewer requests, where no text says another thing",
    Why.OTHER: "the reason is in the last failed session",
}
_FOLLOWS = {
    "duplicate_events": (
        "stopped so as to make no duplicates: the events must be told apart, and no second tool may sync"
    ),
    "salesforce_auth": "Salesforce must be connected again; where it is the service account, for everybody at once",
    TIME_LIMIT: "three in a row were cut at about the longest session: the time limit, and nobody's cancel",
    INTERRUPTED: "somebody cancelled it, or it was cut at the time limit: the next ones will tell",
    BY_ACTIVITY[
        Why.THROTTLING
    ]: "the mail system wants fewer requests: that passes by itself as a rule, and has not yet",
    UNCLASSIFIED: "no rule knows this text: a person reads it in the panel, and support gets a ticket",
    NO_MESSAGE: "no text speaks: a person looks at the session's log in the panel, and support gets a ticket",
}


def set_up(access: str | None) -> str:
    """How this user's mailbox is set up: not by a login, where the organization's account goes in."""
    if access in {AccessType.EWS_BASIC_IMPERSONATED, AccessType.M365_EWS_IMPERSONATED}:
        return (
            "look at logon, password and EWS URL in the organization's Email Configuration, then"
            " `Check User's Exchange Impersonated Access`; the user has no login in the product"
        )
    if access in IMPERSONATED:
        return (
            "look at the account in the organization's Email Configuration, then `Check mailbox connectivity`;"
            " the user has no login in the product"
        )
    if access in UNTOLD:
        return "a person looks at the mailbox access type: only an own logon is for the user to set up"
    return "the user opens the sidebar, Menu > Set up sync, and signs in to the mailbox"


def activity(case: Case) -> Step:
    """Who or what switched the user off, by the Activity tab."""
    facts, looked_at = case.facts, "Activity tab"
    off = facts.switched_off
    if off is None:
        hidden = NOT_VISIBLE if case.sight.activity else f"{NOT_VISIBLE}: this panel does not show it"
        found = "says nothing of it" if facts.activity_known else hidden
        return Step("D3b", looked_at, found, "a person looks there for who switched the user off, and why")
    return Step("D3b", looked_at, f"{_WHY[off.why]} at {instant(off.at)}", _ACTIVITY[off.why])


def last_session(case: Case) -> str:
    """The last ended session, as far as it is shown."""
    if not case.sight.sessions:
        return f"{NOT_VISIBLE}: this panel does not show sessions"
    last = case.facts.last
    if last is None:
        return "none" if case.sight.silence else f"{NOT_VISIBLE}: none is shown, and some may be left out"
    if last.completed:
        return f"job {last.job} completed at {instant(last.ended)}"
    said = "without a text" if case.sight.messages else f"its text is {NOT_VISIBLE}"
    return f"job {last.job} failed at {instant(last.ended)}, {_named(last.finding) if last.finding else said}"


def follows(case: Case) -> str:
    """What follows from a failure of this class: the article's three kinds, and what else is known."""
    verdict = case.verdict
    marks = verdict.finding.marks if verdict.finding else Marks()
    if verdict.class_ == BY_ACTIVITY[Why.AUTHORIZATION] or marks.token_expired is Side.MAILBOX:
        return _whose_login(case.context.access)
    if verdict.class_ in _FOLLOWS:
        return _FOLLOWS[verdict.class_]
    if marks.organization_wide:
        return "of the whole organization's account, not of this user's: whoever shares it is next"
    if verdict.finding is not None and verdict.finding.transient:
        return "such trouble passes by itself as a rule, but this has come again"
    if case.owner is Owner.VENDOR_SUPPORT:
        return "another trouble of the server: a ticket to support, which `syncwatch ticket` writes"
    return f"another trouble of the server, for {case.owner} to act on"


def _whose_login(access: str | None) -> str:
    if access in IMPERSONATED:
        return "the organization's mail account must be connected again; the user has no login to renew"
    if access in UNTOLD:
        return "whose login it is depends on the mailbox access type: a person looks at that first"
    return "the mail connection must be initialized again, by the user's own login"


def _named(finding: Finding) -> str:
    codes = f" ({', '.join(finding.codes)})" if finding.codes else ""
    return f"with {finding.class_}{codes}"
