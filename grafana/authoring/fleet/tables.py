"""The tables of *Fleet*: causes, firms, alerts and panels, each with its worst rows only and links to more."""

from grafana_foundation_sdk.models.dashboard import Panel, ThresholdsConfig

from authoring.fleet.figures import BY_CLASS, DOWN_SINCE, HURT, NEWLY, NOBODY
from authoring.palette import WATCH
from authoring.queries import CHOICE, chosen, explained, one
from authoring.table import Column, table
from authoring.thresholds import threshold
from authoring.values import DAY, SEVERITIES, any_is, cause, firm, worse

FIRMS = 25
WORST = f"topk({FIRMS}, max by (tenant) ({HURT}))"
THIS = "${__value.raw}"


def causes() -> Panel:
    """Every class with its owner and what they should do."""
    return table(
        "Causes, and what to do",
        "Each class of trouble with who must act and what they should do, by users down. *Newly* is against the best "
        "time of the last day: a large number in several firms is one event, not many.",
        [
            Column("Class", "class", links=cause(THIS), width=220),
            Column(
                "Users down",
                f"topk(40, {explained(f'sum by (class, owner) ({BY_CLASS})')})",
                "none",
                width=115,
            ),
            Column("Newly down", f"sum by (class, owner) ({NEWLY})", "none", any_is(WATCH), width=105),
            Column("Firms", f"count by (class, owner) ({BY_CLASS})", "none", width=75),
            Column("Firms newly hit", f"count by (class, owner) ({NEWLY})", "none", any_is(WATCH), width=130),
            Column("Severity", "severity", words=SEVERITIES, width=95),
            Column("Who must act", "owner", width=145),
            Column("What to do", "remedy", wraps=True),
        ],
        empty=NOBODY,
        sort="Users down",
    )


def worst() -> Panel:
    """The firms with most users down."""
    level = threshold("down_share", "share")
    main_cause = f"max by (tenant, class, owner) (tenant:inboxsync_syncs_down:cause) and on (tenant) {WORST}"
    labels = "* on (tenant) group_left (team, tier, region) tenant:inboxsync_tenant_info:one"
    return table(
        f"The {FIRMS} firms with most users down",
        "A click on a firm leads to its dashboard or to its triage page. A firm that is not here is well, or its data "
        "is stale: then it is among the panels that cannot be read.",
        [
            Column("Firm", "tenant", links=firm(THIS), width=150),
            Column("Users down", f"{WORST} {labels}", "none", width=115),
            Column("Active", _of_worst("tenant:inboxsync_users_active:sum"), "none", width=80),
            Column(
                "Share",
                _of_worst("tenant:inboxsync_users_sync_down:ratio"),
                "percentunit",
                worse(level / 2, level),
                width=85,
            ),
            Column("Longest down", _of_worst(f"time() - {DOWN_SINCE}"), "s", worse(DAY, 7 * DAY), width=120),
            Column("Main cause", "class", links=cause(THIS)),
            Column("Part of it", main_cause, "percentunit", width=90),
            Column("Who must act", "owner", width=140),
            Column(
                "Age of data",
                _of_worst("tenant:inboxsync_poll_age:ratio"),
                "suffix: polls",
                _age(),
                width=110,
                decimals=1,
            ),
            Column("Team", "team", width=90),
            Column("Tier", "tier", width=90),
            Column("Region", "region", width=90),
        ],
        empty="no firm is hurt",
        sort="Users down",
    )


def firing() -> Panel:
    """The alerts that somebody has to see to."""
    scopes = (f'scope=~"users|tenant",{CHOICE}', 'scope=~"fleet|syncwatch"')
    alerts = " or ".join(f'ALERTS{{alertstate="firing",severity=~"page|ticket",{scope}}}' for scope in scopes)
    since = f"(time() - ALERTS_FOR_STATE) and ignoring (alertstate) ({alerts})"
    labels = "severity, alertname, tenant, class, owner"
    return table(
        "Alerts that fire",
        "Pages before tickets, fifty at most. Alertmanager may hold some of them back: what is inhibited or silenced "
        "fires too.",
        [
            Column("Severity", "severity", words=SEVERITIES, width=110),
            Column("Alert", "alertname", width=270),
            Column("Firm", "tenant", links=firm(THIS), width=110),
            Column("Class", "class", links=cause(THIS), width=190),
            Column("Who must act", "owner", width=130),
            Column("For", f"topk(50, max by ({labels}) ({since}))", "s"),
        ],
        empty="no alert fires",
        sort="Severity",
        falling=False,
    )


def unread() -> Panel:
    """The firms of which we know least."""
    late = chosen(f"tenant:inboxsync_poll_age:ratio > {threshold('panel', 'intervals'):g}")
    refused = f"{one('inboxsync_tenant_up')} == 0"
    never = f"{chosen(refused)} unless on (tenant) tenant:inboxsync_poll_age:ratio"
    oldest = f"topk({FIRMS}, max by (tenant) ({late}) or max by (tenant) ({never}) + Inf)"
    failures = "max by (tenant, reason) (increase(tenant:inboxsync_poll_failures_total:max[1h]))"
    return table(
        "Panels that cannot be read",
        "Firms whose panel was not read completely for three polls and more, or never: the age of their data in polls, "
        "and why most polls of the last hour failed. `auth` and `forbidden` are for whoever gave us the credential, "
        "the rest for the network or the vendor.",
        [
            Column("Firm", "tenant", links=firm(THIS), width=130),
            Column("Age of data", oldest, "suffix: polls", _age(), width=110, decimals=1),
            Column("Reason", "reason", width=110),
            Column(
                "Polls failed",
                f"topk by (tenant) (1, {failures} > 0) and on (tenant) {oldest}",
                "none",
                decimals=0,
            ),
        ],
        empty="every panel is read",
        sort="Age of data",
    )


def _of_worst(expr: str) -> str:
    return f"max by (tenant) ({expr}) and on (tenant) {WORST}"


def _age() -> ThresholdsConfig:
    intervals = threshold("panel", "intervals")
    return worse(intervals, 3 * intervals)
