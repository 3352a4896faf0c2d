"""Whether the firm's sessions run and complete, and what comes of single ones: expired tokens, duplicate conflicts."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.palette import BLUE, ORANGE, SKY, VERMILLION, by_name
from authoring.panels import Look, lines
from authoring.queries import Query
from authoring.tenant.figures import per_minute, recorded, shown, since
from authoring.thresholds import threshold
from authoring.values import CLOCK, worse

NOT_SHOWN = "the panel shows no sessions"


def sessions() -> list[Panel]:
    """How many, how many fail, and how long ago."""
    slow, fast = threshold("session_failures", "slow"), threshold("session_failures", "fast")
    ratio = "tenant:inboxsync_session_failures:ratio_rate"
    windows = {"15m": VERMILLION, "1h": ORANGE, "6h": BLUE}
    return [
        lines(
            "Sessions ended",
            "Each minute. Worry when it falls to nothing while users are active.",
            [
                Query(f"max by (tenant) ({per_minute('tenant:inboxsync_sessions_total:max')})", "all"),
                Query(
                    f"max by (tenant) ({per_minute('tenant:inboxsync_session_failures_total:max')})", "failed"
                ),
            ],
            Look("suffix: /min", NOT_SHOWN, colours=by_name({"all": SKY, "failed": VERMILLION})),
        ),
        lines(
            "Share of failed sessions",
            "In the last 15 minutes, hour and six hours. It pages when two neighbouring windows are above a dashed "
            "line: the short ones above the upper, the long ones above the lower.",
            [Query(f"max by (tenant) ({recorded(ratio + window)})", window) for window in windows],
            Look("percentunit", "no session ended", worse(slow, fast), colours=by_name(windows)),
        ),
        lines(
            "Time since sessions",
            "Since the newest session of anybody ended, and since the last one of the user who waits for longest. Worry "
            "when the first grows: nothing runs any more.",
            [
                Query(f"time() - {shown('inboxsync_tenant_last_session_timestamp_seconds')}", "anybody"),
                Query(since("inboxsync_oldest_session_timestamp_seconds"), "who waits for longest"),
            ],
            Look(CLOCK, NOT_SHOWN, colours=by_name({"anybody": VERMILLION, "who waits for longest": SKY})),
        ),
    ]


def conflicts() -> list[Panel]:
    """Expired tokens and duplicate conflicts."""
    expiries = f"increase({recorded('tenant:inboxsync_token_expiries_total:max')}[1h])"
    new = f"increase({recorded('tenant:inboxsync_dedup_conflicts_total:max')}[1h])"
    return [
        lines(
            "Expired tokens",
            "Users down now for an expired or revoked sign-in, and how many expired in the last hour, by side. A wave "
            "is a changed policy or password.",
            [
                Query(f"max by (side) ({shown('inboxsync_tokens_expired')})", "{{side}} now"),
                Query(f"max by (side) ({expiries})", "{{side}} in an hour"),
            ],
            Look(
                "none",
                "the panel does not show it",
                colours=by_name(
                    {
                        "mailbox now": SKY,
                        "mailbox in an hour": BLUE,
                        "crm now": ORANGE,
                        "crm in an hour": VERMILLION,
                    }
                ),
                decimals=0,
            ),
        ),
        lines(
            "Duplicate conflicts",
            "Users and items that the duplicate guard stops now, and new ones in the last hour. Worry when it rises: "
            "another tool writes to the same calendars.",
            [
                Query(f"max by (effect) ({shown('inboxsync_dedup_conflicts')})", "{{effect}} now"),
                Query(f"max by (effect) ({new})", "{{effect}} in an hour"),
            ],
            Look(
                "none",
                "the panel does not show it",
                colours=by_name(
                    {
                        "item now": SKY,
                        "item in an hour": BLUE,
                        "user now": ORANGE,
                        "user in an hour": VERMILLION,
                    }
                ),
                decimals=0,
            ),
        ),
    ]
