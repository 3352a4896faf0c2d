"""How well we see the firm: whether its panel answers, how late we are, and why polls fail."""

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    MatcherConfig,
    Panel,
)

from authoring.palette import ACCESS_TYPES, BAD, GOOD, ORANGE, PLAIN, SKY, WATCH, Override, by_name, in_turn
from authoring.panels import Look, bars, lines, timeline
from authoring.queries import Query
from authoring.tenant.figures import recorded, shown
from authoring.thresholds import threshold
from authoring.values import words, worse
from syncwatch.errors import Reason


def reading() -> Panel:
    """Whether, over time."""
    meanings = {
        "panel": {"0": ("not read", BAD), "1": ("read", GOOD)},
        "list": {"0": ("whole", GOOD), "1": ("cut short", WATCH)},
        "maintenance": {"0": ("none", PLAIN), "1": ("trouble expected", WATCH)},
    }
    series = {
        "panel": shown("inboxsync_tenant_up"),
        "list": shown("inboxsync_tenant_truncated"),
        "maintenance": recorded("tenant:inboxsync_tenant_maintenance:max"),
    }
    colours = [
        Override(MatcherConfig("byName", row), [DynamicConfigValue("mappings", words(meaning))])
        for row, meaning in meanings.items()
    ]
    return timeline(
        "Reading the panel",
        "Whether polls read everything, whether lists came whole, and whether trouble is expected. Worry when the panel "
        "is not read for three polls, or when a list is cut short: users are missing then.",
        [Query(f"max by (tenant) ({expr})", row) for row, expr in series.items()],
        Look("none", "never polled", colours=colours),
    )


def polls() -> list[Panel]:
    """How late, how long, and why not."""
    intervals = threshold("panel", "intervals")
    failures = f"rate({recorded('tenant:inboxsync_poll_failures_total:max')}[$__rate_interval])"
    polled = f"rate({shown('inboxsync_tenant_polls_total')}[$__rate_interval:])"
    return [
        lines(
            "Age of the last good poll",
            f"In poll intervals of this firm. Worry above the dashed line, at {intervals:g}: the panel counts as dark.",
            [Query(f"max by (tenant) ({recorded('tenant:inboxsync_poll_age:ratio')})", "age")],
            Look(
                "suffix: polls", "never read", worse(intervals, 3 * intervals), colours=by_name({"age": SKY})
            ),
        ),
        lines(
            "Length of polls",
            "How long the last poll took, and the time between two. Worry when they come near to each other.",
            [
                Query(
                    f"max by (tenant) ({shown('inboxsync_tenant_last_poll_duration_seconds')})", "last poll"
                ),
                Query(
                    f"max by (tenant) ({recorded('tenant:inboxsync_tenant_poll_interval_seconds:max')})",
                    "interval",
                ),
            ],
            Look("s", "never polled", colours=by_name({"last poll": ORANGE, "interval": SKY})),
        ),
        lines(
            "Polls that fail, by reason",
            "Each minute, with all polls for comparison. `auth` and `forbidden`: the credential; `partial`: something "
            "of the panel could not be read; the others: the way there.",
            [
                Query(f"60 * max by (reason) ({failures})", "{{reason}}"),
                Query(f"60 * max by (tenant) ({polled})", "all polls"),
            ],
            Look(
                "suffix: /min", "never polled", colours=[*in_turn(Reason), *by_name({"all polls": "#999999"})]
            ),
        ),
    ]


def mailboxes() -> Panel:
    """How the product enters them."""
    return bars(
        "Mailboxes by access type",
        "How the product enters this firm's mailboxes. Those of Microsoft 365 by EWS stop when Microsoft switches it "
        "off: move them to Graph before.",
        Query(
            f"topk(9, sum by (access_type) ({shown('inboxsync_mailboxes')}))", "{{access_type}}", instant=True
        ),
        Look("none", "the panel does not show it", colours=by_name(ACCESS_TYPES)),
    )
