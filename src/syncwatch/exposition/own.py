"""The daemon's figures about itself that belong to no stage: what runs, with which files, and how smoothly."""

import platform
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0)


def new_registry() -> CollectorRegistry:
    """A registry with the standard process figures, and without a `_created` series for every counter."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class OwnMeters:
    """Build, configuration, rules and event loop, on `registry`."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        def gauge(name: str, help_: str, *labels: str) -> Gauge:
            return Gauge(name, help_, labels, registry=registry)

        self._version = version
        self._build = gauge(
            "syncwatch_build_info",
            "Always 1; what runs, and where people look at it: this daemon's pages and Grafana, empty where not configured.",
            "version",
            "python",
            "external_url",
            "grafana_url",
        )
        self._reached("", "")
        self._successful = gauge(
            "syncwatch_config_last_reload_successful", "Whether the last load of the configuration succeeded."
        )
        self._loaded = gauge(
            "syncwatch_config_last_reload_success_timestamp_seconds",
            "When the configuration that is in use was loaded.",
        )
        self._hash = gauge(
            "syncwatch_config_hash", "First 48 bits of the digest of the configuration in use, as a number."
        )
        self._ruleset = gauge("syncwatch_ruleset_info", "Always 1; the rule set in use.", "sha256")
        self._rules = gauge("syncwatch_rules", "Rules in use.")
        self._tenants = gauge("syncwatch_tenants", "Tenants watched.")
        self._templates = gauge(
            "syncwatch_unclassified_templates",
            "Different masked texts that no rule knows, of down users and open issues as each tenant was last read.",
        )
        self._lag = Histogram(
            "syncwatch_event_loop_lag_seconds",
            "How much longer than asked a short sleep took.",
            buckets=LAG_SECONDS,
            registry=registry,
        )

    def loaded(
        self, *, digest: str, rules_digest: str, rules: int, now: float, external_url: str, grafana_url: str
    ) -> None:
        """A configuration came into use."""
        self._reached(external_url, grafana_url)
        self._successful.set(1)
        self._loaded.set(now)
        self._hash.set(int(digest[:12], 16))
        self._ruleset.clear()
        self._ruleset.labels(rules_digest).set(1)
        self._rules.set(rules)

    def watched(self, tenants: int) -> None:
        """So many tenants are watched."""
        self._tenants.set(tenants)

    def refused(self) -> None:
        """A configuration was refused; the one before stays in use."""
        self._successful.set(0)

    def _reached(self, external_url: str, grafana_url: str) -> None:
        self._build.clear()
        self._build.labels(self._version, platform.python_version(), external_url, grafana_url).set(1)

    def count_templates(self, present: Callable[[], int]) -> None:
        """Ask `present` at each scrape how many different templates there are now."""
        self._templates.set_function(present)

    def lag(self, seconds: float) -> None:
        """The event loop was late by so much."""
        self._lag.observe(seconds)
