"""The tenants of the configuration file and those that discovery found, as one fleet.

A target that is wrong is left out with what is wrong with it, and spoils no other; if its tenant was there before, it
stays as it last was right. Where a tenant is in two places the configuration file comes first, and then the order of
the sources. A target that did not change is not checked again: of ten thousand, few ever do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncwatch.config.address import folder_of
from syncwatch.config.configuration import Config, Found
from syncwatch.config.credentials import Claims
from syncwatch.config.enrol import ALWAYS_LABELS
from syncwatch.config.entry import entry
from syncwatch.config.fleet import Tenant
from syncwatch.config.schema import TenantSection
from syncwatch.config.target import Batch, Listed, Rejected
from syncwatch.errors import Problem

MAX_LABEL_NAMES = (
    64  # of the fleet: every tenant has every label, so that a list of targets may not bring in more
)
LEAST_INTERVAL = 5.0  # seconds that a list from elsewhere may have between two polls

Misfit = Callable[[Tenant], Iterable[tuple[str, str]]]
"""What a tenant's profile has against it: the key, and what to do."""


def merged(
    config: Config, batches: Sequence[Batch], before: Mapping[str, Found], misfit: Misfit
) -> tuple[Config, tuple[Rejected, ...]]:
    """Give the configuration with these found tenants, and no others, and the targets that are left out.

    Args:
        config: the configuration, whatever tenants it was found to have so far.
        batches: all targets, by source.
        before: the found tenants so far, whose last good versions stay where the new ones are wrong.
        misfit: asks a tenant's profile.
    """
    merging = _Merging(config, misfit)
    for batch in batches:
        for listed in batch.listed():
            merging.take(listed)
    for listed in merging.left_out:
        last = before.get(listed.target.tenant or "")
        if last is not None:
            merging.keep(last)
    own = [tenant for tenant in config.tenants if tenant.id not in config.found]
    tenants = (*own, *(found.tenant for found in merging.found.values()))
    merged = replace(
        config, tenants=tenants, found=merging.found, label_names=tuple(sorted(merging.label_names))
    )
    return merged, tuple(merging.rejected)


@dataclass
class _Merging:
    config: Config
    misfit: Misfit
    found: dict[str, Found] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    left_out: list[Listed] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    label_names: set[str] = field(default_factory=lambda: {*ALWAYS_LABELS})

    def __post_init__(self) -> None:
        for tenant in self.config.tenants:
            if tenant.id not in self.config.found:
                self.places[tenant.id] = "the configuration file"
                self._count(tenant)

    def take(self, listed: Listed) -> None:
        """Enrol a target, or leave it out."""
        target = listed.target
        known = self.config.found.get(target.tenant or "")
        problems = [*self._elsewhere(listed)]
        if known is not None and known.listed.target == target and not problems:
            self._add(Found(listed, known.tenant))
            return
        tenant = None if problems else self._enrolled(listed, problems)
        if tenant is not None and not problems:
            self._add(Found(listed, tenant))
        else:
            self.rejected.append(Rejected(listed.source, tuple(problems), target.shown))
            self.left_out.append(listed)

    def keep(self, before: Found) -> None:
        """Enrol the last good version of a tenant whose target is left out, if that is still good and not elsewhere."""
        problems: list[Problem] = []
        if before.tenant.id in self.places:
            return
        if before is self.config.found.get(before.tenant.id):
            self._add(before)
        else:
            tenant = self._enrolled(before.listed, problems)
            if tenant is not None and not problems:
                self._add(Found(before.listed, tenant))

    def _add(self, found: Found) -> None:
        self.found[found.tenant.id] = found
        self.places[found.tenant.id] = found.listed.source
        self._count(found.tenant)

    def _count(self, tenant: Tenant) -> None:
        self.label_names |= tenant.labels.keys()
        self.config.enroller.issuer.claim(tenant.credential, tenant.id, self.claims)

    def _elsewhere(self, listed: Listed) -> Iterable[Problem]:
        place = self.places.get(listed.target.tenant or "")
        if place is not None:
            message = f"is taken by a tenant of {place}: remove one of them"
            yield listed.problem(("tenants", 0, "id"), message)

    def _enrolled(self, listed: Listed, problems: list[Problem]) -> Tenant | None:
        enroller = self.config.enroller
        made = entry(listed, 0, enroller.issuer.folder, problems, found=True)
        if made is None or problems:
            return None
        name = made.section.credentials
        if name is not None and name not in enroller.issuer.sections:
            problems.append(
                made.problem("credentials", "is not the name of a credential: add it under `credentials`")
            )
        if listed.target.file is None:
            problems += (made.problem(*each) for each in _from_elsewhere(made.section))
        new = made.section.labels.keys() - self.label_names
        if new and len(self.label_names) + len(new) > MAX_LABEL_NAMES:
            message = f"would bring the tenants to more than {MAX_LABEL_NAMES} different labels: use fewer"
            problems.append(made.problem("labels", message))
        if problems:
            return None
        tenant = enroller.enrol(made, self.claims, problems)
        problems += (made.problem(*each) for each in self.misfit(tenant))
        return tenant


def _from_elsewhere(section: TenantSection) -> Iterable[tuple[str, str]]:
    """What a list over a network must not say of a tenant: the key, and what to do."""
    if section.url is not None and folder_of(section.url) is not None:
        yield "url", "is a folder of this machine, which a list from elsewhere must not name: use `file_sd`"
    if section.interval is not None and section.interval < LEAST_INTERVAL:
        least = f"{LEAST_INTERVAL:.0f}s"
        yield "interval", f"is shorter than a list from elsewhere may ask for: write {least} or more"
