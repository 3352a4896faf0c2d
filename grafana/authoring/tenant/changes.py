"""What happened, as marks on all graphs of *Tenant*: a query whose value is above zero marks its time."""

from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import AnnotationQuery

from authoring.palette import BLUE, GREEN, ORANGE, PURPLE, VERMILLION
from authoring.queries import DATASOURCE, SHORTEST_STEP
from authoring.tenant.figures import recorded


@dataclass(frozen=True)
class Change:
    """A kind of mark."""

    name: str
    expr: str
    title: str
    colour: str
    tags: str = ""


class Marks(AnnotationQuery):
    """An annotation as Grafana's source for Prometheus reads it; the schema does not know all of its keys."""

    def __init__(self, change: Change) -> None:
        super().__init__(
            name=change.name, datasource=DATASOURCE, enable=True, icon_color=change.colour, expr=change.expr
        )
        self._change = change

    def to_json(self) -> dict[str, object]:
        """With what makes a mark readable."""
        change = self._change
        more = {
            "step": SHORTEST_STEP,
            "titleFormat": change.title,
            "textFormat": change.name,
            "tagKeys": change.tags,
        }
        return {**super().to_json(), **more}


def changes() -> list[AnnotationQuery]:
    """All kinds of marks."""
    down = f"max by (tenant) ({recorded('tenant:inboxsync_users_sync_down:sum')})"
    # Only while it was read before: a firm that comes back from the dark did not change.
    before = (
        f"max by (tenant) (last_over_time({recorded('tenant:inboxsync_users_sync_down:sum')}[2m] offset 5m))"
    )
    organizations = (
        f"sum by (class, owner) ({recorded('tenant_class:inboxsync_organization_wide_causes:max')})"
    )
    alerts = 'ALERTS{alertstate="firing",severity=~"page|ticket",tenant="$tenant"}'
    each = (
        Change("More users down", f"{down} - {before} > 0", "More users down than 5 minutes before", ORANGE),
        Change("Users recovered", f"{before} - {down} > 0", "Fewer users down than 5 minutes before", GREEN),
        Change(
            "Organization-wide cause",
            organizations,
            "{{class}} took down an organization",
            VERMILLION,
            "class,owner",
        ),
        Change(
            "Alert fires",
            f"max by (alertname, severity, class, owner) ({alerts})",
            "{{alertname}}",
            PURPLE,
            "severity,class,owner",
        ),
        Change(
            "Maintenance", recorded("tenant:inboxsync_tenant_maintenance:max"), "Trouble is expected", BLUE
        ),
    )
    return [Marks(change) for change in each]
