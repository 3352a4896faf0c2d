"""How many connections may be open at once: the process's limit of file descriptors, shared out before any is opened.

Without shares a thousand slow clients could take what polling needs, and an exhausted process fails in strange places,
name resolution first. What is kept back is for the journal, files that are read, and name resolution.
"""

import resource
from typing import NamedTuple

KEPT_BACK = 64
ENOUGH = 65_536  # more is never asked for
DOOR = 512  # connections of clients at most
DOOR_SHARE = 4  # a quarter of what is not kept back, if that is less
LEAST = 128  # with fewer nothing can be promised


class Shares(NamedTuple):
    """Connections at once: to panels, and of clients. `wanted` is how many to panels there would be."""

    panels: int
    door: int
    wanted: int

    @property
    def scarce(self) -> bool:
        """Whether polling has to make do with fewer than it would use."""
        return self.panels < self.wanted


def shares(wanted: int) -> Shares:
    """Raise this process's limit as far as it may, and share it out.

    Args:
        wanted: connections to panels at once.

    Raises:
        ValueError: there are too few to work with.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if limit > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return shared(limit if soft == resource.RLIM_INFINITY else max(soft, limit), wanted)


def shared(limit: int, wanted: int) -> Shares:
    """What a limit comes to; see `shares`."""
    if limit < LEAST:
        raise ValueError(f"only {limit} file descriptors are allowed: {LEAST} are the least (ulimit -n)")
    free = limit - KEPT_BACK
    door = min(DOOR, free // DOOR_SHARE)
    return Shares(min(wanted, free - door), door, wanted)
