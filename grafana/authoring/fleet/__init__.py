"""How many firms are hurt now, why, whose job it is, whether it gets better, and which firm to look at first."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from authoring.fleet.graphs import by_cause, risks, sessions, shares, trend
from authoring.fleet.numbers import alerts_and_recovery, chores, now
from authoring.fleet.tables import causes, firing, unread, worst
from authoring.layout import Band, dashboard
from authoring.variables import datasource, external_url, several


def fleet() -> Dashboard:
    """The dashboard."""
    return dashboard(
        uid="syncwatch-fleet",
        title="Syncwatch / Fleet",
        says=__doc__.strip(),
        variables=[
            datasource(),
            several("team", "Team", "label_values(inboxsync_tenant_info, team)"),
            several("tier", "Tier", "label_values(inboxsync_tenant_info, tier)"),
            several("region", "Region", "label_values(inboxsync_tenant_info, region)"),
            external_url(),
        ],
        sections={
            "Now": [Band(4, now()), Band(4, alerts_and_recovery())],
            "Why, and whose job": [Band(9, shares(), (10, 14)), Band(9, [causes()])],
            "Worst firms first": [Band(10, [worst()])],
            "Trend": [Band(8, trend()), Band(9, by_cause())],
            "What fires, and what cannot be seen": [Band(9, [firing(), unread()], (14, 10))],
            "Sessions": [Band(8, sessions(), (5, 5, 5, 9))],
            "Tokens, duplicates, mailboxes": [Band(8, risks()), Band(4, chores())],
        },
    )
