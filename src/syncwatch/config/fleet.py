"""The configuration after all checks, as frozen values with nothing left to resolve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syncwatch.config.address import Address
from syncwatch.config.document import Document
from syncwatch.config.secrets import Credential, Secret


@dataclass(frozen=True, slots=True)
class State:
    """Where what survives a restart is kept.

    Attributes:
        path: folder of the embedded journal.
        url: of the PostgreSQL database that is the journal, as SQLAlchemy takes it, without a password; None for
            the embedded one.
        password: what the database asks for, if anything.
        key_file: holds the key of fingerprints and hashed ids, as bytes; given with a database, and only with one.
        retention: seconds for which a tenant that is gone is remembered.
    """

    path: Path
    url: str | None
    password: Secret | None
    key_file: Path | None
    retention: float


@dataclass(frozen=True, slots=True)
class Polling:
    """How often and how patiently panels are polled; all but `concurrency` in seconds.

    Attributes:
        interval: between two polls of a tenant.
        timeout: for one poll as a whole.
        concurrency: polls at the same time.
        stale_after: age at which data no longer counts.
        inventory_interval: between two readings of plans and settings.
        max_session: for which a running session is believed to run.
        default_plan_interval: of a user whose plan is not known.
    """

    interval: float
    timeout: float
    concurrency: int
    stale_after: float
    inventory_interval: float
    max_session: float
    default_plan_interval: float


@dataclass(frozen=True, slots=True)
class OrganizationWide:
    """When one class of trouble is an organization's and not its users'.

    Attributes:
        users: how many must be down with it, at least.
        share: how many of the organization's active users that must be, at least.
        until: below which share of them it is over.
    """

    users: int = 5
    share: float = 0.5
    until: float = 0.25


@dataclass(frozen=True, slots=True)
class Tenant:
    """One firm's panel.

    Attributes:
        id: opaque, unique.
        url: base URL, which may carry a path, or `file:///folder` of exports; no slash at the end. None where
            it is a secret.
        url_secret: the place of a base URL that is a secret, to be checked by `secret_base_url` each time it is
            read. None where it is none.
        profile: id of the panel profile.
        credential: what to send, if the panel asks for something.
        labels: those configured, and always `region`, `team` and `tier`.
        interval: seconds between two polls.
        stale_after: seconds after which its data no longer counts, never less than three intervals.
        parameters: what stands for the profile's placeholders of these names.
        exports_complete: whether its exports leave nothing out; None for what the profile says.
        timezone: IANA name of the zone of times without one; None for the profile's.
        datetime_format: how its panel writes times, to be tried in this order; None for the profile's.
        index: its place in the file, for `Config.document.problem(("tenants", index, ...), ...)`.
    """

    id: str
    url: str | None
    url_secret: Secret | None
    profile: str
    credential: Credential | None
    labels: Mapping[str, str]
    interval: float
    stale_after: float
    parameters: Mapping[str, str]
    exports_complete: bool | None
    timezone: str | None
    datetime_format: tuple[str, ...] | None
    index: int


@dataclass(frozen=True)
class Config:
    """Everything that one configuration file says.

    Attributes:
        document: the file, for problems that only show in the light of other files.
        web_listen: host and port to listen on.
        state: see `State`.
        polling: see `Polling`.
        organization_wide: see `OrganizationWide`.
        session_time_limit: seconds after which the engine itself cuts a session.
        show_email: whether e-mail addresses may be shown to those whose scope allows it.
        template_tenants: how many tenants must have the template of a text that no rule knows for it to be shown.
        panel_files: panel profiles besides the shipped ones.
        rule_files: rules instead of the shipped ones; empty for the shipped ones.
        tenants: in the order of the file.
        label_names: every label of every tenant, sorted; always with `region`, `team` and `tier`.
        warnings: what is not wrong but hardly meant, one line each.
    """

    document: Document = field(repr=False)
    web_listen: Address
    state: State
    polling: Polling
    organization_wide: OrganizationWide
    session_time_limit: float
    show_email: bool
    template_tenants: int
    panel_files: tuple[Path, ...]
    rule_files: tuple[Path, ...]
    tenants: tuple[Tenant, ...]
    label_names: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hex."""
        return self.document.digest
