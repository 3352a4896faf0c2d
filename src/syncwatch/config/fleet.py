"""The sections of the configuration after all checks, as frozen values with nothing left to resolve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
class Tls:
    """Files that a TLS connection goes by.

    Attributes:
        ca_file: the authorities that are trusted, instead of the system's.
        cert_file: our certificate, if we show one.
        key_file: its key, if that is not in the same file.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and who we are there.

    Attributes:
        url: scheme, host and port.
        username: who asks, if it wants to know.
        password: the secret that goes with it.
    """

    url: str
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be asked; None for as much as there is.

    Attributes:
        concurrency: requests at once.
        rate: requests a second, in the long run.
        burst: requests in a row before the rate holds.
    """

    concurrency: int | None = None
    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much panels are asked.

    Attributes:
        total: all of them together.
        host: each host.
        groups: all tenants of a budget group, by its name.
        shared_pauses: groups that one tenant's panel pauses as a whole.
    """

    total: Budget = Budget()
    host: Budget = Budget(concurrency=20)
    groups: Mapping[str, Budget] = field(default_factory=dict)
    shared_pauses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileDiscovery:
    """Files of targets.

    Attributes:
        patterns: which ones, as absolute patterns; the names end in .json, .yaml or .yml.
        interval: seconds between two looks, besides those at changes of files.
    """

    patterns: tuple[str, ...]
    interval: float


@dataclass(frozen=True, slots=True)
class HttpDiscovery:
    """A list of targets over HTTP.

    Attributes:
        url: where it is, with its query.
        interval: seconds between two requests.
        timeout: seconds for one.
        credential: what to send, a token or a name with its password.
        tls: see `Tls`.
        proxy: see `Proxy`.
    """

    url: str = field(repr=False)
    interval: float
    timeout: float
    credential: Credential | None = None
    tls: Tls | None = None
    proxy: Proxy | None = None


Discovery = FileDiscovery | HttpDiscovery


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A time in which trouble is expected, Unix seconds; of all tenants unless it names some.

    Attributes:
        begin: from when on.
        end: until when.
        tenants: ids; None for those with `labels`.
        labels: what a tenant's labels must be; None for those in `tenants`.
    """

    begin: float
    end: float
    tenants: frozenset[str] | None = None
    labels: Mapping[str, str] | None = None

    def covers(self, tenant: str, labels: Mapping[str, str]) -> bool:
        """Whether it is of this tenant, whenever."""
        if self.tenants is not None:
            return tenant in self.tenants
        return all(labels.get(name) == value for name, value in (self.labels or {}).items())


@dataclass(frozen=True, slots=True)
class Polling:
    """How often and how patiently panels are polled; all but `concurrency` in seconds.

    Attributes:
        interval: between two polls of a tenant.
        timeout: for one poll as a whole.
        connect_timeout: for a connection.
        read_timeout: between two pieces of an answer.
        concurrency: polls at the same time.
        stale_after: age at which data no longer counts.
        inventory_interval: between two readings of plans and settings.
        max_session: for which a running session is believed to run.
        default_plan_interval: of a user whose plan is not known.
    """

    interval: float
    timeout: float
    connect_timeout: float
    read_timeout: float
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
        tls: see `Tls`.
        proxy: see `Proxy`.
        budget_group: with whom it shares a budget; its profile's id unless it says another.
        maintenance: times in which trouble is expected, each from and to, Unix seconds; its onboarding is one.
        index: its place in what it was written in: for one of the file `Config.document.problem(("tenants", index, ...), ...)`.
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
    tls: Tls | None
    proxy: Proxy | None
    budget_group: str
    maintenance: tuple[tuple[float, float], ...]
    index: int
