"""Whether they are down or we are: of the hosts polled lately, the share that could not be reached.

Thousands of firms do not lose their panels within one interval; when it looks so, it is our own network, and no panel
is to be held responsible. A host that answers anything, an error too, is reached. What came of a host is believed for
two intervals; of several tenants behind one host the newest poll speaks.
"""

import heapq
from dataclasses import dataclass
from typing import NamedTuple

from syncwatch.errors import Reason
from syncwatch.polling.poll import Result

UNREACHABLE = frozenset({Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT})
FEWEST = 5  # hosts: a few firms may well be down at once
BEGINS = (
    0.8  # share of them: a vendor's data center that is down leaves the others, ours leaves only what is near
)
ENDS = 0.5  # share of them: far enough below that a network that comes and goes is one trouble


class Reachability(NamedTuple):
    """How many hosts were polled lately, how many of them could not be reached, and what that means."""

    hosts: int = 0
    unreachable: int = 0
    offline: bool = False

    @property
    def ratio(self) -> float:
        """Share of the hosts that could not be reached."""
        return self.unreachable / self.hosts if self.hosts else 0.0


REACHABLE = Reachability()


@dataclass(frozen=True, slots=True)
class _Seen:
    reached: bool
    until: float


class Uplink:
    """Our own way to the panels; remembers of each host what came of it last."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._ends: list[tuple[float, str]] = []  # a heap with one entry of each host, which may be too early
        self._unreachable = 0
        self._offline = False

    @property
    def now(self) -> Reachability:
        """As it is after the newest poll."""
        return Reachability(len(self._seen), self._unreachable, self._offline)

    def note(self, host: str, now: float, until: float, *, reached: bool) -> None:
        """What came of a poll, to be believed until then; both in monotonic seconds."""
        if before := self._seen.get(host):
            self._unreachable -= not before.reached
        else:
            heapq.heappush(self._ends, (until, host))
        self._seen[host] = _Seen(reached, until)
        self._unreachable += not reached
        self._forget(now)
        share = self.now.ratio
        enough = share > ENDS if self._offline else share >= BEGINS
        self._offline = enough and len(self._seen) >= FEWEST

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            host = self._ends[0][1]
            seen = self._seen[host]
            if seen.until > now:
                heapq.heapreplace(self._ends, (seen.until, host))
                continue
            heapq.heappop(self._ends)
            del self._seen[host]
            self._unreachable -= not seen.reached


def reached(result: Result) -> bool | None:
    """Whether a poll reached its host; None if it does not tell."""
    if any(code.isdecimal() for _, code in result.figures.requests):
        return True
    return False if result.error is not None and result.error.reason in UNREACHABLE else None
