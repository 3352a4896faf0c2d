"""The vendor's troubleshooting tree, D0 to D7, walked for one user: what was looked at, what was found, what follows.

`walk` is a pure function of a `Case` and always ends in a leaf: somebody who must act, or *not visible to monitoring* and
what a person should look at. It decides nothing that `states` has decided: it says how one gets there, in the order
of the article, whose nodes give the functions their names. What monitoring cannot see is never called well.
"""

from collections.abc import Generator, Iterator

from syncwatch.diagnosis import ews, failure
from syncwatch.diagnosis.case import NOT_VISIBLE, Case, Leaf, Step, Walk
from syncwatch.diagnosis.instant import instant
from syncwatch.diagnosis.items import kinds
from syncwatch.diagnosis.states import BY_ACTIVITY
from syncwatch.model import (
    NO_MESSAGE,
    Ground,
    Mailbox,
    Owner,
    State,
)

MAILBOX_NOT_INITIALIZED = "mailbox_not_initialized"
SALESFORCE_AUTH = "salesforce_auth"
RECURRENT = "ServiceAutoTrackRecurrentEvents"
NOT_RESPONDED = "ServiceSyncNotRespondedInvitations"
API_MINIMUM = ("SalesForceAPICallMinCount", "SalesForceAPICallMinPercent")

Way = Generator[Step, None, Leaf]


def walk(case: Case) -> Walk:
    """The way through the tree, and its leaf."""
    steps: list[Step] = []
    way = _d0_panel(case)
    while True:
        try:
            steps.append(next(way))
        except StopIteration as end:
            return Walk(tuple(steps), end.value)


def _d0_panel(case: Case) -> Way:
    if case.unreadable is not None:
        found = f"cannot be read: {case.unreadable}"
        yield Step("D0", "the panel", found, "the watch is blind for this tenant")
        return Leaf("D0", Owner.OPERATOR, "Look at the panel's address, its credential and the way to it.")
    data = "" if case.sight.live else f"; its data are of {instant(case.now)}"
    yield Step("D0", "the panel", f"read{data}", "on to the user")
    return (yield from _d1_user(case))


def _d1_user(case: Case) -> Way:
    if case.user is None:
        yield Step("D1", "the users list", "no user with this id", "not in the product")
        do = "Add the user in the admin panel, and have them connect to Litify first."
        return Leaf("D1", Owner.CLIENT_ADMIN, do)
    yield Step("D1", "the users list", "listed", "on to the user's organization")
    for cause in case.causes:
        found = f"{cause.down} of {cause.active} active users are down with {cause.class_}"
        follows = "one cause for all of them: mend that first, not user by user"
        yield Step("D1", "the organization", found, follows)
    yield _connection(case)
    if case.verdict.state is State.NOT_INITIALIZED and _connected(case) is False:
        return _owned(case, "D1", SALESFORCE_AUTH)
    return (yield from _d2_mailbox(case))


def _connection(case: Case) -> Step:
    """Whether the organization is connected to Salesforce; a user who has a login of their own may sync without."""
    found, follows = {
        True: ("connected", "on to the mailbox"),
        False: ("disconnected", "whoever syncs by it is down: connect it; on to the mailbox"),
        None: (NOT_VISIBLE, "a person looks in the panel (Check CRM connectivity); on to the mailbox"),
    }[_connected(case)]
    return Step("D1", "the organization's Salesforce service account", found, follows)


def _connected(case: Case) -> bool | None:
    return case.organization.crm_connected if case.organization else None


def _d2_mailbox(case: Case) -> Way:
    facts, verdict = case.facts, case.verdict
    access = case.context.access
    way_in = NOT_VISIBLE if access in failure.UNTOLD else access
    found = f"{facts.mailbox.replace('_', ' ')}, access type {way_in}"
    if facts.mailbox is Mailbox.UNKNOWN:
        yield Step("D2", "mailbox status", "a value that is not known", "nothing follows from it")
        return _odd("D2")
    if verdict.state is State.NOT_INITIALIZED:
        yield Step("D2", "mailbox status", found, failure.set_up(access))
        if access in failure.UNTOLD:
            return Leaf("D2", None, _WHOSE_LOGIN, MAILBOX_NOT_INITIALIZED)
        return _owned(case, "D2", MAILBOX_NOT_INITIALIZED)
    yield Step("D2", "mailbox status", found, "on to the synchronization")
    if access in ews.AT_RISK:
        yield ews.risk(case.now)
    return (yield from _d3_sync(case))


_WHOSE_LOGIN = (
    "Look at the mailbox access type in the panel: an own logon is for the user to set up in the sidebar, any other"
    " way for the admin in Email Configuration."
)


def _d3_sync(case: Case) -> Way:
    match case.verdict.state:
        case State.ORGANIZATION_OFF:
            way = _d3a_organization_off()
        case State.PAUSED:
            way = _d3b_paused(case)
        case State.DOWN | State.FAILING:
            way = _d3c_failed(case)
        case State.STALLED:
            way = _d3_stalled(case)
        case State.UP:
            way = _d3_runs(case)
        case _:
            way = _d3_unknown(case)
    return (yield from way)


def _d3_unknown(case: Case) -> Way:
    if case.verdict.ground is Ground.STATUSES:
        found = "a value that is not known, or of an organization that is not listed"
        yield Step("D3", "statuses", found, "nothing follows from it")
        return _odd("D3")
    yield Step("D3", "synchronization", "enabled", "does it run?")
    found = f"{NOT_VISIBLE}: {failure.UNSEEN[case.verdict.ground]}"
    yield Step("D3'", "sessions", found, "a person looks at the user's Statistics tab in the panel")
    return Leaf("D3'", None, "Look in the panel whether this user's sessions end, and how.")


def _d3a_organization_off() -> Way:
    found = "enabled for the user, switched off with the organization"
    yield Step("D3a", "synchronization", found, "no user of it syncs; the organization decides that")
    do = "Nothing, if the organization was switched off on purpose; else switch it on."
    return Leaf("D3a", Owner.CLIENT_ADMIN, do)


def _d3b_paused(case: Case) -> Way:
    yield Step("D3b", "synchronization", "disabled, not for an error", "paused: by whom?")
    yield failure.activity(case)
    off = case.facts.switched_off
    if off is not None and (class_ := BY_ACTIVITY.get(off.why)):
        return _owned(case, "D3b", class_)
    return Leaf("D3b", Owner.NOBODY, "Nothing, if it was meant; else switch the user's synchronization on.")


def _d3c_failed(case: Case) -> Way:
    facts, verdict = case.facts, case.verdict
    if verdict.state is State.DOWN:
        yield Step("D3", "synchronization", "disabled due to an error", "down: what did it fail for?")
        yield failure.activity(case)
    else:
        yield Step("D3", "synchronization", "enabled, and it fails", "down: what does it fail for?")
    yield Step("D3c", "last ended session", failure.last_session(case), failure.follows(case))
    class_, owner = verdict.class_ or NO_MESSAGE, case.owner
    if class_ in ews.REFUSALS and case.context.access in ews.AT_RISK:
        yield ews.refusal(class_, case.now)
    if class_ == "salesforce_limit":
        yield from _api_minimum(case)
    if facts.issues:
        found = f"{sum(issue.count for issue in facts.issues)} rows"
        yield Step("D4", "Issues tab", found, "of the last session that completed: the failure comes first")
    return Leaf("D3c", owner, case.remedy(class_, owner), class_)


def _d3_stalled(case: Case) -> Way:
    facts, verdict = case.facts, case.verdict
    yield Step("D3", "synchronization", "enabled", "does it run?")
    if verdict.ground is Ground.ENDLESS and facts.running is not None:
        found = f"job {facts.running.job} runs since {instant(facts.running.started)}"
        yield Step("D3'", "running session", found, "longer than a session may: as good as down")
    else:
        since = f" since {instant(facts.last.ended)}" if facts.last else ""
        found = f"none ended{since}, for more than two plan intervals and 15 minutes"
        yield Step("D3'", "sessions", found, "as good as down, and no text says why")
        yield from _api_minimum(case)
    class_, owner = verdict.class_ or NO_MESSAGE, case.owner
    return Leaf("D3'", owner, case.remedy(class_, owner), class_)


def _api_minimum(case: Case) -> Iterator[Step]:
    """The settings by which the sync stops itself, silently, to leave API requests to others."""
    for name in API_MINIMUM:
        value = case.setting(name)
        if value is None:
            found, follows = NOT_VISIBLE, "a person looks at it in the organization's settings"
        elif value <= 0:
            found, follows = f"{value}", "the sync does not stop itself for it"
        else:
            found = f"{value}"
            follows = (
                "with fewer API requests left the sync stops itself: the Salesforce admin looks at usage"
            )
        yield Step("D3'", f"setting {name}", found, follows)


def _d3_runs(case: Case) -> Way:
    facts, verdict = case.facts, case.verdict
    yield Step("D3", "synchronization", "enabled", "does it run?")
    match verdict.ground:
        case Ground.HIDDEN | Ground.LEFT_OUT:
            found = f"{NOT_VISIBLE}: {failure.UNSEEN[verdict.ground]}; the panel's own word is that the sync works"
        case Ground.NOT_DUE:
            found = "none ended yet, and none is overdue"
        case Ground.BLIP:
            found = f"{failure.last_session(case)}: the first time, and such passes by itself"
        case _:
            found = failure.last_session(case)
    running = f"; job {facts.running.job} runs" if facts.running else ""
    yield Step("D3'", "sessions", f"{found}{running}", "the sync runs: on to single events")
    return (yield from _d4_issues(case))


def _d4_issues(case: Case) -> Way:
    open_ = kinds(case.facts.issues)
    for kind, rows in open_:
        acts = "nobody can" if kind.owner is Owner.NOBODY else f"{kind.owner} must"
        follows = f"these items do not sync: {acts} act"
        yield Step("D4", "Issues tab", f"{rows} x {kind.class_}, {kind.way}", follows)
        if kind.class_ == "recurring_sync_disabled":
            yield from _d4ab_recurring(case)
        if kind.class_ == "organizer_not_synced":
            yield from _d4c_organizer(case)
    if not case.sight.issues:
        found, follows = f"{NOT_VISIBLE}: this panel has no issues list", "a person looks there for the event"
        yield Step("D4", "Issues tab", found, follows)
    elif not open_:
        unread = case.facts.issue_rows
        if unread:
            found, follows = f"{unread} rows that were not read", "a person looks there for the event"
        else:
            found, follows = "no rows", "no issue tells of an event: on to what is left out silently"
        yield Step("D4", "Issues tab", found, follows)
    yield from _d5_to_d7_events(case)
    if open_:
        first, _ = open_[0]
        return Leaf("D4", first.owner, case.remedy(first.class_, first.owner), first.class_)
    return Leaf(
        "D7", None, "Look at the event itself, as said at D5 and D6; if that explains nothing, ask support."
    )


def _d4ab_recurring(case: Case) -> Iterator[Step]:
    value = case.setting(RECURRENT)
    if value is None:
        found, follows = NOT_VISIBLE, "a person looks at it: if it is 0, the client admin switches it on"
    elif value == 0:
        found, follows = "0", "recurring events are switched off: the client admin switches them on"
    else:
        found, follows = f"{value}", "recurring events are switched on: on to Salesforce"
    yield Step("D4a", f"setting {RECURRENT}", found, follows)
    if value != 0:
        fields = "whether Event has the fields OriginalInstanceDateTime and ClientGuid"
        follows = f"the Salesforce admin looks {fields}; without them, ask Salesforce for it"
        yield Step("D4b", "Advanced Calendaring in Salesforce", NOT_VISIBLE, follows)


def _d4c_organizer(case: Case) -> Iterator[Step]:
    value = case.setting(NOT_RESPONDED)
    if value is None:
        found, follows = (
            NOT_VISIBLE,
            "a person looks at it: with 0, invitations without an answer do not sync",
        )
    elif value == 0:
        found, follows = "0", "invitations without an answer do not sync: answer it, or have it switched on"
    else:
        found, follows = f"{value}", "invitations without an answer sync: it is the organizer"
    yield Step("D4c", f"setting {NOT_RESPONDED}", found, follows)
    follows = (
        "a person looks up who organizes the event and diagnoses that user; if that sync runs, whether the"
        " organizer saves events automatically; at last whether the invitation was answered"
    )
    yield Step("D4c", "the event's organizer", f"{NOT_VISIBLE}: an issue does not name one", follows)


def _d5_to_d7_events(case: Case) -> Iterator[Step]:
    created = case.facts.created
    set_up = f"; the user is in the product since {instant(created)}" if created is not None else ""
    yield Step(
        "D5",
        "whether the event is older than the sync",
        f"{NOT_VISIBLE}{set_up}",
        "a person compares: an event made before the sync was set up is left out by design; press Save on it",
    )
    yield Step(
        "D6",
        "silent exceptions",
        NOT_VISIBLE,
        "a person looks whether the event is private, internal, blocked, without a related record, or not within"
        " 14 days back and 60 days ahead: such events are left out without a word",
    )
    yield Step(
        "D7", "what is left", "nothing that monitoring sees", "a ticket to support, with the event's times"
    )


def _odd(node: str) -> Leaf:
    do = "Look at the user in the panel, and teach the panel profile the status value it shows."
    return Leaf(node, Owner.OPERATOR, do)


def _owned(case: Case, node: str, class_: str) -> Leaf:
    """A leaf of a class of which no text speaks."""
    owner = case.owner_of(class_, case.context)
    return Leaf(node, owner, case.remedy(class_, owner), class_)
