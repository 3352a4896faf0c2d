"""What can go wrong, as a closed taxonomy.

Two families: `ConfigError` is what a person wrote and can mend, all of it at once and each with its place;
`PollError` is why a poll failed, with a reason from a closed set that becomes a metric label. Neither ever
carries a remote text, an address, a subject or a secret: foreign exceptions are turned into these `from
None`, because a default traceback prints what it was given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Reason(StrEnum):
    """Why a poll failed; the values of the label `reason`."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    REDIRECT = "redirect"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    DECODE = "decode"
    SCHEMA = "schema"
    TRUNCATED = "truncated"
    PARTIAL = "partial"
    INTERNAL = "internal"


MEANINGS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.DNS: "the panel's host name cannot be resolved",
        Reason.CONNECT: "no connection, or it broke; or a proxy does not let us through",
        Reason.TLS: "the certificate is not to be trusted, or TLS fails in another way",
        Reason.TIMEOUT: "no connection, nothing for too long, or no end of an answer or of the poll in time",
        Reason.AUTH: "who we are is not accepted: a refusal, a page for people, a redirect to a login, no secret",
        Reason.FORBIDDEN: "the credential lacks the right",
        Reason.RATE_LIMITED: "the panel wants to be left alone for a while",
        Reason.REDIRECT: "the panel leads elsewhere, which is never followed",
        Reason.HTTP_4XX: "any other refusal",
        Reason.HTTP_5XX: "the panel failed",
        Reason.DECODE: "not what the profile says at all: no JSON, cut short, too deep, too large",
        Reason.SCHEMA: "JSON, but no page or no single row of it fits the profile",
        Reason.TRUNCATED: "a list goes in circles, repeats itself or is longer than any firm's; what was read of it counts",
        Reason.PARTIAL: "the lists were read; plans, or some user's sessions or issues, were not",
        Reason.INTERNAL: "a fault of Syncwatch, or this machine has no file descriptor left",
    }
)


class PollError(Exception):
    """A poll, or one part of it, failed.

    Attributes:
        reason: why, from the closed set.
        detail: our own words (endpoint, status, limit); never a remote text.
        retry_after: seconds after which the panel asks to be tried again, if it said so.
    """

    def __init__(self, reason: Reason, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file: where it is and what to do about it."""

    file: Path
    line: int | None
    location: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{where}: {self.location}: {self.message}" if self.location else f"{where}: {self.message}"


class ConfigError(Exception):
    """Everything wrong in the files that a person wrote, one `Problem` each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
