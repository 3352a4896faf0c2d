"""The configuration file, section by section, as it is written.

Each model is one section; unknown keys are refused and text is never guessed from numbers. What depends on
more than one section (references, hosts, secrets) is the loader's business. The commented reference of every
option is config/syncwatch.yaml.
"""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from syncwatch.config.address import Address, BaseUrl, HostEntry, Listen
from syncwatch.config.duration import Duration

RESERVED_LABELS = frozenset({
    "tenant", "profile", "le", "job", "instance", "state", "class", "owner", "reason",
})  # fmt: skip
TENANT = "{tenant}"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


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


def _pattern(value: str) -> str:
    if not value or "\0" in value:
        raise ValueError("must name a file or a variable")
    if set("{}") & set(value.replace(TENANT, "")):
        raise ValueError("only `{tenant}` may stand in braces")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]
LabelName = Annotated[str, AfterValidator(_label)]
LabelValue = Annotated[str, Field(max_length=200)]
Pattern = Annotated[str, AfterValidator(_pattern)]
FilePattern = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """What all sections have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WebSection(Section):
    """Where the daemon answers."""

    listen: Listen = Address("127.0.0.1", 9797)


class StateSection(Section):
    """Where the daemon keeps what survives a restart."""

    path: Annotated[str, Field(min_length=1)] = "/var/lib/syncwatch"


class PollingSection(Section):
    """How often and how patiently panels are polled; durations in seconds."""

    interval: Duration = 300.0
    timeout: Duration = 30.0
    concurrency: Annotated[StrictInt, Field(ge=1, le=10_000)] = 100
    stale_after: Duration = 900.0
    inventory_interval: Duration = 3600.0
    max_session: Duration = 3600.0
    default_plan_interval: Duration = 1800.0


class CredentialSection(Section):
    """One credential: an OAuth2 client with its secret, or a static bearer token."""

    client_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    client_secret_file: Pattern | None = None
    client_secret_env: Pattern | None = None
    token_file: Pattern | None = None
    token_env: Pattern | None = None
    hosts: Annotated[tuple[HostEntry, ...], Field(min_length=1)] | None = None
    allow_plain_http: StrictBool = False

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        secrets = [self.client_secret_file, self.client_secret_env]
        tokens = [self.token_file, self.token_env]
        given = [source for source in secrets + tokens if source is not None]
        if len(given) != 1:
            raise ValueError(
                "needs exactly one of `client_secret_file`, `client_secret_env`, `token_file`, `token_env`"
            )
        if (self.client_id is None) != (given[0] in tokens):
            raise ValueError("`client_id` goes with a client secret, and only with one")
        return self


class PrivacySection(Section):
    """What may be shown of a user."""

    show_email: StrictBool = False


class FilesSection(Section):
    """Patterns of files, relative to the configuration file."""

    files: tuple[FilePattern, ...] = ()


class TenantSection(Section):
    """One tenant."""

    id: Identifier
    url: BaseUrl
    profile: Identifier = "litify-inbox"
    credentials: Identifier | None = None
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict)
    interval: Duration | None = None
    stale_after: Duration | None = None


class Outline(Section):
    """The whole file; credentials and tenants are taken as they are, to be checked one by one."""

    web: WebSection = WebSection()
    state: StateSection = StateSection()
    polling: PollingSection = PollingSection()
    credentials: dict[Identifier, Any] = Field(default_factory=dict)
    privacy: PrivacySection = PrivacySection()
    panels: FilesSection = FilesSection()
    rules: FilesSection = FilesSection()
    tenants: list[Any]
