"""The configuration file, section by section, as it is written.

Each model is one section; unknown keys are refused and text is never guessed from numbers. What depends on
more than one section (references, hosts, secrets) is the loader's business. The commented reference of every
option is config/syncwatch.yaml.
"""

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from syncwatch.config.address import Address, Listen, ListUrl, PanelUrl, ProxyUrl, WebUrl, folder_of
from syncwatch.config.database import DatabaseUrl
from syncwatch.config.duration import Duration
from syncwatch.config.fields import (
    FilePattern,
    Identifier,
    LabelName,
    LabelValue,
    ParameterName,
    ParameterValue,
    Pattern,
    Place,
    Share,
    TargetsPattern,
    TimeFormats,
    Username,
)
from syncwatch.config.hosts import HostEntry
from syncwatch.config.moments import Instant, Zone

SOURCES = (
    "client_secret_file", "client_secret_env", "token_file", "token_env", "password_file", "password_env",
)  # fmt: skip


class Section(BaseModel):
    """What all sections have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WebSection(Section):
    """Where the daemon answers, to whom, and where people reach its pages and Grafana; the file with certificates and users is a `web.access.WebConfig`."""

    listen: Listen = Address("127.0.0.1", 9797)
    config_file: Place | None = None
    allow_unauthenticated: StrictBool = False
    external_url: WebUrl | None = None
    grafana_url: WebUrl | None = None


class ReloadSection(Section):
    """How often the files that are in use are looked at for changes; seconds."""

    interval: Duration = 10.0


class StateSection(Section):
    """Where the daemon keeps what survives a restart: a folder, or a PostgreSQL database with its key and password."""

    path: Place = "/var/lib/syncwatch"
    url: DatabaseUrl | None = None
    password_file: Place | None = None
    password_env: Place | None = None
    key_file: Place | None = None
    retention: Duration = 259_200.0

    @model_validator(mode="after")
    def _is_a_folder_or_a_database(self) -> Self:
        for key in ("password_file", "password_env", "key_file"):
            if self.url is None and getattr(self, key) is not None:
                raise ValueError(f"`{key}` goes with a `url`, and only with one")
        if self.password_file is not None and self.password_env is not None:
            raise ValueError("takes only one of `password_file`, `password_env`")
        if self.url is not None and self.key_file is None:
            raise ValueError(
                "needs a `key_file` with this `url`: make one by `head -c 32 /dev/urandom > FILE`, and keep it"
            )
        return self


class PollingSection(Section):
    """How often and how patiently panels are polled; durations in seconds."""

    interval: Duration = 300.0
    timeout: Duration = 30.0
    connect_timeout: Duration = 10.0
    read_timeout: Duration = 15.0
    concurrency: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    stale_after: Duration = 900.0
    inventory_interval: Duration = 3600.0
    max_session: Duration = 3600.0
    default_plan_interval: Duration = 1800.0


class BudgetSection(Section):
    """What may be asked at once and in a second of one kind of destination; None for as much as there is."""

    concurrency: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None
    rate: Annotated[float, Field(strict=True, gt=0, le=100_000)] | None = None
    burst: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _burst_is_of_a_rate(self) -> Self:
        if self.burst is not None and self.rate is None:
            raise ValueError("`burst` goes with a `rate`, and only with one")
        return self


class HostBudgetSection(BudgetSection):
    """Of each host."""

    concurrency: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = 20


class GroupBudgetSection(BudgetSection):
    """Of all tenants with one `budget_group`."""

    shared_pause: StrictBool = False


class BudgetsSection(Section):
    """How much panels are asked."""

    total: BudgetSection = BudgetSection()
    host: HostBudgetSection = HostBudgetSection()
    groups: dict[Identifier, GroupBudgetSection] = Field(default_factory=dict)


class OrganizationWideSection(Section):
    """From when on, and for how long, one class of trouble is an organization's and not its users'."""

    users: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 5
    share: Share = 0.5
    until: Share = 0.25

    @model_validator(mode="after")
    def _ends_below_its_beginning(self) -> Self:
        if self.until > self.share:
            raise ValueError("`until` must not be above `share`: a cause that begins would end at once")
        return self


class DiagnosisSection(Section):
    """What verdicts are made by."""

    organization_wide: OrganizationWideSection = OrganizationWideSection()
    session_time_limit: Duration = 3600.0


class CredentialSection(Section):
    """One credential: an OAuth2 client with its secret, a static token, or a name with its password."""

    client_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    client_secret_file: Pattern | None = None
    client_secret_env: Pattern | None = None
    token_file: Pattern | None = None
    token_env: Pattern | None = None
    username: Username | None = None
    password_file: Pattern | None = None
    password_env: Pattern | None = None
    hosts: Annotated[tuple[HostEntry, ...], Field(min_length=1)] | None = None
    allow_plain_http: StrictBool = False

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        given = [source for source in SOURCES if getattr(self, source) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(f'`{source}`' for source in SOURCES)}")
        if (self.client_id is not None) != given[0].startswith("client_secret"):
            raise ValueError("`client_id` goes with a client secret, and only with one")
        if (self.username is not None) != given[0].startswith("password"):
            raise ValueError("`username` goes with a password, and only with one")
        return self


class PrivacySection(Section):
    """What may be shown of users and of their texts."""

    show_email: StrictBool = False
    template_tenants: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 3


class FilesSection(Section):
    """Patterns of files, relative to the configuration file."""

    files: tuple[FilePattern, ...] = ()


class TlsSection(Section):
    """What a TLS connection goes by instead of the system's authorities, and who we are there."""

    ca_file: Place | None = None
    cert_file: Place | None = None
    key_file: Place | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("`key_file` goes with a `cert_file`, and only with one")
        if self.ca_file is None and self.cert_file is None:
            raise ValueError("is empty: add `ca_file` or `cert_file`, or remove it")
        return self


class ProxySection(Section):
    """An HTTP proxy, and who we are there."""

    url: ProxyUrl
    username: Username | None = None
    password_file: Place | None = None
    password_env: Place | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = [key for key in ("password_file", "password_env") if getattr(self, key) is not None]
        if (self.username is not None) != (len(given) == 1):
            raise ValueError("`username` goes with exactly one of `password_file`, `password_env`")
        return self


class FileDiscoverySection(Section):
    """Files of targets, in Prometheus' `file_sd` format."""

    files: Annotated[tuple[TargetsPattern, ...], Field(min_length=1)]
    refresh_interval: Duration = 300.0


class HttpDiscoverySection(Section):
    """A list of targets over HTTP, in Prometheus' `http_sd` format."""

    url: Annotated[ListUrl, Field(repr=False)]
    refresh_interval: Duration = 60.0
    timeout: Duration = 10.0
    credentials: Identifier | None = None
    tls: TlsSection | None = None
    proxy: ProxySection | None = None


class DiscoverySection(Section):
    """Where tenants come from besides `tenants`."""

    file_sd: tuple[FileDiscoverySection, ...] = ()
    http_sd: tuple[HttpDiscoverySection, ...] = ()


class MaintenanceSection(Section):
    """A time in which trouble is expected: of some tenants, of those with some labels, or of all."""

    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    tenants: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    labels: Annotated[dict[LabelName, LabelValue], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("`to` must be after `from`")
        if self.tenants is not None and self.labels is not None:
            raise ValueError("takes only one of `tenants`, `labels`")
        return self


class TenantSection(Section):
    """One tenant; either its URL is here, or the name of the file that holds it."""

    id: Identifier
    url: PanelUrl | None = None
    url_file: Annotated[Pattern | None, Field(validate_default=True)] = None
    profile: Identifier = "litify-inbox"
    credentials: Identifier | None = None
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict)
    interval: Duration | None = None
    stale_after: Duration | None = None
    parameters: dict[ParameterName, ParameterValue] = Field(default_factory=dict)
    exports_complete: StrictBool | None = None
    timezone: Zone | None = None
    datetime_format: TimeFormats | None = None
    tls: TlsSection | None = None
    proxy: ProxySection | None = None
    budget_group: Identifier | None = None
    onboarding_until: Instant | None = None

    @field_validator("url_file")
    @classmethod
    def _is_in_one_place(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Checked as a field, because a check of the whole would wait until all else is right."""
        if "url" in info.data and (value is None) == (info.data["url"] is None):
            raise ValueError("needs exactly one of `url`, `url_file`")
        return value

    @field_validator("credentials")
    @classmethod
    def _are_for_a_panel(cls, value: str | None, info: ValidationInfo) -> str | None:
        url = info.data.get("url")
        if value is not None and url is not None and folder_of(url) is not None:
            raise ValueError("a folder (`url: file:///...`) is read without a credential: remove this key")
        return value


class Outline(Section):
    """The whole file; credentials and tenants are taken as they are, to be checked one by one."""

    web: WebSection = WebSection()
    state: StateSection = StateSection()
    reload: ReloadSection = ReloadSection()
    polling: PollingSection = PollingSection()
    budgets: BudgetsSection = BudgetsSection()
    diagnosis: DiagnosisSection = DiagnosisSection()
    credentials: dict[Identifier, Any] = Field(default_factory=dict)
    privacy: PrivacySection = PrivacySection()
    panels: FilesSection = FilesSection()
    rules: FilesSection = FilesSection()
    discovery: DiscoverySection = DiscoverySection()
    maintenance: tuple[MaintenanceSection, ...] = ()
    tenants: list[Any] = Field(default_factory=list)
