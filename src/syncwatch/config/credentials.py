"""One `Credential` for each tenant that names one, out of the sections of the file.

A credential may only go to hosts that it names. One that names none goes, for each tenant of the configuration file
that names it, to that tenant's own host alone, so that no tenant is another one's business; but to a tenant that
discovery found it does not go, because a list of targets must never decide where a secret goes. Every secret is read
once here, so that a missing one is known at the start; none is kept.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from syncwatch.config.address import exposed
from syncwatch.config.document import Document
from syncwatch.config.entry import Entry
from syncwatch.config.fields import TENANT
from syncwatch.config.hosts import admits, own_host
from syncwatch.config.schema import SOURCES, CredentialSection
from syncwatch.config.secrets import Credential, Secret, SecretUnavailable, secret_at
from syncwatch.errors import Problem

Claims = dict[tuple[str, str], str]
"""Whose secret is at a place: the tenant by credential and place, for those with a secret for each tenant."""


@dataclass(frozen=True)
class Issuer:
    """Gives credentials.

    Attributes:
        folder: from which the files of secrets are seen.
        environ: the environment.
        sections: the credentials that are right in themselves.
        shared: those of them whose secret is the same for all tenants; without hosts where they name none.
    """

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    sections: Mapping[str, CredentialSection]
    shared: Mapping[str, Credential]

    @classmethod
    def of(
        cls,
        document: Document,
        environ: Mapping[str, str],
        sections: Mapping[str, CredentialSection],
        problems: list[Problem],
    ) -> Self:
        """Make the issuer of a configuration file.

        Args:
            document: the file.
            environ: the environment.
            sections: the credentials that are right in themselves.
            problems: gathers the secrets that cannot be read.
        """
        folder = document.file.parent
        shared = {}
        for name, section in sections.items():
            source, place = _source(section)
            if TENANT in place:
                continue
            secret = secret_at(source, place, folder, environ)
            if reason := _missing(secret):
                problems.append(document.problem(("credentials", name, source), reason))
            shared[name] = _credential(name, section, secret)
        return cls(folder, environ, sections, shared)

    def issue(
        self, entry: Entry, claims: Mapping[tuple[str, str], str], problems: list[Problem]
    ) -> Credential | None:
        """Give a tenant the credential that it names; `problems` gathers what stands against it."""
        name, id_ = entry.section.credentials, entry.section.id
        section = self.sections.get(name or "")
        if name is None or section is None:
            return None
        if section.hosts is None and entry.found:
            message = f"`{name}` names no hosts, and a list of targets must not decide where a secret goes"
            problems.append(entry.problem("credentials", f"{message}: add credentials.{name}.hosts"))
        url, key = entry.destination.url, entry.destination.key
        if url is not None:
            problems += (entry.problem(key, message) for message in against(name, section, url))
        place = self.place(name, id_)
        if place is None:
            return bound(self.shared[name], url)
        if (first := claims.get((name, place), id_)) != id_:
            message = f"`{name}` gives it the same secret as {first}: rename one"
            problems.append(entry.problem("credentials", message))
        secret = secret_at(_source(section)[0], place, self.folder, self.environ)
        if reason := _missing(secret):
            problems.append(entry.problem("credentials", f"`{name}`: {reason}"))
        return bound(_credential(name, section, secret), url)

    def claim(self, credential: Credential | None, tenant: str, claims: Claims) -> None:
        """Add a tenant's own secret, if it has one, to those that are taken."""
        place = credential and self.place(credential.name, tenant)
        if credential and place:
            claims.setdefault((credential.name, place), tenant)

    def place(self, name: str, tenant: str) -> str | None:
        """The place of a tenant's own secret; None where all tenants share one."""
        if name in self.shared:
            return None
        source, pattern = _source(self.sections[name])
        return pattern.replace(TENANT, _in_variable(tenant) if source.endswith("_env") else tenant)


def against(name: str, section: CredentialSection, url: str) -> Iterable[str]:
    """What keeps a credential from going to a URL, and what to do."""
    if section.hosts is not None and not admits(section.hosts, url):
        yield f"its host is not among those of credential `{name}`: add it to credentials.{name}.hosts"
    if exposed(url) and not section.allow_plain_http:
        yield (
            f"would send credential `{name}` over plain http: use https, or set `allow_plain_http: true`"
            " on the credential"
        )


def bound(credential: Credential, url: str | None) -> Credential:
    """The same, for the host of this URL alone if it names none."""
    if credential.hosts or url is None:
        return credential
    return replace(credential, hosts=frozenset({own_host(url)}))


def _missing(secret: Secret) -> str:
    """Why a secret cannot be read; empty if it can."""
    try:
        secret.read()
    except SecretUnavailable as error:
        return error.reason
    return ""


def _source(section: CredentialSection) -> tuple[str, str]:
    """Give the one key of a credential that says where its secret is, and what it says."""
    written: Mapping[str, Any] = {key: getattr(section, key) for key in SOURCES}
    return next((key, str(place)) for key, place in written.items() if place is not None)


def _credential(name: str, section: CredentialSection, secret: Secret) -> Credential:
    is_client, is_named = section.client_id is not None, section.username is not None
    return Credential(
        name=name,
        client_id=section.client_id,
        client_secret=secret if is_client else None,
        token=None if is_client or is_named else secret,
        hosts=frozenset(section.hosts or ()),
        username=section.username,
        password=secret if is_named else None,
    )


def _in_variable(tenant: str) -> str:
    """Write a tenant's id as it stands in the name of a variable: `firm-001` as `FIRM_001`."""
    return re.sub(r"[^A-Z0-9]", "_", tenant.upper())
