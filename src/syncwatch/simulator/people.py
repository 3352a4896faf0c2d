"""What a tenant consists of: organizations, plans, users, their sessions and issues, as they stand now.

Only state and what follows from it at once; how it changes is `evolution`'s business. Sessions and issues carry
no text: which wording and the seed of its details are enough to render it when somebody asks.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from syncwatch.simulator.fiction import digest
from syncwatch.simulator.texts import Text

ENABLED = "Enabled"
DISABLED = "Disabled"
DISABLED_BY_ERROR = "Disabled due to an error"
IMPERSONATION = "Microsoft 365 OAuth (EWS API) - Impersonated"
IMPERSONATED = frozenset(
    {
        IMPERSONATION,
        "Exchange basic (EWS API) - Impersonated",
        "Microsoft 365 OAuth (Graph API) - App-only",
        "Google Service Account",
    }
)
"""Mailbox access types by the organization's account: its users have no token of their own that could expire."""
INITIALIZED = "Initialized"
NOT_INITIALIZED = "Not initialized"

STALL_SLACK = 15 * 60  # a user may be silent for two plan intervals and this many seconds
DEFAULT_PLAN_INTERVAL = 30 * 60  # what a monitor assumes of a user without a plan
LONGEST_SESSION = 60 * 60
ACTIVITY_ROWS = 20


@dataclass(slots=True)
class Organization:
    """A group of users with shared settings.

    Attributes:
        crm: the state of its Salesforce service account.
        recurring: its setting ServiceAutoTrackRecurrentEvents; None if the panel does not list it.
        trouble: what every session of its users fails for until somebody mends it; None while nothing is broken.
    """

    id: str
    name: str
    access_type: str
    status: str
    crm: str
    recurring: str | None = None
    trouble: Text | None = None


class Plan(NamedTuple):
    """How often its users' sync runs, in seconds."""

    id: str
    name: str
    interval: int
    active: bool


class Issue(NamedTuple):
    """One item that does not sync; its subject depends on `seed`, which stays while the item is the same."""

    text: Text
    seed: str
    type: str
    direction: str
    operation: str
    code: int


class Session(NamedTuple):
    """One session, running while `ended` is None.

    Attributes:
        job: its id, and the seed of the details of its texts.
        started: when it began.
        ended: when it ended.
        completed: whether it did its work, with or without issues.
        text: what it says of its end; None if it says nothing.
        issues: issues that it met.
        conflicts: conflicts that it met.
    """

    job: str
    started: float
    ended: float | None = None
    completed: bool = False
    text: Text | None = None
    issues: int = 0
    conflicts: int = 0

    @property
    def message(self) -> str | None:
        """The text with its details; may quote subjects."""
        if self.text is None:
            return None
        at = self.started if self.ended is None else self.ended
        return self.text.render(digest(self.job), at, issues=self.issues, conflicts=self.conflicts)


class Activity(NamedTuple):
    """One row of the Activity tab."""

    at: float
    by: str | None
    details: str


@dataclass(slots=True, eq=False)
class User:
    """One mailbox connected to one Salesforce account.

    Attributes:
        error: whether an error switched the user off.
        ended: ended sessions, newest first.
        trouble: why sessions fail at present; None while they do not, or if they fail without a word.
        failures: failed sessions in a row.
        interval: seconds between two sessions.
        updated: when anything of this user changed last.
        version: how often anything of this user has changed.
        encoded: the row of the users list, until the next change.
    """

    id: str
    name: str
    email: str
    organization: Organization
    plan: Plan | None
    interval: int
    access_type: str | None
    created: float
    ended: deque[Session]
    mailbox: str = INITIALIZED
    switch: str = ENABLED
    error: bool = False
    running: Session | None = None
    issues: tuple[Issue, ...] = ()
    trouble: Text | None = None
    failures: int = 0
    updated: float = 0.0
    version: int = 0
    activity: deque[Activity] = field(default_factory=lambda: deque(maxlen=ACTIVITY_ROWS))
    encoded: bytes | None = None

    @property
    def enters(self) -> str:
        """The mailbox access type that counts."""
        return self.access_type or self.organization.access_type

    @property
    def effective(self) -> str:
        """What errors and the organization leave of the user's own switch."""
        if self.error:
            return DISABLED_BY_ERROR
        return self.switch if self.organization.status == ENABLED else DISABLED

    @property
    def runs(self) -> bool:
        """Whether sessions of this user are started."""
        return self.mailbox == INITIALIZED and self.effective == ENABLED

    @property
    def stall_limit(self) -> float:
        """Seconds without an ended session after which the sync counts as stalled."""
        return 2 * (self.plan.interval if self.plan else DEFAULT_PLAN_INTERVAL) + STALL_SLACK

    def touch(self, at: float) -> None:
        """Note that something changed at `at`."""
        self.updated = max(self.updated, at)
        self.version += 1
        self.encoded = None

    def switched(self, at: float, by: str | None, details: str) -> None:
        """Note on the Activity tab that the sync was switched on or off."""
        self.activity.appendleft(Activity(at, by, f"User synchronization is {details}"))
