"""One `Credential` for each tenant that names one, out of the sections of the file.

A credential may only go to hosts that it names; one that names none goes to the hosts of the tenants that
name it, as they are now, and one with `{tenant}` in its source, which is another secret for each tenant, to
that tenant's own host alone. Every secret is read once here, so that a missing one is known at the start;
none is kept.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncwatch.config.address import exposed, hosts_of, own_host
from syncwatch.config.destinations import Destination
from syncwatch.config.document import Document, Location
from syncwatch.config.schema import SOURCES, TENANT, CredentialSection, TenantSection
from syncwatch.config.secrets import Credential, Secret, SecretUnavailable, secret_at
from syncwatch.errors import Problem


@dataclass
class Issuer:
    """Gives credentials to tenants; `problems` gathers what stands against it.

    Attributes:
        document: the configuration file.
        environ: the environment.
        sections: the credentials that are right in themselves.
        tenants: the tenants that are right in themselves, by their place in the file.
        destinations: where the panel of each of them is.
    """

    document: Document
    environ: Mapping[str, str] = field(repr=False)
    sections: Mapping[str, CredentialSection]
    tenants: Mapping[int, TenantSection]
    destinations: Mapping[int, Destination]
    problems: list[Problem] = field(default_factory=list)

    def issue(self) -> Mapping[int, Credential]:
        """Give each tenant that names a credential its own, by its place in the file."""
        naming: defaultdict[str, dict[int, TenantSection]] = defaultdict(dict)
        for index, tenant in self.tenants.items():
            if tenant.credentials is not None and tenant.credentials in self.sections:
                naming[tenant.credentials][index] = tenant
        issued: dict[int, Credential] = {}
        for name, section in self.sections.items():
            issued |= self._issue(name, section, naming[name])
        return issued

    def _issue(
        self, name: str, section: CredentialSection, tenants: Mapping[int, TenantSection]
    ) -> Mapping[int, Credential]:
        source, place = _source(section)
        for index in tenants:
            self._check_host(name, section, index)
        if TENANT in place:
            return self._issue_each(name, section, tenants)
        secret = self._secret(source, place, ("credentials", name, source), "")
        credential = _credential(name, section, secret, self._hosts(section, tenants))
        return dict.fromkeys(tenants, credential)

    def _issue_each(
        self, name: str, section: CredentialSection, tenants: Mapping[int, TenantSection]
    ) -> Mapping[int, Credential]:
        source, pattern = _source(section)
        taken: dict[str, str] = {}
        issued = {}
        for index, tenant in tenants.items():
            place = pattern.replace(TENANT, _in_variable(tenant.id) if source.endswith("_env") else tenant.id)
            location = ("tenants", index, "credentials")
            if taken.setdefault(place, tenant.id) != tenant.id:
                self._complain(location, f"`{name}` gives it the same secret as {taken[place]}: rename one")
            secret = self._secret(source, place, location, f"`{name}`: ")
            issued[index] = _credential(name, section, secret, self._hosts(section, (index,)))
        return issued

    def _secret(self, source: str, place: str, location: Location, prefix: str) -> Secret:
        secret = secret_at(source, place, self.document.file.parent, self.environ)
        try:
            secret.read()
        except SecretUnavailable as error:
            self._complain(location, f"{prefix}{error.reason}")
        return secret

    def _hosts(self, section: CredentialSection, tenants: Iterable[int]) -> frozenset[str]:
        urls = (self.destinations[index].url for index in tenants)
        return frozenset(section.hosts or (own_host(url) for url in urls if url is not None))

    def _check_host(self, name: str, section: CredentialSection, index: int) -> None:
        destination = self.destinations[index]
        url, location = destination.url, ("tenants", index, destination.key)
        if url is None:
            return
        if section.hosts and not set(section.hosts) & set(hosts_of(url)):
            self._complain(
                location,
                f"its host is not among those of credential `{name}`: add it to credentials.{name}.hosts",
            )
        if exposed(url) and not section.allow_plain_http:
            self._complain(
                location,
                f"would send credential `{name}` over plain http: use https, or set `allow_plain_http: true`"
                " on the credential",
            )

    def _complain(self, location: Location, message: str) -> None:
        self.problems.append(self.document.problem(location, message))


def _source(section: CredentialSection) -> tuple[str, str]:
    """Give the one key of a credential that says where its secret is, and what it says."""
    written: Mapping[str, Any] = {key: getattr(section, key) for key in SOURCES}
    return next((key, str(place)) for key, place in written.items() if place is not None)


def _credential(name: str, section: CredentialSection, secret: Secret, hosts: frozenset[str]) -> Credential:
    is_client, is_named = section.client_id is not None, section.username is not None
    return Credential(
        name=name,
        client_id=section.client_id,
        client_secret=secret if is_client else None,
        token=None if is_client or is_named else secret,
        hosts=hosts,
        username=section.username,
        password=secret if is_named else None,
    )


def _in_variable(tenant: str) -> str:
    """Write a tenant's id as it stands in the name of a variable: `firm-001` as `FIRM_001`."""
    return re.sub(r"[^A-Z0-9]", "_", tenant.upper())
