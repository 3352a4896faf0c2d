"""What Syncwatch writes, answers and uses up."""

from grafana_foundation_sdk.models.dashboard import Panel

from authoring.daemon.figures import CHOSEN, INSTANCE, NO_DATA, mean, of_ours, own, rate
from authoring.palette import CODES, QUANTILES, by_name, by_pattern, in_turn
from authoring.panels import Look, lines
from authoring.queries import Query, quantiles
from authoring.thresholds import threshold
from authoring.values import worse
from syncwatch.web.figures import Refused


def journal() -> list[Panel]:
    """Where counters and memory are kept."""
    failures = f"sum by (operation, kind) (increase({own('syncwatch_journal_failures_total')}[1h])) > 0"
    refusals = f"sum(increase({own('syncwatch_journal_refusals_total')}[1h])) > 0"
    behind = threshold("journal", "seconds")
    return [
        lines(
            "How far the journal is behind",
            "Worry above the dashed line: counters stand still, and a crash now would lose what waits.",
            [Query(f"max by (instance) ({own('syncwatch_journal_lag_seconds')})", INSTANCE)],
            Look("s", NO_DATA, worse(60, behind)),
        ),
        lines(
            "Length of writes",
            "Of a transaction with the changes of one or several firms. Worry when it nears a second.",
            quantiles("syncwatch_journal_write_seconds", CHOSEN),
            Look("s", "nothing was written", colours=by_name(QUANTILES)),
        ),
        lines(
            "Calls that failed",
            "In the last hour, by operation and kind; and changes refused because somebody else had written the firm.",
            [Query(failures, "{{operation}}: {{kind}}"), Query(refusals, "refused")],
            Look("none", "no call failed", decimals=0),
        ),
        lines(
            "Size of the journal",
            "What the journal takes on disk. Worry when it only grows while the number of firms does not.",
            [Query(f"max by (instance) ({own('syncwatch_journal_bytes')})", INSTANCE)],
            Look("bytes", "no journal"),
        ),
    ]


def door() -> list[Panel]:
    """What is asked of Syncwatch."""
    requests = "syncwatch_http_requests_total"
    scrape = of_ours("scrape_duration_seconds")
    return [
        lines(
            "Requests, by answer",
            "Each second, by HTTP status; 499 has gone before the end. Worry about 5xx, and about many 401 and 429.",
            [Query(rate(requests, "code"), "{{code}}")],
            Look("suffix: /s", NO_DATA, colours=by_pattern(CODES)),
            stacked=True,
        ),
        lines(
            "Requests, by route",
            "Each second, the ten largest.",
            [Query(f"topk(10, {rate(requests, 'route')} > 0)", "{{route}}")],
            Look("suffix: /s", "no request"),
        ),
        lines(
            "Refused or cut",
            "Connections and requests in the last hour, by reason. Worry when it begins: somebody tries the door.",
            [
                Query(
                    f"sum by (reason) (increase({own('syncwatch_http_refused_total')}[1h])) > 0", "{{reason}}"
                )
            ],
            Look("none", "nothing was refused", colours=in_turn(Refused), decimals=0),
        ),
        lines(
            "Scrapes",
            "How long Prometheus needs to read /metrics, and how much of that is joining the page. "
            "Worry when it nears Prometheus' timeout.",
            [
                Query(f"max by (instance) ({scrape})", f"{INSTANCE} scrape"),
                Query(mean("syncwatch_render_seconds"), f"{INSTANCE} joining the page"),
            ],
            Look("s", NO_DATA),
        ),
    ]


def process() -> list[Panel]:
    """What the process uses."""
    cpu = of_ours("rate(process_cpu_seconds_total[$__rate_interval])")
    collections = of_ours("rate(python_gc_collections_total[$__rate_interval])")
    files, most = of_ours("process_open_fds"), of_ours("process_max_fds")
    return [
        lines(
            "CPU",
            "Cores in use. Worry near one: a process cannot use more, so firms have to be spread over several.",
            [Query(f"max by (instance) ({cpu})", INSTANCE)],
            Look("short", NO_DATA, worse(0.7, 0.9)),
        ),
        lines(
            "Memory",
            "Resident. Worry when it only grows while the number of firms does not.",
            [Query(f"max by (instance) ({of_ours('process_resident_memory_bytes')})", INSTANCE)],
            Look("bytes", NO_DATA),
        ),
        lines(
            "File descriptors",
            "Open ones, as a share of what the process may have. Worry above 80 %: polls fail when there are none left.",
            [Query(f"max by (instance) (({files}) / ({most}))", INSTANCE)],
            Look("percentunit", NO_DATA, worse(0.6, 0.8), top=1),
        ),
        lines(
            "Garbage collections",
            "Each second, by generation. Worry when the oldest is collected all the time: everything stands still "
            "meanwhile.",
            [Query(f"sum by (generation) ({collections})", "generation {{generation}}")],
            Look("suffix: /s", NO_DATA),
        ),
        lines(
            "Joining the page",
            "How long it took to join a page of metrics, without compressing it.",
            quantiles("syncwatch_render_seconds", CHOSEN),
            Look("s", "no scrape", colours=by_name(QUANTILES)),
        ),
        lines(
            "Open connections",
            "At our own door.",
            [Query(f"sum by (instance) ({own('syncwatch_http_connections')})", INSTANCE)],
            Look("none", NO_DATA, decimals=0),
        ),
    ]
