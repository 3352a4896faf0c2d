"""One message of each kind that somebody gets, as the data that Alertmanager gives to its templates."""

from collections.abc import Iterable, Mapping
from typing import Any

Alert = dict[str, Any]

PAGES, DASHBOARDS = "https://syncwatch.example.com", "https://grafana.example.com/d"
RUNBOOKS = "https://docs.example.com/runbooks"


def alert(
    name: str,
    summary: str,
    description: str,
    *,
    page: str = "",
    dashboard: str = "",
    ended: str = "",
    **labels: str,
) -> Alert:
    return {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": name, "severity": "page", **labels},
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"{RUNBOOKS}/{name}.md",
            "page_url": page and f"{PAGES}{page}",
            "dashboard_url": dashboard and f"{DASHBOARDS}{dashboard}",
        },
        "startsAt": "2026-11-22T03:12:40Z",
        "endsAt": ended or "0001-01-01T00:00:00Z",
        # What Prometheus says of itself, and what no message may show.
        "generatorURL": "http://prometheus.internal.example.com:9090/graph?g0.expr=vector%281%29",
    }


def of_firm(name: str, tenant: str, summary: str, description: str, **labels: str) -> Alert:
    # `note` stands for any label that somebody's own relabelling adds.
    place = {
        "scope": "users",
        "tenant": tenant,
        "team": "east",
        "tier": "gold",
        "region": "us",
        "note": "NOT OURS",
    }
    class_ = labels.get("class")
    return alert(
        name,
        f"{tenant}: {summary}",
        description,
        page=f"/tenants/{tenant}" + (f"?class={class_}" if class_ else ""),
        dashboard=f"/syncwatch-tenant?var-tenant={tenant}",
        **{**place, **labels},
    )


def message(alerts: Iterable[Alert], *group_by: str) -> dict[str, Any]:
    """The data of one notification about these alerts."""
    listed = list(alerts)
    labels = _same(alert["labels"] for alert in listed)
    return {
        "receiver": "somebody",
        "status": "firing" if any(alert["status"] == "firing" for alert in listed) else "resolved",
        "alerts": listed,
        "groupLabels": {name: labels[name] for name in group_by if name in labels},
        "commonLabels": labels,
        "commonAnnotations": _same(alert["annotations"] for alert in listed),
        "externalURL": "http://alertmanager.internal.example.com:9093",
    }


def _same(texts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    first, *rest = texts
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in rest)}


IMPERSONATION = {"class": "impersonation_denied", "owner": "mail_admin"}
ONE_CAUSE = of_firm(
    "InboxSyncOrganizationWideCause",
    "firm-001",
    "one cause has taken down a whole organization: impersonation_denied",
    "24 users of firm-001 are down. Grant the service account the right to impersonate these mailboxes.",
    **IMPERSONATION,
)
SEVERAL_CAUSES = alert(
    "InboxSyncFirmDown",
    "firm-002: nobody's calendar syncs",
    "All 7 active users of firm-002 are down. Several causes: 4 x oauth_token_expired, 3 x no_message.",
    scope="users",
    tenant="firm-002",
    owner="operator",
)
SILENT = of_firm(
    "InboxSyncTenantSilent",
    "firm-001",
    "no session has ended for 3 hours",
    "60 users of firm-001 should sync. Ask the vendor whether the engine runs.",
    owner="vendor_support",
    **{"class": "no_recent_session"},
)
EXPIRING = of_firm(
    "InboxSyncTokenExpiryWave",
    "firm-001",
    "9 tokens expired within an hour",
    "Sign in to the mailbox again in the sync settings.",
    severity="ticket",
    owner="end_user",
    **{"class": "oauth_token_expired"},
)
RISING = alert(
    "InboxSyncCauseRising",
    "throttled rises across 14 firms",
    "212 users of 14 firms are newly down. Ask the vendor to slow its requests down.",
    page="/causes/throttled",
    dashboard="/syncwatch-fleet",
    scope="fleet",
    owner="vendor_support",
    **{"class": "throttled"},
)


def ended(alert: Alert) -> Alert:
    return {**alert, "status": "resolved", "endsAt": "2026-11-22T04:03:10Z"}


def on_ews(number: int) -> Alert:
    return of_firm(
        "InboxSyncMailboxesOnEws",
        f"firm-{number:03}",
        f"{number + 1} mailboxes are reached by EWS",
        "Plan their move before Microsoft 365 switches EWS off.",
        severity="info",
        owner="client_admin",
    )


def awkward() -> Alert:
    """A team whose name means something in HTML and in Slack."""
    return of_firm(
        "InboxSyncDownShareHigh",
        "firm-009",
        "9 of 20 users are down",
        "<b>&</b>",
        team="R&D <!here>",
        owner="nobody",
    )


MESSAGES: Mapping[str, dict[str, Any]] = {
    "one-cause": message([ONE_CAUSE], "tenant"),
    "several-causes-and-no-links": message([SEVERAL_CAUSES], "tenant"),
    "a-firm-with-three-troubles": message([EXPIRING, ended(ONE_CAUSE), SILENT], "tenant"),
    "over": message([ended(ONE_CAUSE)], "tenant"),
    "a-cause-across-firms": message([RISING], "alertname", "class"),
    "a-digest-of-12-firms": message([on_ews(number) for number in range(1, 13)], "alertname"),
    "many-over": message([ended(on_ews(number)) for number in range(1, 13)], "alertname"),
    "awkward-names": message([awkward(), SILENT]),
}
