"""How each tenant's panel is reached: by one panel object, token and all, for as long as nothing about the tenant changes.

Never asks a panel anything: it only says whom to ask. Tenants that read the same profile in the same way share its
compiled form, because compiling one takes longer than polling.
"""

from collections.abc import Mapping
from typing import NamedTuple

from syncwatch.clock import Clock
from syncwatch.config.fleet import Tenant
from syncwatch.config.secrets import Secret
from syncwatch.panel.budget import Limiter
from syncwatch.panel.compile import CompiledProfile, compile_profile
from syncwatch.panel.panel import Panel
from syncwatch.setup import Setup
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.way import Way


class Reached(NamedTuple):
    """A panel, and all that it was made of; equal identities are the same panel."""

    identity: object
    panel: Panel


def reach(
    setup: Setup, before: Mapping[str, Reached], *, key: bytes, http: Http, clock: Clock, limiter: Limiter
) -> dict[str, Reached]:
    """The panel of each tenant by its id, out of those `before` where nothing changed.

    Args:
        setup: what a person wrote.
        before: the panels so far.
        key: the secret key of ids that are made by hash.
        http: the client for all panels.
        clock: what time it is.
        limiter: how much they may be asked.
    """
    compiled: dict[object, CompiledProfile] = {}
    written = {id_: profile.model_dump_json() for id_, profile in setup.profiles.items()}
    polling = setup.config.polling
    timeouts = Timeouts(polling.timeout, polling.connect_timeout, polling.read_timeout)

    def profile_of(tenant: Tenant) -> CompiledProfile:
        own = _own(tenant)
        if (tenant.profile, own) not in compiled:
            zone, formats, complete = own
            compiled[tenant.profile, own] = compile_profile(
                setup.profiles[tenant.profile], key, zone=zone, formats=formats, complete=complete
            )
        return compiled[tenant.profile, own]

    def made(tenant: Tenant) -> Panel:
        return Panel(
            _location(tenant),
            profile_of(tenant),
            tenant.credential,
            http,
            clock,
            parameters=tenant.parameters,
            timeouts=timeouts,
            way=Way(tenant.tls, tenant.proxy),
            allowance=limiter.of(tenant.budget_group),
        )

    panels: dict[str, Reached] = {}
    for tenant in setup.config.tenants:
        parameters = tuple(sorted(tenant.parameters.items()))
        identity = (
            _location(tenant),
            tenant.credential,
            parameters,
            _own(tenant),
            written[tenant.profile],
            timeouts,
            Way(tenant.tls, tenant.proxy),
            tenant.budget_group,
        )
        known = before.get(tenant.id)
        same = known is not None and known.identity == identity
        panels[tenant.id] = known if known and same else Reached(identity, made(tenant))
    return panels


def _location(tenant: Tenant) -> str | Secret:
    return tenant.url_secret or tenant.url or ""


def _own(tenant: Tenant) -> tuple[str | None, tuple[str, ...] | None, bool | None]:
    """What a tenant says instead of its profile."""
    return tenant.timezone, tenant.datetime_format, tenant.exports_complete
