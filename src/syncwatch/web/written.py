"""The web configuration file as it is written: the format of Prometheus' exporters, and two sections of ours.

A file that was written for an exporter works unchanged wherever that is safe. What cannot be done here, or would be no
protection, is refused with words that say what to write instead.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from syncwatch.config.duration import seconds
from syncwatch.config.fields import Identifier, Place, Username
from syncwatch.config.schema import Section
from syncwatch.web.ciphers import TLS12, TLS13

# of a bcrypt hash; each step doubles the work, and the last is seconds for each new login
LOWEST_COST, HIGHEST_COST = 4, 16

_HASH = re.compile(
    r"\$2[aby]\$([0-9]{2})\$"
    r"[./A-Za-z0-9]{21}[.Oeu]"  # the salt is 16 bytes: its last character has two bits, and bcrypt takes no others
    r"[./A-Za-z0-9]{31}"
)
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")
_ZERO = re.compile(r"0+(\.0+)?(ns|us|ms|s|m|h)?")

CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


def _bcrypt(value: str) -> str:
    found = _HASH.fullmatch(value)
    if found is None:
        raise ValueError(
            "must be a bcrypt hash: make one by `htpasswd -nBC 10 NAME`, and write what follows the colon"
        )
    if not LOWEST_COST <= int(found[1]) <= HIGHEST_COST:
        raise ValueError(f"has a cost that is not from {LOWEST_COST} to {HIGHEST_COST}: 10 is usual")
    return value


def _digest(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError('must be 64 hexadecimal digits: make them by `printf %s "$TOKEN" | sha256sum`')
    return value.lower()


def _in_a_file(value: Any) -> None:
    if value is not None:
        raise ValueError(
            "certificates are taken from files only: write this to one, and name it by the same key with `_file`"
        )


def _cipher(value: str) -> str:
    if value not in TLS12 and value not in TLS13:
        raise ValueError(f"is not one of those that are safe and can be had: {', '.join([*TLS12, *TLS13])}")
    return value


def _curves(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) > 1:
        raise ValueError("only one can be set here: leave one, or remove the key for all that are safe")
    return value


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("must have at least one item")
    return value


def _header_value(value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise ValueError("must be one line of printable ASCII")
    return value


def _interval(value: Any) -> float:
    if (value == 0 and not isinstance(value, bool)) or (isinstance(value, str) and _ZERO.fullmatch(value)):
        return 0.0
    return seconds(value)


Inline = Annotated[None, BeforeValidator(_in_a_file)]
Hash = Annotated[str, AfterValidator(_bcrypt)]
Header = Annotated[str, AfterValidator(_header_value)]
Cipher = Annotated[str, AfterValidator(_cipher)]
Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
Scope = Literal["metrics", "read", "identify", "operate"]


class TlsServerSection(Section):
    """Certificates; `min_version` below TLS12 is TLS12."""

    cert: Inline = None
    key: Inline = None
    client_ca: Inline = None
    cert_file: Place
    key_file: Place
    client_ca_file: Place | None = None
    client_auth_type: Literal[
        "NoClientCert",
        "RequestClientCert",
        "RequireClientCert",
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
    ] = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Literal["TLS12", "TLS13"] = "TLS13"
    cipher_suites: tuple[Cipher, ...] = ()
    prefer_server_cipher_suites: StrictBool = True
    curve_preferences: Annotated[
        tuple[Literal["CurveP256", "CurveP384", "CurveP521", "X25519"], ...], AfterValidator(_curves)
    ] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        kind, verifies = self.client_auth_type, "Verify" in self.client_auth_type
        if kind in {"RequireClientCert", "RequireAnyClientCert"}:
            raise ValueError(
                f"`client_auth_type: {kind}` is no protection, as anybody can make a certificate: "
                "write `RequireAndVerifyClientCert`"
            )
        if verifies != (self.client_ca_file is not None):
            raise ValueError(
                "`client_ca_file` goes with a `client_auth_type` that verifies, and only with one"
            )
        if self.client_allowed_sans and kind != "RequireAndVerifyClientCert":
            raise ValueError("`client_allowed_sans` goes with `client_auth_type: RequireAndVerifyClientCert`")
        if self.min_version > self.max_version:
            raise ValueError("`min_version` must not be above `max_version`")
        return self


class HeadersSection(Section):
    """Headers of every answer; blank for what they are anyway."""

    content_security_policy: Annotated[Header, Field(alias="Content-Security-Policy")] = ""
    x_frame_options: Annotated[Literal["deny", "sameorigin", ""], Field(alias="X-Frame-Options")] = ""
    x_content_type_options: Annotated[Literal["nosniff", ""], Field(alias="X-Content-Type-Options")] = ""
    x_xss_protection: Annotated[Header, Field(alias="X-XSS-Protection")] = ""
    strict_transport_security: Annotated[Header, Field(alias="Strict-Transport-Security")] = ""


class HttpServerSection(Section):
    """How HTTP is spoken: always as HTTP/1.1, which whoever prefers HTTP/2 speaks too."""

    http2: StrictBool = True
    headers: HeadersSection = HeadersSection()


class RateLimitSection(Section):
    """How many requests may come; an interval of 0 for as many as want to."""

    interval: Annotated[float, BeforeValidator(_interval)] = 0.0
    burst: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if self.interval and not self.burst:
            raise ValueError("needs a `burst` of at least 1 with this `interval`: with 0 nobody would get in")
        return self


class TokenSection(Section):
    """A token: its digest, or the file that holds it."""

    sha256: Annotated[str, AfterValidator(_digest)] | None = None
    token_file: Place | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.sha256 is None) == (self.token_file is None):
            raise ValueError("needs exactly one of `sha256`, `token_file`")
        return self


class AccessSection(Section):
    """What a user may do."""

    scopes: Annotated[tuple[Scope, ...], AfterValidator(_some)]
    tenants: Annotated[tuple[Identifier, ...], AfterValidator(_some)] | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.tenants is not None and set(self.scopes) == {"metrics"}:
            raise ValueError(
                "`tenants` does not limit `metrics`, which is everything: add another scope, or remove it"
            )
        return self


class WebFile(Section):
    """The whole file."""

    tls_server_config: TlsServerSection | None = None
    http_server_config: HttpServerSection = HttpServerSection()
    basic_auth_users: dict[Username, Hash] = Field(default_factory=dict)
    rate_limit: RateLimitSection = RateLimitSection()
    bearer_tokens: dict[Username, TokenSection] = Field(default_factory=dict)
    access: dict[Username, AccessSection] = Field(default_factory=dict)
