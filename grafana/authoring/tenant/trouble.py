"""What is wrong in the firm: users by state, their trouble by class and owner, items, and the alerts about it."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.palette import BAD, GOOD, OF_OTHERS, OWNERS, STATES, WATCH, by_name
from authoring.panels import Look, bars, lines, name, number
from authoring.queries import Query, explained, most_and_others
from authoring.table import Column, table
from authoring.tenant.figures import NO_DATA, NOBODY, recorded, shown, since
from authoring.thresholds import threshold
from authoring.values import DAY, SEVERITIES, any_is, cause, limits, words, worse

BY_CLASS = f"sum by (class, owner) ({recorded('tenant_class:inboxsync_syncs_down:max')})"
NEWLY = f"sum by (class, owner) ({recorded('tenant_class:inboxsync_syncs_down:newly')} > 0)"
ISSUES = f"sum by (class, owner) ({shown('inboxsync_issues_open')} > 0)"
CLASS, THIS = "${__field.labels.class}", "${__value.raw}"


def users() -> list[Panel]:
    """How many are down, and by what."""
    level = threshold("down_share", "share")
    return [
        number(
            "Users down",
            "Users whose sync should run and does not: failing, down or stalled.",
            recorded("tenant:inboxsync_users_sync_down:sum"),
            Look("none", "no data", any_is(WATCH)),
        ),
        number(
            "Active users",
            "Users whose sync should run. Worry when it falls: somebody switched the sync off.",
            recorded("tenant:inboxsync_users_active:sum"),
            Look("none", "no data"),
        ),
        number(
            "Share down",
            f"Of the active users. Above {level:.0%} the firm gets a ticket; when it rises quickly, a page.",
            recorded("tenant:inboxsync_users_sync_down:ratio"),
            Look("percentunit", "no active user", worse(level / 2, level), decimals=0),
        ),
        name(
            "Main cause",
            "The class of trouble that more than half of the users down have; a click leads to what it means. Where "
            "there is none, the users have different troubles.",
            Query(recorded("tenant:inboxsync_syncs_down:cause"), "{{class}}", instant=True),
            Look("none", "no main cause", limits(WATCH), links=cause(CLASS)),
        ),
    ]


def ages() -> list[Panel]:
    """Whether the panel is read, and since when things are as they are."""
    return [
        number(
            "Panel",
            "Whether the last poll read everything. If not, the figures of users are older, and vanish when they are stale.",
            shown("inboxsync_tenant_up"),
            Look(
                "none",
                "never polled",
                limits(BAD, (1, GOOD)),
                words({"0": ("not read", BAD), "1": ("read", GOOD)}),
            ),
        ),
        number(
            "Longest down",
            "For how long the user is down who is down for longest, as far as the panel tells.",
            since("inboxsync_oldest_down_timestamp_seconds"),
            Look("s", NOBODY, worse(DAY, 7 * DAY), decimals=1),
        ),
        number(
            "Last session",
            "How long ago the newest session of anybody ended. Worry when it is longer than a few plan intervals: "
            "nothing runs.",
            f"time() - {shown('inboxsync_tenant_last_session_timestamp_seconds')}",
            Look("s", "not shown", worse(3_600, 4 * 3_600), decimals=1),
        ),
        number(
            "Age of the data",
            "How old the figures of this firm are. Worry at three polls: soon they are stale.",
            f"time() - {recorded('tenant:inboxsync_tenant_data_timestamp_seconds:max')}",
            Look("s", "never read", decimals=0),
        ),
    ]


def facts() -> Panel:
    """What is configured."""
    info = recorded("tenant:inboxsync_tenant_info:one")
    maintenance = recorded("tenant:inboxsync_tenant_maintenance:max")
    return table(
        "This firm",
        "What is configured for it, and whether trouble is expected now.",
        [
            Column("Firm", "tenant", hidden=True),
            Column("Team", "team", width=110),
            Column("Tier", "tier", width=100),
            Column("Region", "region", width=100),
            Column("Panel profile", "profile", width=180),
            Column(
                "Maintenance",
                f"{info} * on (tenant) group_left () max by (tenant) ({maintenance})",
                "none",
                words=words({"0": ("no", GOOD), "1": ("expected trouble", WATCH)}),
            ),
        ],
        empty="no such firm",
        sort="Team",
        falling=False,
    )


def alerts() -> Panel:
    """What is said of it."""
    firing = 'ALERTS{alertstate="firing",severity=~"page|ticket",tenant="$tenant"}'
    age = f"(time() - ALERTS_FOR_STATE) and ignoring (alertstate) {firing}"
    return table(
        "Alerts that fire",
        "Of this firm; Alertmanager may hold some of them back. The triage page (a link above) says which users.",
        [
            Column("Severity", "severity", words=SEVERITIES, width=110),
            Column("Alert", "alertname", width=270),
            Column("Class", "class", links=cause(THIS)),
            Column("Who must act", "owner", width=140),
            Column("For", f"max by (severity, alertname, class, owner) ({age})", "s", width=90),
        ],
        empty="no alert fires",
        sort="Severity",
        falling=False,
    )


def reasons() -> Panel:
    """Why users are down."""
    organizations = (
        f"sum by (class, owner) ({recorded('tenant_class:inboxsync_organization_wide_causes:max')})"
    )
    return table(
        "Why users are down, and what to do",
        "By class of trouble and who must act. *Newly* is against the best time of the last day; *organizations* are "
        "those that this trouble took down as a whole.",
        [
            Column("Class", "class", links=cause(THIS), width=200),
            Column("Users", explained(BY_CLASS), "none", width=70),
            Column("Newly", NEWLY, "none", any_is(WATCH), width=70),
            Column("Organizations", organizations, "none", any_is(BAD), width=115),
            Column("Who must act", "owner", width=130),
            Column("What to do", "remedy", wraps=True),
            Column("Severity", "severity", words=SEVERITIES, width=100),
        ],
        empty=NOBODY,
        sort="Users",
    )


def over_time() -> list[Panel]:
    """How states and reasons went."""
    return [
        lines(
            "Users by state",
            "Every user is in exactly one state. Worry when orange (failing), purple (stalled) or red (down) grows; blue "
            "and yellow are choices that somebody made.",
            [Query(f"max by (state) ({recorded('tenant:inboxsync_users:max')})", "{{state}}")],
            Look("none", NO_DATA, colours=by_name(STATES)),
            stacked=True,
        ),
        lines(
            "Users down by class",
            "The largest classes of the time shown. Worry when one takes several users at once: that is one event, not many.",
            [Query(most_and_others(f"sum by (class) ({BY_CLASS})"), "{{class}}")],
            Look("none", NOBODY, links=cause(CLASS), colours=by_name(OF_OTHERS)),
            stacked=True,
        ),
        lines(
            "Users down by who must act",
            "Whose job it was, and is.",
            [Query(f"sum by (owner) ({BY_CLASS})", "{{owner}}")],
            Look("none", NOBODY, colours=by_name(OWNERS)),
            stacked=True,
        ),
    ]


def issues() -> list[Panel]:
    """Items that do not synchronize."""
    new = f"60 * rate({recorded('tenant:inboxsync_issues_seen_total:max')}[$__rate_interval])"
    return [
        table(
            "Open issues, and what to do",
            "Items that do not synchronize, by class and who must act. *By design* is a limit of the product that "
            "nobody can mend.",
            [
                Column("Class", "class", links=cause(THIS), width=200),
                Column("Items", explained(ISSUES, "remedy, by_design"), "none", width=70),
                Column("Who must act", "owner", width=130),
                Column("What to do", "remedy", wraps=True),
                Column("By design", "by_design", width=110),
            ],
            empty="no open issue, or the panel shows none",
            sort="Items",
        ),
        bars(
            "Open issues by who must act",
            "Whose job the items are.",
            Query(f"topk(8, sum by (owner) ({ISSUES}))", "{{owner}}", instant=True),
            Look("none", "no open issue", colours=by_name(OWNERS)),
        ),
        lines(
            "New issues",
            "Issues not seen before, each minute. Worry when it rises: something began to refuse items.",
            [Query(f"max by (tenant) ({new})", "new")],
            Look("suffix: /min", "the panel shows no issues"),
        ),
    ]
