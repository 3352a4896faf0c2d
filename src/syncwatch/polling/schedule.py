"""When a tenant is due: arithmetic only.

A tenant's polls lie on a grid of its interval, shifted by a hash of its id: the same after every restart, and
spread evenly over the fleet without anybody keeping order. The grid is one of the wall clock, which may jump: whatever it says,
the next regular instant is less than two intervals away. An instant at which time alone changes a state is not waited past.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_SPREAD = 30.0  # seconds over which the first polls are spread, or two intervals if that is shorter
LONGEST_PAUSE = 900.0  # seconds between two tries of a tenant that fails, unless its interval is longer
LONGEST_WAIT = 3600.0  # seconds that a panel may ask to be left alone for
JITTER = 0.1  # share of a pause that is left to chance
STEADY = 60.0  # seconds between two tries while we are offline, unless the interval is shorter
EARLY = (
    0.01  # share of the interval by which a regular instant may come too soon after a poll, and is left out
)
SOONEST = 0.1  # share of the interval that lies between two looks at the least ...
SOON_ENOUGH = 15.0  # ... and seconds that are enough


@dataclass(frozen=True, slots=True)
class Grid:
    """One tenant's regular instants.

    Attributes:
        interval: seconds between two of them.
        phase: the tenant's place in the interval, in [0, 1).
    """

    interval: float
    phase: float

    def first(self, now: float) -> float:
        """When to poll if all tenants are to be polled soon, at first or after a long silence; of either clock."""
        return now + self.phase * min(2 * self.interval, FIRST_SPREAD)

    def after(self, now: float) -> float:
        """The first regular instant after `now`."""
        shift = self.phase * self.interval
        return ((now - shift) // self.interval + 1) * self.interval + shift

    def following(self, planned: float, now: float) -> float:
        """The regular instant after a poll that was `planned`, which may have begun a little early by a clock that is set.

        If the clock was set back further, the plan is void: nobody waits until it is that time again.
        """
        begun = max(now, min(planned, now + self.interval / 2))
        return self.after(begun + EARLY * self.interval)

    def missed(self, due: float, now: float) -> int:
        """How many regular instants passed between `due` and `now` without a poll; of either clock."""
        return max(0, int((now - due) // self.interval))

    def steady(self, chance: float) -> float:
        """Seconds between two tries while nobody can be reached; `chance` is in [0, 1)."""
        return min(self.interval, STEADY) * (1 + JITTER * chance)

    def not_past(self, due: float, until: float, now: float) -> float:
        """`due`, or earlier if a state changes by time alone at `until`."""
        return min(due, max(until, now + min(SOONEST * self.interval, SOON_ENOUGH)))


def grid(tenant: str, interval: float) -> Grid:
    """The grid of a tenant."""
    digest = hashlib.blake2b(tenant.encode(), digest_size=8).digest()
    return Grid(interval, int.from_bytes(digest) / 2**64)


def longest_silence(intervals: Iterable[float], timeout: float) -> float:
    """Seconds for which no poll may end although polling goes on, every panel failing or asking to be left alone."""
    return (1 + JITTER) * max(LONGEST_WAIT, LONGEST_PAUSE, *intervals) + 2 * timeout
