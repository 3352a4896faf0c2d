"""Whether Syncwatch runs, sees the panels, and what it is."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.daemon.figures import NO_DATA, of_ours, own
from authoring.palette import BAD, GOOD, WATCH
from authoring.panels import Look, number
from authoring.table import Column, table
from authoring.thresholds import threshold
from authoring.values import limits, words, worse

YES_IS_GOOD = words({"0": ("no", BAD), "1": ("yes", GOOD)})


def alive() -> list[Panel]:
    """How it stands."""
    stalled, late = threshold("polling_stalled", "seconds"), threshold("polling_late", "seconds")
    return [
        number(
            "Scraped",
            "Whether Prometheus reaches every instance that it knew in the last day; the worst counts.",
            f"min({of_ours('up')})",
            Look("none", "no instance", limits(BAD, (1, GOOD)), YES_IS_GOOD),
        ),
        number(
            "Since the last poll",
            "How long ago any poll ended. Worry at minutes: polling stands still, and all figures grow old.",
            f"time() - min({own('syncwatch_last_poll_completed_timestamp_seconds')})",
            Look("s", "no poll yet", worse(stalled / 2, stalled), decimals=0),
        ),
        number(
            "Offline",
            "Whether so many hosts cannot be reached that it is our own network that is down. Nothing is known then.",
            f"max({own('syncwatch_offline')})",
            Look("none", NO_DATA, limits(GOOD, (1, BAD)), words({"0": ("no", GOOD), "1": ("offline", BAD)})),
        ),
        number(
            "Panels unreachable",
            "Share of the hosts polled within two intervals that could not be reached.",
            f"max({own('syncwatch_unreachable_panels_ratio')})",
            Look("percentunit", NO_DATA, worse(0.05, threshold("many_panels", "share")), decimals=1),
        ),
        number(
            "Tenants watched",
            "Of all chosen instances.",
            f"sum({own('syncwatch_tenants')})",
            Look("none", NO_DATA),
        ),
        number(
            "Start of polls, p95",
            "How long after it was due a poll starts, for 95 % of them. Worry at a minute: too much for this machine, "
            "or its budgets are too small.",
            f"histogram_quantile(0.95, sum by (le) "
            f"(rate({own('syncwatch_poll_delay_seconds_bucket')}[$__rate_interval])))",
            Look("s", "no poll", worse(late / 2, late), decimals=1),
        ),
        number(
            "Journal behind",
            "For how long the oldest event waits to be written. Counters wait with it; nothing is lost by waiting.",
            f"max({own('syncwatch_journal_lag_seconds')})",
            Look("s", NO_DATA, worse(60, threshold("journal", "seconds")), decimals=0),
        ),
        number(
            "Configuration loaded",
            "Whether every instance took the configuration that it was last given. If not, it goes on with the one "
            "before; the log says what is wrong.",
            f"min({own('syncwatch_config_last_reload_successful')})",
            Look("none", NO_DATA, limits(BAD, (1, GOOD)), YES_IS_GOOD),
        ),
    ]


def versions() -> list[Panel]:
    """What runs."""
    uptime = of_ours("time() - process_start_time_seconds")
    firing = 'ALERTS{alertstate="firing",scope="syncwatch",severity=~"page|ticket"}'
    since = f"(time() - ALERTS_FOR_STATE) and ignoring (alertstate) {firing}"
    return [
        table(
            "Instances",
            "What runs where, for how long, and by which configuration; two different ones are a reload on its way, or "
            "one that failed.",
            [
                Column("Instance", "instance"),
                Column("Version", "version", width=80),
                Column("Python", "python", width=80),
                Column("Up for", f"max by (instance) ({uptime})", "s", width=100),
                Column("Tenants", f"max by (instance) ({own('syncwatch_tenants')})", "none", width=80),
                Column("Series", f"max by (instance) ({own('syncwatch_series')})", "none", width=80),
                Column(
                    "Configuration", f"max by (instance) ({own('syncwatch_config_hash')})", "none", width=150
                ),
                Column(
                    "Build",
                    f"max by (instance, version, python) ({own('syncwatch_build_info')})",
                    "none",
                    hidden=True,
                ),
            ],
            empty="no instance",
            sort="Instance",
            falling=False,
        ),
        table(
            "Alerts about Syncwatch",
            "Pages before tickets. While one of the pages fires, alerts about firms are held back: we do not see them.",
            [
                Column(
                    "Severity",
                    "severity",
                    words=words({"page": ("page", BAD), "ticket": ("ticket", WATCH)}),
                    width=110,
                ),
                Column("Alert", "alertname"),
                Column("For", f"max by (severity, alertname) ({since})", "s", width=100),
            ],
            empty="no alert fires",
            sort="Severity",
            falling=False,
        ),
    ]
