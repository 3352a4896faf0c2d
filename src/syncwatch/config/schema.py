"""The configuration file, section by section, as it is written.

Each model is one section; unknown keys are refused and text is never guessed from numbers. What depends on
more than one section (references, hosts, secrets) is the loader's business. The commented reference of every
option is config/syncwatch.yaml.
"""

import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from syncwatch.config.address import Address, HostEntry, Listen, PanelUrl, folder_of
from syncwatch.config.database import DatabaseUrl
from syncwatch.config.duration import Duration
from syncwatch.config.moments import TimeFormat, Zone

RESERVED_LABELS = frozenset({
    "tenant", "profile", "le", "job", "instance", "state", "class", "owner", "reason",
})  # fmt: skip
RESERVED_PARAMETERS = frozenset({"user", "organization", "origin", "tenant"})
SOURCES = (
    "client_secret_file", "client_secret_env", "token_file", "token_env", "password_file", "password_env",
)  # fmt: skip
TENANT = "{tenant}"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,30}")
_PARAMETER_VALUE = re.compile(r"(?!\.+\Z)[A-Za-z0-9._-]{1,200}")  # a path made of `..` would be another one
_USERNAME = re.compile(r"[^:\x00-\x1f\x7f-\x9f]{1,500}")


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("must be 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit")
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError("must be letters, digits and `_`, the first no digit and not `__`: rename the label")
    if value in RESERVED_LABELS:
        raise ValueError("is a label that Syncwatch or Prometheus sets: rename the label")
    return value


def _parameter(value: str) -> str:
    if not _PARAMETER.fullmatch(value):
        raise ValueError("must be 1 to 31 lower-case letters, digits and `_`, the first a letter")
    if value in RESERVED_PARAMETERS:
        raise ValueError("is a placeholder that Syncwatch fills in: rename the parameter")
    return value


def _parameter_value(value: str) -> str:
    if not _PARAMETER_VALUE.fullmatch(value):
        raise ValueError("must be 1 to 200 letters, digits, `.`, `_` or `-`, and not dots alone")
    return value


def _username(value: str) -> str:
    if not _USERNAME.fullmatch(value):
        raise ValueError("must be 1 to 500 characters, without `:` and control characters")
    return value


def _listed(value: Any) -> Any:
    if value == []:
        raise ValueError("is empty: remove the key, or write a format")
    return [value] if isinstance(value, str) else value


def _place(value: str) -> str:
    if not value or "\0" in value:
        raise ValueError("must name a file, a folder or a variable")
    return value


def _pattern(value: str) -> str:
    if set("{}") & set(value.replace(TENANT, "")):
        raise ValueError("only `{tenant}` may stand in braces")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]
LabelName = Annotated[str, AfterValidator(_label)]
LabelValue = Annotated[str, Field(max_length=200)]
ParameterName = Annotated[str, AfterValidator(_parameter)]
ParameterValue = Annotated[str, AfterValidator(_parameter_value)]
Username = Annotated[str, AfterValidator(_username)]
TimeFormats = Annotated[tuple[TimeFormat, ...], Field(max_length=20), BeforeValidator(_listed)]
Place = Annotated[str, AfterValidator(_place)]
Pattern = Annotated[Place, AfterValidator(_pattern)]
Share = Annotated[float, Field(strict=True, gt=0, le=1)]
FilePattern = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """What all sections have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WebSection(Section):
    """Where the daemon answers."""

    listen: Listen = Address("127.0.0.1", 9797)


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
    concurrency: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    stale_after: Duration = 900.0
    inventory_interval: Duration = 3600.0
    max_session: Duration = 3600.0
    default_plan_interval: Duration = 1800.0


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
    polling: PollingSection = PollingSection()
    diagnosis: DiagnosisSection = DiagnosisSection()
    credentials: dict[Identifier, Any] = Field(default_factory=dict)
    privacy: PrivacySection = PrivacySection()
    panels: FilesSection = FilesSection()
    rules: FilesSection = FilesSection()
    tenants: list[Any]
