"""Whether polls keep their times, and what panels answer."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.daemon.figures import CHOSEN, INSTANCE, NO_DATA, own, rate
from authoring.palette import (
    BAD,
    CODES,
    GOOD,
    ORANGE,
    QUANTILES,
    VERMILLION,
    WATCH,
    by_name,
    by_pattern,
    in_turn,
)
from authoring.panels import Look, lines
from authoring.queries import Query, quantiles
from authoring.thresholds import threshold
from authoring.values import worse
from syncwatch.errors import Reason

TABLES = ("token", "organizations", "settings", "plans", "users", "sessions", "issues", "activity")


def polling() -> list[Panel]:
    """Polls."""
    late, stalled = threshold("polling_late", "seconds"), threshold("polling_stalled", "seconds")
    last = f"time() - max by (instance) ({own('syncwatch_last_poll_completed_timestamp_seconds')})"
    return [
        lines(
            "Polls",
            "Each second, and those left out because the one before had not ended. Worry when any are left out.",
            [
                Query(rate("syncwatch_poll_duration_seconds_count", "instance"), f"{INSTANCE} ended"),
                Query(rate("syncwatch_polls_skipped_total", "instance"), f"{INSTANCE} left out"),
            ],
            Look("suffix: /s", NO_DATA),
        ),
        lines(
            "How late polls start",
            "After they were due. Worry when p95 comes near the dashed line.",
            quantiles("syncwatch_poll_delay_seconds", CHOSEN),
            Look("s", "no poll", worse(late / 2, late), colours=by_name(QUANTILES)),
        ),
        lines(
            "Length of polls",
            "Worry when p95 comes near the poll interval.",
            quantiles("syncwatch_poll_duration_seconds", CHOSEN),
            Look("s", "no poll", colours=by_name(QUANTILES)),
        ),
        lines(
            "Polls in flight",
            "Polls that go on now. Worry when it only rises: panels hang, or budgets hold polls back.",
            [Query(f"sum by (instance) ({own('syncwatch_polls_in_flight')})", INSTANCE)],
            Look("none", NO_DATA, decimals=0),
        ),
        lines(
            "Since the last poll",
            "Worry above the dashed line: polling stands still.",
            [Query(last, INSTANCE)],
            Look("s", "no poll yet", worse(stalled / 2, stalled)),
        ),
        lines(
            "Event loop lag",
            "How much longer than asked a short sleep took. Worry when p99 stays above a second: something keeps the "
            "process busy, and everything waits.",
            quantiles("syncwatch_event_loop_lag_seconds", CHOSEN),
            Look("s", NO_DATA, worse(0.25, 1), colours=by_name(QUANTILES)),
        ),
    ]


def panels() -> list[Panel]:
    """What is asked of panels, and what they answer."""
    requests = "syncwatch_panel_requests_total"
    failed = (
        f'sum by (code) (rate({requests}{{instance=~"$instance",code!~"2..|304"}}[$__rate_interval])) > 0'
    )
    unfit = f"sum by (table) (increase({own('syncwatch_refused_rows_total')}[1h])) > 0"
    unknown = f"sum by (field) (increase({own('syncwatch_unknown_values_total')}[1h])) > 0"
    breakers = {"closed": GOOD, "half_open": WATCH, "open": BAD}
    return [
        lines(
            "Requests to panels, by table",
            "Each second. Worry when one table takes over: its cost should follow change.",
            [Query(rate(requests, "endpoint"), "{{endpoint}}")],
            Look("suffix: /s", NO_DATA, colours=in_turn(TABLES)),
            stacked=True,
        ),
        lines(
            "Requests to panels, by answer",
            "Each second, by HTTP status, or the reason why there was no answer (purple).",
            [Query(rate(requests, "code"), "{{code}}")],
            Look("suffix: /s", NO_DATA, colours=by_pattern(CODES)),
            stacked=True,
        ),
        lines(
            "Requests that failed",
            "Each second, by HTTP status or reason. Worry when one rises in many firms at once.",
            [Query(failed, "{{code}}")],
            Look("suffix: /s", "no request failed", colours=in_turn(Reason)),
        ),
        lines(
            "Circuit breakers",
            "Firms by their breaker: open while a panel that fails is left alone, half open while it is tried again.",
            [Query(f"sum by (state) ({own('syncwatch_breakers')})", "{{state}}")],
            Look("none", NO_DATA, colours=by_name(breakers), decimals=0),
            stacked=True,
        ),
        lines(
            "Waiting for budgets",
            "How long polls that waited did so to keep to budgets. Worry when it comes near the poll interval: budgets "
            "are too small for the fleet.",
            quantiles("syncwatch_panel_throttle_wait_seconds", CHOSEN),
            Look("s", "no poll waited", colours=by_name(QUANTILES)),
        ),
        lines(
            "What does not fit the profile",
            "Rows refused and unknown values in the last hour. Worry when it begins: the vendor changed the panel.",
            [Query(unfit, "rows of {{table}}"), Query(f"topk(10, {unknown})", "values of {{field}}")],
            Look("none", "everything fits", decimals=0),
        ),
        lines(
            "Panels unreachable",
            "Share of the hosts polled within two intervals that could not be reached, and whether we are offline (1). "
            "Worry above the dashed line: it is us or the network.",
            [
                Query(f"max({own('syncwatch_unreachable_panels_ratio')})", "unreachable"),
                Query(f"max({own('syncwatch_offline')})", "offline"),
            ],
            Look(
                "percentunit",
                NO_DATA,
                worse(0.05, threshold("many_panels", "share")),
                colours=by_name({"unreachable": ORANGE, "offline": VERMILLION}),
                top=1,
            ),
        ),
        lines(
            "Series",
            "With a tenant label, of each instance. Worry when it jumps while the number of firms does not.",
            [Query(f"sum by (instance) ({own('syncwatch_series')})", INSTANCE)],
            Look("none", NO_DATA, decimals=0),
        ),
    ]
