"""The door as it is now: who is known, how often somebody may come, and what it is served with.

`apply` swaps all of that at once. Passwords that were found to be right stay so for users whose hash has not changed, and
failures of addresses count on, or a reload would let everybody try again.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext

from prometheus_client import CollectorRegistry

from syncwatch.clock import Clock
from syncwatch.web import headers, passwords
from syncwatch.web.access import Trust, WebConfig
from syncwatch.web.figures import Figures
from syncwatch.web.identity import Identity
from syncwatch.web.passwords import Passwords
from syncwatch.web.rates import Bucket, Failures


class Door:
    """See the module; open to everybody until something is applied.

    Args:
        clock: what time it is.
        registry: for the door's own figures.

    Attributes:
        clock: the same.
        figures: what is counted.
        failures: what is left to each address of its failures.
        identity: tells who callers are.
    """

    def __init__(self, clock: Clock, registry: CollectorRegistry) -> None:
        self.clock = clock
        self.figures = Figures(registry)
        self.failures = Failures()
        self._threads = ThreadPoolExecutor(passwords.AT_ONCE, thread_name_prefix="bcrypt")
        self._passwords = Passwords({}, self._threads)
        self._use(None)

    def apply(self, config: WebConfig | None) -> None:
        """Let in by `config` from now on; None for everybody. Nothing happens if it is the one that is in use."""
        if config != self.identity.config:
            self._use(config)

    @property
    def trust(self) -> Trust:
        """By what new connections are believed."""
        return self.identity.config.trust if self.identity.config else Trust()

    @property
    def tls(self) -> SSLContext | None:
        """What new connections are served with; None for plain HTTP."""
        return self.identity.config.tls if self.identity.config else None

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer carries."""
        ours = headers.WITH_TLS if self.tls else headers.ALWAYS
        return {**ours, **(self.identity.config.headers if self.identity.config else {})}

    def wait(self) -> float:
        """Count a request; gives 0, or the seconds until there may be one."""
        return self._rate.take(self.clock.monotonic()) if self._rate else 0.0

    def close(self) -> None:
        """Check no more passwords."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _use(self, config: WebConfig | None) -> None:
        self._passwords = self._passwords.renewed(config.passwords if config else {})
        self.identity = Identity(config, self._passwords)
        rate = config.rate if config else None
        self._rate = Bucket(rate.burst, rate.interval) if rate else None
