"""Everything that one configuration file says, after all checks, and the tenants that discovery added to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from syncwatch.config.address import Address
from syncwatch.config.document import Document
from syncwatch.config.enrol import Enroller
from syncwatch.config.fleet import Budgets, Discovery, OrganizationWide, Polling, State, Tenant
from syncwatch.config.target import Listed


class Found(NamedTuple):
    """A tenant that discovery found, and the target that it was made of."""

    listed: Listed
    tenant: Tenant


@dataclass(frozen=True)
class Config:
    """Everything that one configuration file says.

    Attributes:
        document: the file, for problems that only show in the light of other files.
        web_listen: host and port to listen on.
        web_file: certificates and users of the door; None where nobody is asked who he is.
        allow_unauthenticated: whether the door may be open to others than this machine.
        external_url: where people reach this daemon's pages, without a slash at the end; empty where nobody said.
        grafana_url: the same of Grafana.
        reload_interval: seconds between two looks at the files in use.
        state: see `State`.
        polling: see `Polling`.
        budgets: see `Budgets`.
        discovery: where tenants come from besides the file.
        organization_wide: see `OrganizationWide`.
        session_time_limit: seconds after which the engine itself cuts a session.
        show_email: whether e-mail addresses may be shown to those whose scope allows it.
        template_tenants: how many tenants must have the template of a text that no rule knows for it to be shown.
        panel_files: panel profiles besides the shipped ones.
        rule_files: rules instead of the shipped ones; empty for the shipped ones.
        patterns: all patterns of panel and rule files, absolute.
        tenants: in the order of the file, and then those that discovery found.
        found: by id, of which target each of the latter was made.
        enroller: makes tenants of what discovery finds.
        label_names: every label of every tenant, sorted; always with `region`, `team` and `tier`.
        warnings: what is not wrong but hardly meant, one line each.
    """

    document: Document = field(repr=False)
    web_listen: Address
    web_file: Path | None
    allow_unauthenticated: bool
    external_url: str
    grafana_url: str
    reload_interval: float
    state: State
    polling: Polling
    budgets: Budgets
    discovery: tuple[Discovery, ...]
    organization_wide: OrganizationWide
    session_time_limit: float
    show_email: bool
    template_tenants: int
    panel_files: tuple[Path, ...]
    rule_files: tuple[Path, ...]
    patterns: tuple[str, ...]
    tenants: tuple[Tenant, ...]
    found: Mapping[str, Found] = field(repr=False)
    enroller: Enroller = field(repr=False, compare=False)
    label_names: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hex."""
        return self.document.digest
