"""A tenant's circuit breaker: how long a panel that does not answer is left alone. A frozen value; no time passes here.

Closed while its lists can be read. Open after a few polls in a row that found none, for a pause that grows; then half open
for one poll, the probe, which ends with its first list if that fails. Pauses grow from the second failure on already: a
panel that restarts is asked again at its next regular instant, and one that is ill is not asked as if nothing were.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from syncwatch.errors import Reason
from syncwatch.polling.schedule import JITTER, LONGEST_PAUSE

OPENS_AFTER = 3  # polls in a row without lists: one may be a restart, two a bad minute
_AT_ONCE = frozenset({Reason.AUTH})  # a refusal that no repetition mends: opens it, for the longest pause
_NO_GRACE = frozenset({Reason.AUTH, Reason.RATE_LIMITED})  # paused for from the first one on


class State(StrEnum):
    """Of a breaker; the values of the label `state`."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """See the module.

    Attributes:
        state: what it lets pass.
        failures: polls in a row that found no lists.
        reason: why the newest one of them found none; None if the newest poll found some.
    """

    state: State = State.CLOSED
    failures: int = 0
    reason: Reason | None = None

    def probing(self) -> "Breaker":
        """As a poll begins."""
        return self if self.state is State.CLOSED else replace(self, state=State.HALF_OPEN)

    def after(self, reason: Reason | None) -> "Breaker":
        """After a poll that found no lists, for this reason, or that found some."""
        if reason is None:
            return CLOSED
        failures = self.failures + 1
        opens = failures >= OPENS_AFTER or reason in _AT_ONCE or self.state is not State.CLOSED
        return Breaker(State.OPEN if opens else State.CLOSED, failures, reason)

    def excused(self, reason: Reason) -> "Breaker":
        """After a poll that found no lists, which is not the panel's fault."""
        state = State.CLOSED if self.state is State.CLOSED else State.OPEN
        return Breaker(state, self.failures, reason)

    def pause(self, interval: float, chance: float) -> float | None:
        """Seconds to leave the panel alone for; None to ask it at its next regular instant.

        Args:
            interval: seconds between two polls of the tenant.
            chance: in [0, 1).
        """
        if not self.failures or (self.failures == 1 and self.reason not in _NO_GRACE):
            return None
        longest = max(interval, LONGEST_PAUSE)
        doubled = longest if self.reason in _AT_ONCE else interval * 2.0 ** min(self.failures - 1, 32)
        return min(doubled, longest) * (1 + JITTER * chance)


CLOSED = Breaker()
