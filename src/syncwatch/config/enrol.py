"""From what was written of a tenant to a `Tenant` with nothing left to resolve.

Tenants of the configuration file and those that discovery finds go through the same checks here, one by one, so that
what is wrong with one of them is never another's problem. What only shows in the light of the panel profiles is told
elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncwatch.config.credentials import Claims, Issuer
from syncwatch.config.entry import Entry
from syncwatch.config.fleet import Maintenance, Tenant
from syncwatch.config.schema import MaintenanceSection, PollingSection
from syncwatch.config.ways import Ways
from syncwatch.errors import Problem

ALWAYS_LABELS = ("region", "team", "tier")
STALE_INTERVALS = 3  # data is not stale before as many intervals have passed


@dataclass(frozen=True)
class Enroller:
    """Makes tenants.

    Attributes:
        issuer: gives them credentials.
        polling: how they are polled unless they say otherwise.
        maintenance: times in which trouble is expected.
    """

    issuer: Issuer
    polling: PollingSection
    maintenance: tuple[Maintenance, ...]

    def enrol(self, entry: Entry, claims: Claims, problems: list[Problem]) -> Tenant:
        """Make a tenant.

        Args:
            entry: what was written of it.
            claims: the secrets that other tenants have for themselves.
            problems: gathers what stands against it; then the tenant is only good for finding more of that.
        """
        section, index = entry.section, entry.index
        credential = self.issuer.issue(entry, claims, problems)
        ways = Ways(entry.written, self.issuer.folder, self.issuer.environ)
        interval = section.interval or self.polling.interval
        labels = {**dict.fromkeys(ALWAYS_LABELS, ""), **section.labels}
        tenant = Tenant(
            id=section.id,
            url=section.url,
            url_secret=entry.destination.secret,
            profile=section.profile,
            credential=credential,
            labels=labels,
            interval=interval,
            stale_after=max(section.stale_after or self.polling.stale_after, STALE_INTERVALS * interval),
            parameters=section.parameters,
            exports_complete=section.exports_complete,
            timezone=section.timezone,
            datetime_format=section.datetime_format,
            tls=ways.tls(section.tls, ("tenants", index, "tls")),
            proxy=ways.proxy(section.proxy, ("tenants", index, "proxy")),
            budget_group=section.budget_group or section.profile,
            maintenance=tuple(self._expected(section.id, labels, section.onboarding_until)),
            index=index,
        )
        problems += ways.problems
        return tenant

    def _expected(
        self, tenant: str, labels: Mapping[str, str], onboarding_until: float | None
    ) -> Iterable[tuple[float, float]]:
        """When trouble is expected; somebody who is being brought in is expected to have some until then."""
        for planned in self.maintenance:
            if planned.covers(tenant, labels):
                yield planned.begin, planned.end
        if onboarding_until is not None:
            yield 0.0, onboarding_until


def maintenance(sections: Iterable[MaintenanceSection]) -> tuple[Maintenance, ...]:
    """Times of maintenance as they are looked up."""
    return tuple(
        Maintenance(each.from_, each.to, frozenset(each.tenants) if each.tenants else None, each.labels)
        for each in sections
    )
