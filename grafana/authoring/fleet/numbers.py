"""The single numbers of *Fleet*."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.fleet.figures import (
    DOWN,
    DOWN_SINCE,
    FIRMS_HURT,
    NO_DATA,
    NOBODY,
    NOT_READ,
    RECOVERED,
    SHARE_DOWN,
    USERS_DOWN,
)
from authoring.palette import BAD, WATCH
from authoring.panels import Look, number
from authoring.queries import CHOSEN, chosen, one
from authoring.thresholds import threshold
from authoring.values import DAY, any_is, worse

# Zero, but only where rules are evaluated at all.
ZERO_IF_EVALUATED = '0 * count(ALERTS{alertname="Watchdog",alertstate="firing"})'


def now() -> list[Panel]:
    """How it stands."""
    level = threshold("down_share", "share")
    return [
        number(
            "Firms hurt",
            "Firms with at least one user whose sync is down (failing, down or stalled). A few are normal in a large "
            "fleet; worry when it jumps.",
            FIRMS_HURT,
            Look("none", NO_DATA, any_is(WATCH)),
        ),
        number(
            "Firms watched",
            "All firms that the choice above leaves. Worry when some are missing.",
            f"count({CHOSEN})",
            Look("none", "no firm"),
        ),
        number(
            "Users down",
            "Users whose sync should run and does not. Firms whose data is stale are not in it: see *Panels not read*.",
            USERS_DOWN,
            Look("none", NO_DATA, any_is(WATCH)),
        ),
        number(
            "Share down",
            f"Of the users whose sync should run. A firm above {level:.0%} gets a ticket; a fleet there is an incident.",
            SHARE_DOWN,
            Look("percentunit", NO_DATA, worse(level / 2, level), decimals=1),
        ),
        number(
            "Panels not read",
            "Firms whose panel the last poll could not read completely. Their figures become older, then vanish: what "
            "they would show is not known. Worry when there are many at once: then it is us or the network.",
            NOT_READ,
            Look("none", NO_DATA, any_is(WATCH)),
        ),
        number(
            "Firms in maintenance",
            "Firms where trouble is expected now: being brought in, or in a time of maintenance. They alert nobody; "
            "worry when one is forgotten there.",
            f"sum({chosen('tenant:inboxsync_tenant_maintenance:max')})",
            Look("none", NO_DATA),
        ),
    ]


def alerts_and_recovery() -> list[Panel]:
    """Who is called, and how long it takes."""
    return [*map(_alerts, ("Pages", "Tickets")), _time_to_recovery(), _longest_down(), *_unexplained()]


def _alerts(title: str) -> Panel:
    severity, whom, colour = {
        "Pages": ("page", "wake somebody", BAD),
        "Tickets": ("ticket", "wait for working hours", WATCH),
    }[title]
    firing = f'count(ALERTS{{alertstate="firing",severity="{severity}"}})'
    return number(
        f"{title} firing",
        f"Alerts that {whom}, of the whole fleet, whatever is chosen above. The table below says which.",
        f"{firing} or {ZERO_IF_EVALUATED}",
        Look("none", "no rules evaluated", any_is(colour)),
    )


def _time_to_recovery() -> Panel:
    down = f"sum({chosen(f'sum_over_time({DOWN}[$__range])')})"
    recovered = f"sum({chosen(f'sum_over_time({RECOVERED}[$__range])')})"
    return number(
        "Mean time to recovery",
        "Over the time shown, by Little's law: the minutes for which users were down, all added, for each user who "
        "recovered. A user who recovers in the minute in which another goes down is not seen, so it is rather too "
        "long. Worry when it grows from week to week.",
        f"60 * {down} / ({recovered} > 0)",
        Look("s", "nobody recovered", decimals=1),
    )


def _longest_down() -> Panel:
    return number(
        "Longest down now",
        "For how long the user is down who is down for longest, as far as the panels tell. Worry when it is days, and "
        "somebody's job.",
        f"time() - min({chosen(DOWN_SINCE)})",
        Look("s", NOBODY, worse(DAY, 7 * DAY), decimals=1),
    )


def _unexplained() -> list[Panel]:
    unclassified = chosen('tenant_class:inboxsync_syncs_down:max{class="unclassified"}')
    share = f"(sum({unclassified}) or 0 * {USERS_DOWN}) / ({USERS_DOWN} > 0)"
    return [
        number(
            "Share unclassified",
            "Share of the users down whose error text no rule knows. Worry above a few in a hundred: the rules are out "
            "of date.",
            share,
            Look("percentunit", NOBODY, worse(threshold("unclassified", "share"), 0.2), decimals=1),
        ),
        number(
            "Unknown texts",
            "Different masked texts that no rule knows, of all down users and open issues. Each is a rule to write: "
            "`syncwatch unclassified` lists them, `syncwatch suggest-rule` begins one.",
            "sum(syncwatch_unclassified_templates)",
            Look("none", NO_DATA, any_is(WATCH)),
        ),
    ]


def chores() -> list[Panel]:
    """What can be planned."""
    each = (
        (
            "Tokens expired",
            "Users down because a sign-in expired or was revoked: they sign in again, or the mail admin renews the account.",
            one("inboxsync_tokens_expired"),
        ),
        (
            "Duplicate conflicts",
            "Users and items that the duplicate guard stops now. Worry when users are among them.",
            one("inboxsync_dedup_conflicts"),
        ),
        (
            "Mailboxes by EWS",
            "Users whose mailbox is entered by EWS in Microsoft 365, which Microsoft switches off: work to plan.",
            one('inboxsync_mailboxes{access_type=~"m365_ews_.+"}'),
        ),
        (
            "CRM disconnected",
            "Organizations whose Salesforce service account is disconnected: nobody in them synchronizes. Worry at one.",
            "tenant:inboxsync_organizations_crm_disconnected:max",
        ),
        (
            "Initialization overdue",
            "Users whose mailbox is not initialized for over seven days.",
            one("inboxsync_users_initialization_overdue"),
        ),
        (
            "Open issues",
            "Items that do not synchronize, in all firms. By themselves they page nobody.",
            one("inboxsync_issues_open"),
        ),
    )
    return [
        number(title, says, f"sum({chosen(expr)})", Look("none", "none is shown", any_is(WATCH)))
        for title, says, expr in each
    ]
