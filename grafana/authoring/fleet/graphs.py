"""The bars and lines of *Fleet*; each has as many series as there are owners, classes, sides or access types."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.fleet.figures import (
    BY_CLASS,
    FAILURES,
    FIRMS_HURT,
    NEWLY,
    NO_DATA,
    NOBODY,
    NOT_READ,
    SESSIONS,
    SHARE_DOWN,
    per_minute,
)
from authoring.palette import ACCESS_TYPES, OF_OTHERS, OWNERS, PURPLE, QUANTILES, SKY, VERMILLION, by_name
from authoring.panels import Look, bars, lines
from authoring.queries import Query, chosen, most, most_and_others, one, quantiles
from authoring.thresholds import threshold
from authoring.values import cause, worse

CLASS = "${__field.labels.class}"
FAILED = by_name({"all": SKY, "failed": VERMILLION})


def shares() -> list[Panel]:
    """Whose job it is, and why."""
    return [
        bars(
            "Whose job",
            "Users down by who must act. End users and client admins are the firm's own people; the operator is us. "
            "Worry when a bar has nobody who knows of it.",
            Query(f"topk(8, sum by (owner) ({BY_CLASS}))", "{{owner}}", instant=True),
            Look("none", NOBODY, colours=by_name(OWNERS)),
        ),
        bars(
            "Why",
            "Users down by class of trouble, the ten largest. A click leads to what the class means.",
            Query(f"topk(10, sum by (class) ({BY_CLASS}))", "{{class}}", instant=True),
            Look("none", NOBODY, links=cause(CLASS)),
        ),
    ]


def trend() -> list[Panel]:
    """Whether it gets better."""
    level = threshold("down_share", "share")
    return [
        lines(
            "Firms over time",
            "Firms with somebody down, and firms whose panel was not read. Worry when either rises fast.",
            [Query(FIRMS_HURT, "hurt"), Query(NOT_READ, "panel not read")],
            Look("none", NO_DATA, colours=by_name({"hurt": VERMILLION, "panel not read": PURPLE})),
        ),
        lines(
            "Share of active users down over time",
            "The upper dashed line is where a firm gets a ticket.",
            [Query(SHARE_DOWN, "down")],
            Look("percentunit", NO_DATA, worse(level / 2, level), colours=by_name({"down": VERMILLION})),
        ),
        lines(
            "Users down by who must act",
            "Worry when one owner's part grows and nobody of them knows yet.",
            [Query(f"sum by (owner) ({BY_CLASS})", "{{owner}}")],
            Look("none", NOBODY, colours=by_name(OWNERS)),
            stacked=True,
        ),
    ]


def by_cause() -> list[Panel]:
    """Which trouble grows."""
    return [
        lines(
            "Users down by class",
            "The largest classes of the time shown. Worry when one grows while others stay: then many users have one cause.",
            [Query(most_and_others(f"sum by (class) ({BY_CLASS})"), "{{class}}")],
            Look("none", NOBODY, links=cause(CLASS), colours=by_name(OF_OTHERS)),
            stacked=True,
        ),
        lines(
            "Firms newly hit, by class",
            "Firms with more users down for a class than at the best time of the last day; the classes that hit most in "
            "the time shown. One class in several firms at once is the vendor, Microsoft, Google or Salesforce rather "
            "than a firm.",
            [Query(most(f"count by (class) ({NEWLY})"), "{{class}}")],
            Look("none", "no firm is newly hit", links=cause(CLASS)),
        ),
    ]


def sessions() -> list[Panel]:
    """Whether sessions end, and how."""
    slow, fast = threshold("session_failures", "slow"), threshold("session_failures", "fast")
    by_class = "sum by (class) (rate(inboxsync_fleet_session_failures_total[$__rate_interval]))"
    return [
        lines(
            "Failed sessions",
            "Share of ended sessions that did not complete. The dashed lines are where a firm's failures page: the "
            "lower one after hours, the upper one within the hour.",
            [Query(f"{per_minute(FAILURES)} / ({per_minute(SESSIONS)} > 0)", "failed")],
            Look("percentunit", "no session ended", worse(slow, fast), colours=FAILED),
        ),
        lines(
            "Sessions ended",
            "Each minute. Worry when it falls to nothing while panels are read: then nothing synchronizes.",
            [Query(per_minute(SESSIONS), "all"), Query(per_minute(FAILURES), "failed")],
            Look("suffix: /min", NO_DATA, colours=FAILED),
        ),
        lines(
            "Length of sessions",
            "Of the whole fleet, whatever is chosen above. Worry when the median grows: the product, or what it talks "
            "to, has become slow.",
            quantiles("inboxsync_session_duration_seconds"),
            Look("s", "no session ended", colours=by_name(QUANTILES)),
        ),
        lines(
            "Failed sessions by class",
            "Each minute, of the whole fleet, whatever is chosen above. Worry when one class takes over.",
            [Query(most_and_others(f"60 * {by_class} > 0"), "{{class}}")],
            Look("suffix: /min", "no session failed", colours=by_name(OF_OTHERS)),
            stacked=True,
        ),
    ]


def risks() -> list[Panel]:
    """What comes in waves, and what will be switched off."""
    tokens = chosen("increase(tenant:inboxsync_token_expiries_total:max[1h])")
    conflicts = chosen("increase(tenant:inboxsync_dedup_conflicts_total:max[1h])")
    mailboxes = chosen(one("inboxsync_mailboxes"))
    return [
        lines(
            "Tokens expired in the last hour",
            "Sign-ins that expired or were revoked, by side. A wave is a changed policy or password, not its users.",
            [Query(f"sum by (side) ({tokens})", "{{side}}")],
            Look("none", NO_DATA, colours=by_name({"mailbox": SKY, "crm": VERMILLION}), decimals=0),
        ),
        lines(
            "New duplicate conflicts in the last hour",
            "What the duplicate guard stopped: whole users, or items. Worry when it rises: another tool writes to the "
            "same calendars.",
            [Query(f"sum by (effect) ({conflicts})", "{{effect}}")],
            Look("none", NO_DATA, colours=by_name({"item": SKY, "user": VERMILLION}), decimals=0),
        ),
        bars(
            "Mailboxes by access type",
            "How the product enters mailboxes. Those of Microsoft 365 by EWS stop when Microsoft switches it off: move "
            "them to Graph before.",
            Query(f"topk(9, sum by (access_type) ({mailboxes}))", "{{access_type}}", instant=True),
            Look("none", "no panel shows it", colours=by_name(ACCESS_TYPES)),
        ),
    ]
