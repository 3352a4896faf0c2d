"""The journal's figures: whether it keeps up, why not, how long it takes and how large it is."""

from collections.abc import Callable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from syncwatch.state.store.engine import Kind

OPERATIONS = ("load", "commit")  # there from the start, so that their first failure is a rise
WRITE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class JournalMeters:
    """Figures of the journal on `registry`: what the durable journal tells, and is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Gauge(
            "syncwatch_journal_lag_seconds",
            "For how long the oldest event waits to be written, or a tenant to be read; 0 while the journal keeps up.",
            registry=registry,
        )
        self._failures = Counter(
            "syncwatch_journal_failures_total",
            "Calls of the journal that failed, by operation and kind of failure.",
            ("operation", "kind"),
            registry=registry,
        )
        for operation, kind in product(OPERATIONS, Kind):
            self._failures.labels(operation, kind)
        self._refusals = Counter(
            "syncwatch_journal_refusals_total",
            "Changes refused because somebody else had written the tenant: its memory is read again.",
            registry=registry,
        )
        self._seconds = Histogram(
            "syncwatch_journal_write_seconds",
            "How long it took to write the changes of one or several tenants in one transaction.",
            buckets=WRITE_SECONDS,
            registry=registry,
        )
        self._bytes = Gauge(
            "syncwatch_journal_bytes",
            "What the journal takes on disk, with its log; of PostgreSQL its tables.",
            registry=registry,
        )

    def ask(self, lag: Callable[[], float]) -> None:
        """Ask `lag` at each scrape for how many seconds the oldest event has been waiting."""
        self._lag.set_function(lag)

    def wrote(self, seconds: float) -> None:
        """A transaction with changes was written."""
        self._seconds.observe(seconds)

    def failed(self, operation: str, kind: str) -> None:
        """A call failed."""
        self._failures.labels(operation, kind).inc()

    def refused(self) -> None:
        """A change was refused."""
        self._refusals.inc()

    def size(self, bytes_: int | None) -> None:
        """How large it is; what nobody can say now stays what it was."""
        if bytes_ is not None:
            self._bytes.set(bytes_)
