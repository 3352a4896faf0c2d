"""What is shown of everything: the page of /metrics, the templates of unknown texts and the log of what changed.

Brought up to date by each set-up and by each poll. Never asks a panel, and remembers nothing that a poll needs.
"""

from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry

from syncwatch import __version__
from syncwatch.clock import Clock
from syncwatch.config.fleet import Tenant
from syncwatch.exposition import families
from syncwatch.exposition.board import Board, Polled
from syncwatch.exposition.own import OwnMeters
from syncwatch.exposition.page import Page
from syncwatch.exposition.templates import Row, Templates
from syncwatch.polling.announce import Announcer
from syncwatch.polling.offline import REACHABLE, Reachability
from syncwatch.polling.poll import Result
from syncwatch.rows import Sight
from syncwatch.setup import Setup
from syncwatch.web.view import TenantView


class Display:
    """See the module.

    Args:
        registry: the daemon's own figures.
        clock: what time it is.

    Attributes:
        own: the daemon's figures about itself.
        board: what is shown of each tenant.
        templates: the texts that no rule knows, masked.
    """

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self.own = OwnMeters(registry, __version__)
        self.board = Board(clock)
        self.templates = Templates()
        self.own.count_templates(self.templates.present)
        self._page = Page(self.board, registry, clock)
        self._announcer = Announcer()
        self._clock = clock

    def show(self, setup: Setup, sight_of: Callable[[str], Sight]) -> None:
        """Show exactly the tenants of `setup`; `sight_of` says of each what its panel shows."""
        tenants = setup.config.tenants
        self.board.apply([_shown(each, sight_of(each.id)) for each in tenants], setup.config.label_names)
        self.templates.keep(tenant.id for tenant in tenants)
        self._announcer.keep({tenant.id: tenant.stale_after for tenant in tenants})
        self._page.describe(_catalogue(setup))
        self.own.watched(len(tenants))

    def loaded(self, setup: Setup) -> None:
        """Show that the files were read, and which."""
        self.own.loaded(
            digest=setup.config.digest,
            rules_digest=setup.ruleset.digest,
            rules=len(setup.ruleset.rules),
            now=self._clock.now(),
            external_url=setup.config.external_url,
            grafana_url=setup.config.grafana_url,
        )

    def publish(self, tenant: str, result: Result, reachability: Reachability = REACHABLE) -> None:
        """Show what a poll came to, and whether panels can be reached."""
        self._announcer.announce(tenant, result, reachability)
        self.board.publish(tenant, _polled(result))
        counts = self.board.counts(tenant) if result.snapshot else None
        if counts is not None:
            self.templates.tell(tenant, counts.templates, self._clock.now())

    def tenant(self, tenant: str) -> TenantView | None:
        """What the web may see of a tenant; None if it is not shown."""
        subject = self.board.subject(tenant)
        if subject is None:
            return None
        health, counts = subject.health, subject.counts
        return TenantView(
            id=tenant,
            up=health.up,
            reason=health.reason,
            data=health.data,
            last_poll=health.last_poll,
            users={state.value: count for state, count in counts.users.items()} if counts else None,
            down=counts.down if counts else None,
            truncated=health.truncated,
        )

    def shown_templates(self, least: int) -> tuple[Sequence[Row], int]:
        """The templates that at least so many tenants have, and how many others there are."""
        rows = self.templates.shown(least)
        return rows, self.templates.present() - len(rows)

    def metrics(self, *, openmetrics: bool = False) -> bytes:
        """The page that /metrics answers with."""
        return self._page.body(openmetrics=openmetrics)


def _shown(tenant: Tenant, sight: Sight) -> families.Tenant:
    return families.Tenant(
        tenant.id,
        tenant.profile,
        tenant.labels,
        tenant.interval,
        tenant.stale_after,
        sight=sight,
        maintenance=tenant.maintenance,
    )


def _polled(result: Result) -> Polled:
    return Polled(
        snapshot=result.snapshot,
        counters=result.counters,
        last_success=result.memory.last_success,
        started=result.started,
        duration=result.duration,
        error=result.error,
        truncated=result.figures.truncated,
        sight=result.sight,
    )


def _catalogue(setup: Setup) -> Mapping[tuple[str, str], tuple[str, str, str, str]]:
    return {
        (class_, owner.value): (entry.area, entry.severity, remedy, str(entry.by_design).lower())
        for class_, entry in setup.ruleset.catalogue.classes.items()
        for owner, remedy in entry.remedies.items()
    }
