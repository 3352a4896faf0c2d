"""The figures of discovery: whether each source answers, what it has, and what of that does not count."""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge


class DiscoveryMeters:
    """Figures of sources of targets on `registry`, by their names in the configuration."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, help_: str) -> Gauge:
            return Gauge(name, help_, ("source",), registry=registry)

        self._sources: frozenset[str] = frozenset()
        self._failures = Counter(
            "syncwatch_discovery_failures_total",
            "Looks at a source of targets that failed, in whole or for one of its files; its last good targets stay.",
            ("source",),
            registry=registry,
        )
        self._success = gauge(
            "syncwatch_discovery_last_success_timestamp_seconds",
            "When a source of targets was last read without a failure.",
        )
        self._targets = gauge(
            "syncwatch_discovery_targets",
            "Targets that a source has, without those of an answer that is held.",
        )
        self._held = gauge(
            "syncwatch_discovery_held",
            "Whether an answer is held because it drops more than half of the source's tenants.",
        )
        self._rejected = gauge(
            "syncwatch_discovery_rejected_targets",
            "Targets of a source that are left out because something is wrong with them; the log says what.",
        )

    def keep(self, sources: Collection[str]) -> None:
        """There are exactly these sources; their failures are there from the start."""
        for gone in self._sources - frozenset(sources):
            for meter in (self._failures, self._success, self._targets, self._held, self._rejected):
                meter.remove(gone)
        for source in sources:
            self._failures.labels(source)
        self._sources = frozenset(sources)

    def failed(self, source: str) -> None:
        """A look failed, in whole or in part."""
        self._failures.labels(source).inc()

    def succeeded(self, source: str, now: float) -> None:
        """A look found all well, at this Unix time."""
        self._success.labels(source).set(now)

    def show(self, source: str, *, targets: int, held: bool, rejected: int) -> None:
        """How many targets count, whether an answer is held, and how many targets are left out."""
        self._targets.labels(source).set(targets)
        self._held.labels(source).set(held)
        self._rejected.labels(source).set(rejected)
