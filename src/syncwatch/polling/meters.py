"""The daemon's own figures of polling, and the few of the watched world that belong to the whole process.

Everything is registered on an injected registry; nothing here has a tenant label, so that its size does not
depend on the fleet's.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from syncwatch.polling.breaker import State
from syncwatch.polling.offline import Reachability
from syncwatch.polling.poll import Result
from syncwatch.state.transitions import Tally

POLL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
DELAY_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)
WAIT_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0)
SESSION_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class PollMeters:
    """Figures of polling on `registry`; `classes` are made to start at 0."""

    def __init__(self, registry: CollectorRegistry, classes: Iterable[str]) -> None:
        def counter(name: str, help_: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(name, help_, labels, registry=registry)

        def histogram(name: str, help_: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, help_, buckets=buckets, registry=registry)

        self._failures = counter(
            "inboxsync_fleet_session_failures_total",
            "Sessions of all tenants that were seen ended and had not completed, by class of their message.",
            ("class",),
        )
        self._issues = counter(
            "inboxsync_fleet_issues_seen_total",
            "Issues of all tenants not seen before, by class; what came and went between two polls is not seen.",
            ("class",),
        )
        self._durations = histogram(
            "inboxsync_session_duration_seconds",
            "Length of the sessions of all tenants that were seen ended.",
            SESSION_SECONDS,
        )
        self._in_flight = Gauge(
            "syncwatch_polls_in_flight", "Polls that are going on now.", registry=registry
        )
        self._last = Gauge(
            "syncwatch_last_poll_completed_timestamp_seconds",
            "When any poll last ended, well or not; absent progress means that polling stands still.",
            registry=registry,
        )
        self._seconds = histogram("syncwatch_poll_duration_seconds", "Length of a poll.", POLL_SECONDS)
        self._delay = histogram(
            "syncwatch_poll_delay_seconds", "How long after it was due a poll started.", DELAY_SECONDS
        )
        self._skipped = counter(
            "syncwatch_polls_skipped_total",
            "Polls left out because the one before had not ended when they were due.",
        )
        self._requests = counter(
            "syncwatch_panel_requests_total",
            "Requests to panels, by table and HTTP status, or the reason why there was none.",
            ("endpoint", "code"),
        )
        self._waits = histogram(
            "syncwatch_panel_throttle_wait_seconds",
            "How long the requests of a poll waited, all together, to keep to budgets; polls that waited.",
            WAIT_SECONDS,
        )
        self._breakers = Gauge(
            "syncwatch_breakers",
            "Tenants by their circuit breaker: closed, open while a panel that fails is left alone, half_open while it is tried.",
            ("state",),
            registry=registry,
        )
        for state in State:
            self._breakers.labels(state.value)
        self._unreachable = Gauge(
            "syncwatch_unreachable_panels_ratio",
            "Share of the hosts polled within two intervals that could not be reached.",
            registry=registry,
        )
        self._offline = Gauge(
            "syncwatch_offline",
            "1 while so many hosts cannot be reached that it is our own network that is down.",
            registry=registry,
        )
        self._unknown = counter(
            "syncwatch_unknown_values_total",
            "Values read that the panel profile does not know, by table and field.",
            ("field",),
        )
        self._refused = counter(
            "syncwatch_refused_rows_total",
            "Rows read that do not fit the panel profile, by table.",
            ("table",),
        )
        self._rules = counter(
            "syncwatch_rule_matches_total", "Newly seen texts, by the rule that matched.", ("rule",)
        )
        self.know(classes)

    def know(self, classes: Iterable[str]) -> None:
        """Make the series of these classes exist."""
        for class_ in classes:
            self._failures.labels(class_)
            self._issues.labels(class_)

    def starts(self, delay: float) -> None:
        """A poll starts, `delay` seconds after it was due."""
        self._in_flight.inc()
        self._delay.observe(max(0.0, delay))

    def ends(self) -> None:
        """A poll is no longer in flight."""
        self._in_flight.dec()

    def skipped(self, polls: int) -> None:
        """So many polls were left out."""
        self._skipped.inc(polls)

    def breaker(self, before: State | None, after: State | None) -> None:
        """A tenant's breaker changes; None where there is no tenant."""
        if before is after:
            return
        if before is not None:
            self._breakers.labels(before.value).dec()
        if after is not None:
            self._breakers.labels(after.value).inc()

    def reachability(self, now: Reachability) -> None:
        """How many panels can be reached."""
        self._unreachable.set(now.ratio)
        self._offline.set(now.offline)

    def record(self, result: Result, now: float) -> None:
        """Count what a poll came to; events only once they are committed."""
        self._last.set(now)
        self._seconds.observe(result.duration)
        if result.figures.waited:
            self._waits.observe(result.figures.waited)
        for (endpoint, code), count in result.figures.requests.items():
            self._requests.labels(endpoint, code).inc(count)
        for field, count in result.figures.unknown_values.items():
            self._unknown.labels(field).inc(count)
        for table, count in result.figures.refused_rows.items():
            self._refused.labels(table).inc(count)
        self._record(result.counted)

    def _record(self, tally: Tally) -> None:
        for class_, count in tally.failures.items():
            self._failures.labels(class_).inc(count)
        for class_, count in tally.issues.items():
            self._issues.labels(class_).inc(count)
        for rule, count in tally.rules.items():
            self._rules.labels(rule).inc(count)
        for seconds, count in tally.durations.items():
            for _ in range(count):
                self._durations.observe(seconds)
