"""One firm: how many users are down and why, what to do, whether its sessions run, and whether we see it at all."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from authoring.layout import Band, dashboard
from authoring.tenant.changes import changes
from authoring.tenant.health import mailboxes, polls, reading
from authoring.tenant.sessions import conflicts, sessions
from authoring.tenant.trouble import ages, alerts, facts, issues, over_time, reasons, users
from authoring.values import TRIAGE, link
from authoring.variables import datasource, external_url, single


def tenant() -> Dashboard:
    """The dashboard."""
    triage = link("Triage page", TRIAGE + "${tenant}")
    triage.keep_time, triage.icon, triage.target_blank = False, "doc", True
    return dashboard(
        uid="syncwatch-tenant",
        title="Syncwatch / Tenant",
        says=__doc__.strip(),
        variables=[
            datasource(),
            single("tenant", "Firm", "label_values(inboxsync_tenant_info, tenant)"),
            external_url(),
        ],
        links=[triage],
        annotations=changes(),
        since="now-24h",
        sections={
            "Now": [
                Band(3, users(), (5, 5, 5, 9)),
                Band(4, [*ages(), facts()], (3, 3, 3, 3, 12)),
                Band(5, [alerts()]),
            ],
            "Users, and why": [Band(8, [reasons()]), Band(8, over_time(), (6, 12, 6))],
            "Issues": [Band(8, issues(), (13, 6, 5))],
            "Sessions": [Band(8, sessions())],
            "Tokens, duplicates, mailboxes": [Band(7, [*conflicts(), mailboxes()])],
            "How we see this firm": [Band(6, [reading()]), Band(8, polls())],
        },
    )
