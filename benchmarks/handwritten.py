"""The users page of the shipped profile as a person would write it: the baseline of `decode`.

The same fields with the same limits as `panel/tables.py` gives them, and the same meanings.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from syncwatch.model import Mailbox, Outcome, Source, Switch

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Reference = Annotated[str, Meta(max_length=200)]

SWITCHES: Mapping[str | None, Switch] = MappingProxyType(
    {
        "Enabled": Switch.ENABLED,
        "Disabled": Switch.DISABLED,
        "Disabled due to an error": Switch.DISABLED_BY_ERROR,
    }
)
MAILBOXES: Mapping[str | None, Mailbox] = MappingProxyType(
    {"Initialized": Mailbox.INITIALIZED, "Not initialized": Mailbox.NOT_INITIALIZED}
)
OUTCOMES: Mapping[str | None, Outcome] = MappingProxyType(
    {"finished": Outcome.COMPLETED, "errors": Outcome.ERRORS, "running": Outcome.RUNNING}
)
SOURCES: Mapping[str, Source] = MappingProxyType(
    {"Unknown": Source.UNKNOWN, "Microsoft Exchange": Source.EXCHANGE, "Connector": Source.CONNECTOR}
)
ACCESS_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "Exchange basic (EWS API) - End User": "ews_basic_user",
        "Exchange basic (EWS API) - Impersonated": "ews_basic_impersonated",
        "Microsoft 365 OAuth (EWS API) - End User": "m365_ews_user",
        "Microsoft 365 OAuth (EWS API) - Impersonated": "m365_ews_impersonated",
        "Microsoft 365 OAuth (Graph API) - End User": "m365_graph_user",
        "Microsoft 365 OAuth (Graph API) - App-only": "m365_graph_app_only",
        "Google Direct Logon": "google_direct",
        "Google Service Account": "google_service_account",
    }
)


class Session(msgspec.Struct, rename="camel", frozen=True, eq=False, gc=False):
    """The object `lastSession`."""

    job_id: Id
    started_at: datetime
    status: str
    ended_at: datetime | None = None
    message: str | None = None
    error_source: str | None = None


class User(msgspec.Struct, frozen=True, eq=False, gc=False, kw_only=True):
    """One row; what means something else on the wire is a property, as in the compiled one."""

    id: Id = msgspec.field(name="userId")
    called: Any = msgspec.field(name="name", default=None)
    email: Any = None
    organization_id: Reference | None = msgspec.field(name="organizationId")
    plan: Reference | None = msgspec.field(name="planId", default=None)
    mailbox_status: str | None = msgspec.field(name="mailboxStatus")
    own_status: str | None = msgspec.field(name="synchronizationStatus")
    effective_status: str | None = msgspec.field(name="effectiveSynchronizationStatus")
    disabled_due_to_error: bool | None = msgspec.field(name="disabledDueToError")
    access: str | None = msgspec.field(name="mailboxAccessType", default=None)
    created_on: datetime | None = msgspec.field(name="createdOn", default=None)
    issues: Annotated[int, Meta(ge=0, lt=2**31)]
    session: Session | None = msgspec.field(name="lastSession")

    @property
    def name(self) -> str | None:
        """Only a short text is one."""
        return _name(self.called)

    @property
    def address(self) -> str | None:
        """Only a short text is one."""
        return _name(self.email)

    @property
    def organization(self) -> str:
        """Empty for none."""
        return self.organization_id or ""

    @property
    def mailbox(self) -> Mailbox:
        """What the word means."""
        return MAILBOXES.get(self.mailbox_status, Mailbox.UNKNOWN)

    @property
    def switch(self) -> Switch:
        """What the word means."""
        return SWITCHES.get(self.own_status, Switch.UNKNOWN)

    @property
    def effective(self) -> Switch:
        """What the word means."""
        return SWITCHES.get(self.effective_status, Switch.UNKNOWN)

    @property
    def error(self) -> bool:
        """False for null."""
        return self.disabled_due_to_error or False

    @property
    def access_type(self) -> str | None:
        """What the word means, if there is one."""
        return None if self.access is None else ACCESS_TYPES.get(self.access, "unknown")

    @property
    def created(self) -> float | None:
        """Unix seconds."""
        return None if self.created_on is None else self.created_on.timestamp()

    @property
    def session_job(self) -> str | None:
        """None without a session."""
        return None if self.session is None else self.session.job_id

    @property
    def session_started(self) -> float | None:
        """Unix seconds."""
        return None if self.session is None else self.session.started_at.timestamp()

    @property
    def session_ended(self) -> float | None:
        """Unix seconds."""
        ended = None if self.session is None else self.session.ended_at
        return None if ended is None else ended.timestamp()

    @property
    def session_outcome(self) -> Outcome | None:
        """What the word means."""
        return None if self.session is None else OUTCOMES.get(self.session.status, Outcome.UNKNOWN)

    @property
    def session_message(self) -> str | None:
        """Privileged."""
        return None if self.session is None else self.session.message

    @property
    def session_source(self) -> Source | None:
        """What the word means, if there is one."""
        blamed = None if self.session is None else self.session.error_source
        return None if blamed is None else SOURCES.get(blamed, Source.UNKNOWN)


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= 400 else None  # noqa: PLR2004


class UsersPage(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A page of the users list."""

    rows: Annotated[list[User], Meta(max_length=50_000)] = msgspec.field(name="data")
    next: Annotated[str, Meta(max_length=2048)] | None = msgspec.field(name="nextCursor")
