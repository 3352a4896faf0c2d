"""Since when the journal is away, and when it is worth another try.

It is told once when it goes and once when it is back, however many calls fail in between. A full or read-only disk can
still be read, so what began with a write, or came to one, ends with a write only.
"""

from math import inf

import structlog

from syncwatch.clock import Clock
from syncwatch.state.store.engine import Kind

SHORTEST, LONGEST = 1.0, 30.0  # seconds between two tries

log = structlog.get_logger(__name__)


class Outage:
    """Begins with a failure, lasts until a call goes well, and says in between whether to try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._unwritten = False
        self._readable = True
        self._pause = 0.0
        self._until = 0.0

    def rests(self) -> bool:
        """Whether it is too early for another try."""
        return self._clock.monotonic() < self._until

    def risks(self, *, writing: bool) -> bool:
        """Whether the next call is one that nobody else should have to wait for."""
        return self._since is not None and (writing or not self._readable)

    def goes_on(self, kind: Kind, *, writing: bool) -> None:
        """A call failed: pause, twice as long as the last time."""
        now = self._clock.monotonic()
        self._unwritten = self._unwritten or writing
        self._readable = False
        if self._since is None:
            self._since = now
            log.warning("journal_away", kind=kind.value)
        self._pause = min(max(SHORTEST, 2 * self._pause), LONGEST)
        self._until = now + self._pause * (0.75 + self._clock.random() / 2)

    def stays(self, reason: str) -> None:
        """Only a person can end it."""
        self._until = inf
        log.error("journal_refused", reason=reason)

    def ends(self, *, writing: bool) -> None:
        """A call went well; what could only be read is worth a try at writing."""
        self._until = 0.0
        self._readable = True
        if self._unwritten and not writing:
            return
        if self._since is not None:
            log.info("journal_back", seconds=round(self._clock.monotonic() - self._since, 1))
        self._since, self._unwritten, self._pause = None, False, 0.0
