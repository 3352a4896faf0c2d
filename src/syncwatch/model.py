"""The frozen values that travel from stage to stage.

Facts are what a poll learned, verdicts are what they mean at an instant. None of these values ever carries a
remote text, a name or an address: ids, codes, times and findings only, so that whatever prints, stores or
serves one cannot leak. All times are Unix seconds, all durations seconds. Frozen values cannot form a cycle, so
the garbage collector need not look at them (`gc=False`): a million users would cost it half a second at a time.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import msgspec

UNCLASSIFIED = "unclassified"  # a text that no rule knows
NO_MESSAGE = "no_message"  # a failure without a text


class State(StrEnum):
    """Where a user's sync stands; every user is in exactly one, the first that fits, in this order."""

    UNKNOWN = "unknown"
    NOT_INITIALIZED = "not_initialized"
    ORGANIZATION_OFF = "organization_off"
    DOWN = "down"
    PAUSED = "paused"
    STALLED = "stalled"
    FAILING = "failing"
    UP = "up"

    @property
    def sync_is_down(self) -> bool:
        """Failing, down or stalled: the user expects a sync and has none."""
        return self in {State.FAILING, State.DOWN, State.STALLED}

    @property
    def active(self) -> bool:
        """Up, or down against everyone's wish."""
        return self is State.UP or self.sync_is_down


class Owner(StrEnum):
    """Who must act."""

    END_USER = "end_user"
    CLIENT_ADMIN = "client_admin"
    SALESFORCE_ADMIN = "salesforce_admin"
    MAIL_ADMIN = "mail_admin"
    NETWORK_ADMIN = "network_admin"
    VENDOR_SUPPORT = "vendor_support"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Mailbox(StrEnum):
    """Whether the product was ever connected to the user's mailbox."""

    INITIALIZED = "initialized"
    NOT_INITIALIZED = "not_initialized"
    UNKNOWN = "unknown"


class Switch(StrEnum):
    """A synchronization status, of a user or of an organization."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DISABLED_BY_ERROR = "disabled_by_error"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a session row says of its own end, before its message is read."""

    COMPLETED = "completed"
    ERRORS = "errors"  # failed, or completed with issues: the message decides
    RUNNING = "running"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """What a panel that shows no sessions says of a user's sync itself."""

    UP = "up"
    FAILING = "failing"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """Which of the two connected systems."""

    MAILBOX = "mailbox"
    CRM = "crm"


class AccessType(StrEnum):
    """How the product enters a mailbox: our slugs, a closed set."""

    EWS_BASIC_USER = "ews_basic_user"
    EWS_BASIC_IMPERSONATED = "ews_basic_impersonated"
    M365_EWS_USER = "m365_ews_user"
    M365_EWS_IMPERSONATED = "m365_ews_impersonated"
    M365_GRAPH_USER = "m365_graph_user"
    M365_GRAPH_APP_ONLY = "m365_graph_app_only"
    GOOGLE_DIRECT = "google_direct"
    GOOGLE_SERVICE_ACCOUNT = "google_service_account"
    UNKNOWN = "unknown"


IMPERSONATED = frozenset(
    {
        AccessType.EWS_BASIC_IMPERSONATED,
        AccessType.M365_EWS_IMPERSONATED,
        AccessType.M365_GRAPH_APP_ONLY,
        AccessType.GOOGLE_SERVICE_ACCOUNT,
    }
)
"""By the organization's account: such a user has no credential in the product, and cannot log in again."""


class Source(StrEnum):
    """Which part of the product a session blames."""

    EXCHANGE = "exchange"
    CONNECTOR = "connector"  # to the CRM
    ENGINE = "engine"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way an item was to go; an issue's text comes from the system at the end of the way."""

    TO_CRM = "to_crm"
    TO_MAILBOX = "to_mailbox"
    UNKNOWN = "unknown"


class Operation(StrEnum):
    """What was to be done to an item."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a user was switched off, by the Activity tab."""

    PERSON = "person"
    AUTHORIZATION = "authorization"
    THROTTLING = "throttling"
    OTHER = "other"


class Change(StrEnum):
    """What a row of the Activity tab says that happened to a user."""

    ENABLED = "enabled"
    DISABLED = "disabled"  # by a person
    DISABLED_BY_AUTHORIZATION = "disabled_by_authorization"
    DISABLED_BY_THROTTLING = "disabled_by_throttling"
    DISABLED_BY_OTHER = "disabled_by_other"
    UNRELATED = "unrelated"  # to whether the sync runs
    UNKNOWN = "unknown"


class Context(NamedTuple):
    """What stands around a text and may decide who must act.

    Attributes:
        access: slug of the mailbox access type, the organization's where the user has none.
        side: the system that speaks.
        source: the part of the product that the session blames.
        settings: the organization's settings that are known, by name; what is not listed is not visible, and not 0.
    """

    access: str | None = None
    side: Side | None = None
    source: Source | None = None
    settings: Mapping[str, int] = MappingProxyType({})


NO_CONTEXT = Context()


class Marks(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a rule knows about a text beyond its class.

    Attributes:
        token_expired: the side whose token is expired or revoked.
        duplicate_guard: the engine stopped the whole user so as not to create duplicates.
        organization_wide: what it speaks of is not one user's, but the whole organization's.
        completed: the text belongs to a session that did complete, with or without issues.
    """

    token_expired: Side | None = None
    duplicate_guard: bool = False
    organization_wide: bool = False
    completed: bool = False


class Finding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A text after classification; never the text itself.

    Attributes:
        class_: slug of the class in the catalogue, or `unclassified`.
        owner: who must act.
        rule: id of the rule that matched, empty if none did.
        codes: codes known to the rules that the text carries.
        confidence: 0 to 1, the rule's own claim; 0 for `unclassified`.
        transient: whether this class usually passes by itself.
        marks: see `Marks`.
        template: of a text that no rule knows, what remains when everything is masked that may be anybody's; "" of
            others.
    """

    class_: str
    owner: Owner
    rule: str = ""
    codes: tuple[str, ...] = ()
    confidence: float = 0.0
    transient: bool = False
    marks: Marks = Marks()
    template: str = ""


class SessionFacts(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One ended session.

    Attributes:
        job: the panel's job id.
        started: when it began.
        ended: when it ended.
        completed: whether it did its work, with or without issues.
        finding: what its message says if it failed; None without a message.
    """

    job: str
    started: float
    ended: float
    completed: bool
    finding: Finding | None = None

    @property
    def transient(self) -> bool:
        """Whether it failed for something that usually passes by itself."""
        return not self.completed and self.finding is not None and self.finding.transient


class Running(msgspec.Struct, frozen=True, gc=False):
    """A session that has not ended: it says nothing about its outcome, but how long it runs counts."""

    job: str
    started: float


class IssueFacts(msgspec.Struct, frozen=True, gc=False):
    """Equal rows of one user's Issues tab.

    Attributes:
        fingerprint: keyed hash that recognises the same problem in the next snapshot.
        finding: its class, owner and marks.
        count: how many equal rows there are.
        direction: which way the item was to go.
        operation: what was to be done to it.
    """

    fingerprint: bytes
    finding: Finding
    count: int = 1
    direction: Direction = Direction.UNKNOWN
    operation: Operation = Operation.UNKNOWN


class SwitchedOff(msgspec.Struct, frozen=True, gc=False):
    """That a user was switched off, by the Activity tab: when, and why. By whom is told only as far as that."""

    at: float
    why: Why


class UserFacts(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is known of one user.

    Attributes:
        id: the panel's opaque id.
        organization: id of the organization.
        plan: id of the plan, if any.
        mailbox: whether the mailbox was set up.
        switch: the user's own switch.
        effective: what organization and errors leave of it; None where that is to be worked out.
        condition: what the panel itself says of a sync whose sessions it does not show.
        error: the panel's flag *Disabled due to an error*.
        access_type: slug of the mailbox access type; None where the organization's counts.
        created: when the user was created.
        last: the newest ended session.
        before: the ended sessions before `last`, newest first, two at most; empty if there was none or none is known.
        before_known: whether `before` was looked for.
        running: the session that runs now, if any.
        odd_session: whether the newest session has a status that the profile does not know, or is of the future.
        issue_rows: rows on the Issues tab, as the list says; None if it does not.
        issues: those rows, read and classified.
        switched_off: what the Activity tab says of it; None if nothing, or if it was not asked.
        activity_known: whether the Activity tab was asked since the statuses last changed or a session last started.
    """

    id: str
    organization: str = ""
    plan: str | None = None
    mailbox: Mailbox = Mailbox.UNKNOWN
    switch: Switch = Switch.UNKNOWN
    effective: Switch | None = Switch.UNKNOWN
    condition: Condition | None = None
    error: bool = False
    access_type: str | None = None
    created: float | None = None
    last: SessionFacts | None = None
    before: tuple[SessionFacts, ...] = ()
    before_known: bool = False
    running: Running | None = None
    odd_session: bool = False
    issue_rows: int | None = 0
    issues: tuple[IssueFacts, ...] = ()
    switched_off: SwitchedOff | None = None
    activity_known: bool = False


SETTINGS = (
    "ServiceAutoTrackRecurrentEvents",
    "ServiceSyncNotRespondedInvitations",
    "SalesForceAPICallMinCount",
    "SalesForceAPICallMinPercent",
)
"""The settings of an organization that are kept: those on which a verdict or an owner may depend."""


class OrganizationFacts(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is known of one organization; see `rows.OrganizationRow`.

    `settings` are those of `SETTINGS` that it lists, by name; what it does not list is not visible, and not 0.
    """

    id: str
    switch: Switch = Switch.UNKNOWN
    access_type: str | None = None
    crm_connected: bool | None = None
    settings: Mapping[str, int] = MappingProxyType({})


class Ground(StrEnum):
    """What a verdict rests on."""

    STATUSES = "statuses"  # they say it alone
    FAILURE = "failure"  # of the last ended session
    TIME_LIMIT = "time_limit"  # that cut session after session
    ACTIVITY = "activity"  # the Activity tab, where no text speaks
    COMPLETION = "completion"  # of the last ended session
    BLIP = "blip"  # it failed, for the first time and for something that passes by itself
    NOT_DUE = "not_due"  # no session has ended yet, and none should have for long enough
    SILENCE = "silence"  # none ended for too long
    ENDLESS = "endless"  # one runs for too long
    HIDDEN = "hidden"  # sessions are not visible: the panel's own word counts, if there is one
    LEFT_OUT = "left_out"  # sessions may be missing: the same


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The state of a user at an instant, and what it rests on.

    Attributes:
        state: the user's state.
        class_: what kind of trouble, where the sync is down; None otherwise.
        owner: who must act, where the sync is down; None otherwise.
        ground: what it rests on.
        since: when the evidence for this state came about, as far as the facts tell.
        until: the instant at which time alone changes the verdict; `inf` if it never does.
        finding: what the last failed session's text says, if it has one; the class is another where the text alone does
            not decide it (`TIME_LIMIT`, `ACTIVITY`).
    """

    state: State
    class_: str | None = None
    owner: Owner | None = None
    ground: Ground = Ground.STATUSES
    since: float | None = None
    until: float = inf
    finding: Finding | None = None


class Cause(msgspec.Struct, frozen=True, gc=False):
    """One trouble of a whole organization, of which its users' are symptoms.

    Attributes:
        organization: its id.
        class_: what kind of trouble.
        owner: who must act, by most of its users' verdicts.
        down: users of it whose sync is down with that class.
        active: users of it whose sync is meant to run.
    """

    organization: str
    class_: str
    owner: Owner
    down: int
    active: int


OwnerOf = Callable[[str, Context], Owner]
"""Who must act about a class, given what stands around it."""

Plans = Mapping[str, float]  # plan id -> seconds between two sessions
