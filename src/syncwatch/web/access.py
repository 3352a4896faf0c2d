"""Who may do what at the door, as frozen values; and whether a door may be open to others than this machine.

A user is a name with a grant. Without users nobody is asked who he is: then the figures may be read, and whoever is on
this machine may have files read anew and tenants polled; what shows texts must have a name to go with it.
"""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from syncwatch.config.address import Address


class Access(StrEnum):
    """What a route asks of whoever uses it; all but `OPEN` are scopes of users."""

    OPEN = "open"  # no figure of any tenant: probes
    METRICS = "metrics"  # all figures, by tenant id
    READ = "read"  # tenants one by one
    IDENTIFY = "identify"  # addresses, and masked templates of texts
    OPERATE = "operate"  # reload, poll now


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do.

    Attributes:
        scopes: which kinds of routes.
        tenants: of which tenants, for all scopes but `metrics`; None for all of them.
    """

    scopes: frozenset[Access]
    tenants: frozenset[str] | None = None

    def sees(self, tenant: str) -> bool:
        """Whether this tenant is one of those."""
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user by name, or somebody without one."""

    name: str | None
    grant: Grant


ANYBODY = Caller(None, Grant(frozenset({Access.METRICS, Access.READ})))
ON_THIS_MACHINE = Caller(None, Grant(ANYBODY.grant.scopes | {Access.OPERATE}))
BY_DEFAULT = Grant(frozenset({Access.METRICS}))


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that may come: so many at once, and one more after each interval, in seconds."""

    burst: int
    interval: float


@dataclass(frozen=True, slots=True)
class Trust:
    """By what a connection is believed; one that was made under another is not kept.

    Attributes:
        tls: whether it is encrypted.
        verify: whether a client shows a certificate.
        authorities: digest of the certificates of those who vouch for clients.
        names: of which a client's certificate must bear one; empty for any.
    """

    tls: bool = False
    verify: ssl.VerifyMode = ssl.CERT_NONE
    authorities: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WebConfig:
    """One web configuration file with all that it names, read and checked.

    Attributes:
        digest: SHA-256 of the contents of all `files`, in hex; equal digests are equal doors.
        files: the file itself and those that it names.
        trust: by what connections are believed.
        tls: what to serve TLS with; None for plain HTTP.
        passwords: bcrypt hash by user.
        tokens: SHA-256 of the token by user.
        grants: what users may do; those who are not in it have `metrics` only.
        headers: of every answer, over our own.
        rate: of all requests together.
    """

    digest: str
    files: tuple[Path, ...] = field(compare=False)
    trust: Trust = field(default=Trust(), compare=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    tokens: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    grants: Mapping[str, Grant] = field(default_factory=dict, repr=False, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    rate: Rate | None = field(default=None, compare=False)

    @property
    def has_users(self) -> bool:
        """Whether everybody is asked for a password or a token."""
        return bool(self.passwords or self.tokens)

    @property
    def knows_clients(self) -> bool:
        """Whether nobody comes in without a certificate that was verified."""
        return self.trust.verify is ssl.CERT_REQUIRED

    def caller(self, name: str) -> Caller:
        """A user who has shown to be one."""
        return Caller(name, self.grants.get(name, BY_DEFAULT))


def refusal(address: Address, config: WebConfig | None, *, allowed: bool) -> str | None:
    """Why the door must not be at `address`; None if it may.

    Args:
        address: where it is to be.
        config: who is let in; None for everybody.
        allowed: whether somebody has said that others than this machine may come in unknown.
    """
    known = config is not None and (config.has_users or config.knows_clients)
    if known or allowed or is_loopback(address.host):
        return None
    return (
        "others than this machine could come in without being asked who they are: name users in a file and the file in "
        "`web.config_file`, or listen on 127.0.0.1, or set `web.allow_unauthenticated: true`"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine gets there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
