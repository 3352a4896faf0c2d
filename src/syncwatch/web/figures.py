"""The door's own figures, with closed labels: what was answered, what is open, and what was refused and why."""

from collections.abc import Callable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

OTHER = "other"  # a path that is none of ours


class Refused(StrEnum):
    """Why a connection or a request was refused; the values of the label `reason`."""

    CONNECTIONS = "connections"  # as many as may be are open
    DESCRIPTORS = "descriptors"  # the process has no file descriptor left
    HANDSHAKE = "handshake"  # no TLS, none in time, or no certificate that can be verified
    CERTIFICATE = "certificate"  # one with none of the names that are let in
    TRUST = "trust"  # made before the file said otherwise
    SLOW_REQUEST = "slow_request"
    SLOW_READER = "slow_reader"
    LARGE_REQUEST = "large_request"
    BAD_REQUEST = "bad_request"  # no HTTP
    RATE = "rate"  # `rate_limit` of the file
    FAILURES = "failures"  # too many failed logins from there
    LOGINS = "logins"  # as many passwords as may be wait to be checked
    PAGES = "pages"  # as many pages as may be are being sent
    FOREIGN = "foreign"  # a browser sent it for another site


class Figures:
    """Counts, on `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "syncwatch_http_requests", "Requests answered.", ("route", "code"), registry=registry
        )
        self._connections = Gauge(
            "syncwatch_http_connections", "Connections that are open.", registry=registry
        )
        self._refused = Counter(
            "syncwatch_http_refused",
            "Connections and requests refused or cut, other than for a missing right.",
            ("reason",),
            registry=registry,
        )
        for reason in Refused:
            self._refused.labels(reason.value)

    def answered(self, route: str, code: int) -> None:
        """A request was answered."""
        self._requests.labels(route, str(code)).inc()

    def refused(self, reason: Refused) -> None:
        """A connection or a request was refused."""
        self._refused.labels(reason.value).inc()

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Ask `count` at each scrape how many connections are open."""
        self._connections.set_function(count)
