"""The data of the firm on the other panel, with what each user's state, class and owner must be.

The expectations are worked out by hand from the design's words, not from anything the daemon or the simulator
computes. Times are relative to one instant; the plan's interval is 10 minutes, so the stall limit is 35.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from integration.other_panel import Firm, Row

DAY = 86_400.0
GRAPH = "Microsoft 365 OAuth (Graph API) - App-only"

TOKEN_TEXT = "AADSTS700082: The refresh token has expired due to inactivity."
THROTTLED = "ErrorServerBusy: The server cannot service this request right now. Try again later."
LOCKED = "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record"
CONFLICTS = "Detected: 1 conflict(s), 0 duplicate(s), 2 issue(s), 0 confirmation(s) (SW0002)"
GUARD = (
    "SD0025: Synchronization was stopped in order to prevent creation of duplicates for the following item(s) (1):"
    " : 'Hearing' in Salesforce 'Hearing' in Exchange."
)
UNHEARD = "Blorp: the quux is not frobnicated"


def iso(time: float, *, offset: int = 0) -> str:
    """A time as the contract writes it; in UTC with `Z`, or with another offset in hours."""
    moment = datetime.fromtimestamp(time, UTC)
    if offset:
        return moment.astimezone(timezone(timedelta(hours=offset))).isoformat(timespec="milliseconds")
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def issue(text: str, name: str = "Status call", **changes: Any) -> Row:
    return {
        "type": "Appointment",
        "name": name,
        "direction": "ExchangeToSalesforce",
        "operation": "Create",
        "errorCode": 2,
        "errorText": text,
        **changes,
    }


@dataclass
class Builder:
    """Collects users and what is expected of them."""

    now: float
    firm: Firm = field(default_factory=Firm)
    users: Counter[str] = field(default_factory=Counter)
    down: Counter[tuple[str, str]] = field(default_factory=Counter)
    issues: Counter[tuple[str, str]] = field(default_factory=Counter)
    mailboxes: Counter[str] = field(default_factory=Counter)
    ids: dict[str, str] = field(default_factory=dict)

    def session(self, message: str | None = None, *, ago: float = 300, **changes: Any) -> Row:
        """A session that ended `ago` seconds ago: completed without a message, with `errors` otherwise."""
        ended = self.now - ago
        return {
            "jobId": f"job-{ago:.0f}",
            "startedAt": iso(ended - 30, offset=int(ago) % 3),
            "endedAt": iso(ended),
            "status": "errors" if message is not None else "finished",
            "message": message,
            **changes,
        }

    def running(self, *, ago: float = 60) -> Row:
        return {
            "jobId": "job-run",
            "startedAt": iso(self.now - ago),
            "endedAt": None,
            "status": "running",
            "message": None,
        }

    def user(
        self,
        what: str,
        state: str,
        class_: str = "",
        owner: str = "",
        *,
        last: Row | None = None,
        table: list[Row] | None = None,
        tab: list[tuple[Row, str, str]] | None = None,
        mailbox: str = "m365_graph_app_only",
        **changes: Any,
    ) -> Row:
        """Add a user.

        Args:
            what: why the user is here; makes the id unless one is given.
            state: the state expected.
            class_: the class expected, where the sync is down.
            owner: the owner expected, where the sync is down.
            last: the session in the list; one that completed unless `changes` has a `lastSession`.
            table: the sessions table; the list's session alone unless given.
            tab: the issues, each with class and owner expected.
            mailbox: the access type expected.
            changes: what differs in the row.
        """
        row: Row = {
            "userId": str(uuid5(NAMESPACE_URL, what)),
            "name": "Jane Roe",
            "email": "jane.roe@firm-x.example",
            "organizationId": "org-00",
            "planId": "plan-10m",
            "mailboxStatus": "Initialized",
            "synchronizationStatus": "Enabled",
            "effectiveSynchronizationStatus": "Enabled",
            "disabledDueToError": False,
            "lastSession": last or self.session(),
            "issues": len(tab or ()),
            "createdOn": iso(self.now - 100 * DAY),
            **changes,
        }
        row = {key: value for key, value in row.items() if value != "(absent)"}
        self.firm.users.append(row)
        self.ids[what] = row["userId"]
        listed = row.get("lastSession")
        self.firm.sessions[row["userId"]] = table if table is not None else [listed] if listed else []
        self.firm.issues[row["userId"]] = [each for each, _, _ in tab or ()]
        self.users[state] += 1
        self.mailboxes[mailbox] += 1
        if class_:
            self.down[class_, owner] += 1
        self.issues.update((kind, who) for _, kind, who in tab or ())
        return row


def firm_x(now: float) -> Builder:
    """The whole firm as of `now`."""
    b = Builder(now)
    _organizations(b)
    _completed(b)
    _failing(b)
    _silent(b)
    _switched(b)
    _odd(b)
    _ids(b)
    for number in range(40):
        b.user(f"plain {number}", "up", organizationId=f"org-{number % 3:02}", mailbox=_THREE[number % 3])
    return b


_THREE = ("m365_graph_app_only", "ews_basic_user", "google_direct")


def _organizations(b: Builder) -> None:
    types = (GRAPH, "Exchange basic (EWS API) - End User", "Google Direct Logon")
    for number in range(30):
        b.firm.organizations.append({
            "id": f"org-{number:02}",
            "name": f"Practice {number}",
            "externalId": None,
            "mailboxAccessType": types[number] if number < 3 else "Google Service Account",
            "synchronizationStatus": "Disabled" if number == 29 else "Enabled",
            "crmConnection": "Disconnected" if number in {3, 26, 29} else "Connected",
        })  # fmt: skip
    del b.firm.organizations[7]["crmConnection"]  # not required by the contract
    b.firm.plans = [
        {"id": f"plan-{n}", "name": "x", "synchronizationIntervalSeconds": 60, "active": False}
        for n in range(26)
    ]
    b.firm.plans += [
        {"id": "plan-10m", "name": "Fast", "synchronizationIntervalSeconds": 600, "active": True},
        {"id": "plan-1h", "name": "Slow", "synchronizationIntervalSeconds": 3600, "active": True},
    ]


def _completed(b: Builder) -> None:
    """Status `errors`, and yet completed: the message tells."""
    done = ("unclassified", "vendor_support")
    b.user("SW0000", "up", last=b.session("SW0000: Synchronization was completed successfully"))
    b.user(
        "SW0002",
        "up",
        last=b.session(CONFLICTS),
        tab=[
            (issue(LOCKED), "salesforce_lock_contention", "nobody"),
            (issue(UNHEARD), *done),
        ],
    )
    b.user("SW0004", "up", last=b.session("Errors (SW0004) SW0004: Detected: 0 conflict(s), 1 duplicate(s)"))
    b.user(
        "SE0003",
        "up",
        last=b.session("Errors (SE0003) SE0003: Reused record identifier detected"),
        tab=[(issue("SE0002: Parent record was not added"), "sync_engine_fault", "vendor_support")],
    )
    listed = b.session(status="errors")
    b.user("completed, by the table only", "up", last=listed, table=[{**listed, "message": CONFLICTS}])
    b.user("runs, completed before", "up", last=b.running(), table=[b.running(), b.session()])
    twice = (issue("Skipped: duplicate appointment found"), "duplicate_events", "end_user")
    b.user("equal rows", "up", tab=[twice, twice, twice])
    long = [
        (issue("STRING_TOO_LONG, Location", name=f"Call {n}"), "salesforce_invalid_value", "salesforce_admin")
        for n in range(60)
    ]
    b.user("a tab of three pages", "up", tab=long)
    b.user("half a pair", "up", tab=[(issue("Cut here \ud83d", name="Café \ud83d"), *done)])


def _failing(b: Builder) -> None:
    b.user(
        "failed",
        "failing",
        "impersonation_denied",
        "mail_admin",
        last=b.session("ErrorImpersonateUserDenied: no"),
    )
    b.user("nobody knows", "failing", "unclassified", "vendor_support", last=b.session(UNHEARD))
    listed = b.session(status="errors")
    del listed["message"]
    b.user(
        "message in the table only",
        "failing",
        "salesforce_auth",
        "client_admin",
        last=listed,
        table=[{**listed, "message": "INVALID_SESSION_ID: Session expired or invalid"}, b.session(ago=900)],
    )
    b.user("no message", "failing", "no_message", "vendor_support", last=b.session(status="errors"))
    b.user(
        "runs, failed before",
        "failing",
        "salesforce_validation_rule",
        "salesforce_admin",
        last=b.running(),
        table=[b.running(), b.session("FIELD_CUSTOM_VALIDATION_EXCEPTION, no"), b.session(ago=900)],
    )
    passing = b.session(THROTTLED)
    b.user("passes by itself, first", "up", last=passing, table=[passing, b.session(ago=900)])
    b.user("passes by itself, alone", "up", last=passing, table=[passing])
    b.user("passes, issues before", "up", last=passing, table=[passing, b.session(CONFLICTS, ago=900)])
    b.user(
        "passes by itself, again",
        "failing",
        "exchange_throttled",
        "nobody",
        last=passing,
        table=[passing, b.session(THROTTLED, ago=900)],
    )
    locked = b.session(LOCKED)
    b.user(
        "passes by itself, after another failure",
        "failing",
        "salesforce_lock_contention",
        "nobody",
        last=locked,
        table=[locked, b.session(UNHEARD, ago=900)],
    )
    b.user(
        "failed, with an old tab",
        "failing",
        "mailbox_missing_or_disabled",
        "mail_admin",
        last=b.session("ErrorNonExistentMailbox: The SMTP address has no mailbox associated with it."),
        tab=[
            (issue("DUPLICATE_VALUE, duplicate value found"), "salesforce_invalid_value", "salesforce_admin")
        ],
    )


def _silent(b: Builder) -> None:
    silent = ("stalled", "no_recent_session", "vendor_support")
    stuck = ("stalled", "session_too_long", "vendor_support")
    b.user("silent", *silent, last=b.session(ago=2400))
    b.user("silent, failed before", *silent, last=b.session(UNHEARD, ago=2400))
    b.user("not quite silent", "up", last=b.session(ago=1800))
    b.user("stuck", *stuck, last=b.running(ago=7200), table=[b.running(ago=7200), b.session(ago=7300)])
    b.user("runs, silent before", *silent, last=b.running(), table=[b.running(), b.session(ago=9000)])
    b.user("slow plan", "up", last=b.session(ago=7200), planId="plan-1h")
    b.user("no plan", "up", last=b.session(ago=4200), planId=None)
    b.user("no plan, silent", *silent, last=b.session(ago=4800), planId=None)
    b.user("lost plan", "up", last=b.session(ago=4200), planId="plan-gone")
    b.user("never, new", "up", lastSession=None, createdOn=iso(b.now - 600))
    b.user("never, old", *silent, lastSession=None, createdOn=iso(b.now - 3 * DAY))


def _switched(b: Builder) -> None:
    off = {"effectiveSynchronizationStatus": "Disabled"}
    error = {"effectiveSynchronizationStatus": "Disabled due to an error", "disabledDueToError": True}
    auth = ("down", "oauth_token_expired", "mail_admin")
    crm = ("down", "salesforce_auth", "client_admin")
    mute = ("down", "no_message", "vendor_support")
    b.user("token of the mailbox", *auth, last=b.session(TOKEN_TEXT, ago=2 * DAY), **error)
    b.user("token of the crm", *crm, last=b.session("invalid_grant: expired access/refresh token"), **error)
    b.user("guard", "down", "duplicate_events", "end_user", last=b.session(GUARD), **error)
    b.user("off though completed", *mute, **error)
    b.user("off, never ran", *mute, lastSession=None, **error)
    b.user("off while it runs", *auth, last=b.running(), table=[b.running(), b.session(TOKEN_TEXT)], **error)
    b.user("flag alone", *auth, last=b.session(TOKEN_TEXT), disabledDueToError=True)
    b.user("status alone", *auth, last=b.session(TOKEN_TEXT), **{**error, "disabledDueToError": False})
    b.user("flag, own switch off", *mute, synchronizationStatus="Disabled", disabledDueToError=True, **off)
    b.user("flag, effectively off", *mute, disabledDueToError=True, **off)
    b.user("paused", "paused", synchronizationStatus="Disabled", last=b.session(ago=DAY), **off)
    b.user("paused, effectively on", "paused", synchronizationStatus="Disabled")
    b.user(
        "organization off",
        "organization_off",
        organizationId="org-29",
        mailbox="google_service_account",
        **off,
    )
    b.user("own organization on", "organization_off", **off)


def _odd(b: Builder) -> None:
    no_mailbox = {"mailboxStatus": "Not initialized", "lastSession": None}
    b.user("set up never", "not_initialized", createdOn=iso(b.now - 20 * DAY), **no_mailbox)
    b.user("set up soon", "not_initialized", createdOn=iso(b.now - DAY), **no_mailbox)
    b.user(
        "set up never, error", "not_initialized", disabledDueToError=True, createdOn=iso(b.now), **no_mailbox
    )
    b.user("new mailbox word", "unknown", mailboxStatus="Suspended")
    b.user("new switch word", "unknown", synchronizationStatus="Throttled by vendor")
    b.user("new effective word", "unknown", effectiveSynchronizationStatus="enabled")
    b.user("new outcome", "unknown", last=b.session(status="aborted"))
    b.user("no mailbox status", "unknown", mailboxStatus="(absent)", mailbox="unknown")
    b.user("issues no number", "unknown", issues="many", mailbox="unknown")
    b.user("bad time", "unknown", last=b.session(startedAt="yesterday"), mailbox="unknown")
    b.user("new access type", "up", mailboxAccessType="Carrier pigeon", mailbox="unknown")
    b.user("own access type", "up", mailboxAccessType="Google Direct Logon", mailbox="google_direct")
    b.user("organization not listed", "up", organizationId="org-gone", mailbox="unknown")
    b.firm.users.append({"userId": None, "email": "nobody@firm-x.example"})  # cannot even be told apart
    b.firm.users.append(["not", "a", "row"])  # type: ignore[arg-type]


def _ids(b: Builder) -> None:
    one = [(issue("ISE-013: waiting"), "organizer_not_synced", "end_user")]
    for id_ in ("a/../../b", "with space?x=1#y%41", "uživatel-漢字-🙂", "%2e%2e", "a\\b"):
        b.user(id_, "up", userId=id_, tab=one)
    b.user("..", "up", userId="..")
